"""My orders: the list."""
