"""The HTTP backend: the handlers of the table of routes, and what they need."""
