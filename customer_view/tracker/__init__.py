"""One order: where it stands, what is in it, and what its customer can do."""
