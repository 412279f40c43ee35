"""The menu at the till: sold out, and changed by an admin."""
