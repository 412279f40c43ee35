"""The Sync page: unsent operations, decisions, and the shop's devices."""
