"""One order at the till: its details, and its actions."""
