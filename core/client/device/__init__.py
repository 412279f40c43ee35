"""The device: its identity, sealed secrets, and trust in the server."""
