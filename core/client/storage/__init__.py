"""A window's own SQLite file: opening, leases, and recovery from damage."""
