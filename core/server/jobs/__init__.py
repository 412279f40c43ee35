"""Background jobs: expiry and partition upkeep."""
