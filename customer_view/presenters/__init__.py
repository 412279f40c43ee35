"""What the customer's window does, apart from how it looks: QtCore only."""
