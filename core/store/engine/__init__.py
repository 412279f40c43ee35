"""How the database is reached: one writer, readers, dialects, ownership, and proof of its history."""
