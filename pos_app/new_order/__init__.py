"""Taking an order at the counter."""
