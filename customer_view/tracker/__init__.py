"""One order: its status, contents, and the customer's actions."""
