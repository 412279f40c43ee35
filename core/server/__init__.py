"""The HTTP backend: one table of endpoints, and what each of them does."""
