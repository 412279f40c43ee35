"""Access to the database: one writer, readers, ownership, and proof of its history."""
