"""Card terminals: one interface, and its drivers."""
