"""Access to the database: one writer, readers, dialects, ownership, and proof of its history."""
