"""What makes a window work without a server: the outbox, the cache, and the engine that keeps both in step."""
