"""A window's own SQLite file: opened, held, and recovered when a disk has damaged it."""
