"""The event feed: a shop's events, pushed to whoever may see them as soon as they are committed."""
