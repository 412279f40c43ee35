"""The board over the counter: which numbers are being prepared, which are ready, and how fresh that is."""
