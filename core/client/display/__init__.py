"""A status display's way to the backend, and the tickets it shows."""
