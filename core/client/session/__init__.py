"""One person's session: its tokens, what of it is kept on disk, and coming back to a locked till."""
