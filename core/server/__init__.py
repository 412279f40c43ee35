"""The HTTP backend: the table of endpoints, and their handlers."""
