"""A window's own SQLite file: opening, leases, sealed values, and its tables of operations and the cache."""
