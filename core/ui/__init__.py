"""What both windows are made of: the only Qt inside core."""
