"""Background jobs: backups, expiry, and partition upkeep."""
