"""Sync: the outbox, its engine, and what keeps the cache as the server has it."""
