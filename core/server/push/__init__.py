"""The event feed: what happened in a shop, told to whoever may know it, as soon as it is committed."""
