"""One order at the till: its details, and what can be done with it."""
