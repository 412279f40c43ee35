"""Sync: the outbox, the cache, and the engine that synchronises both with the server."""
