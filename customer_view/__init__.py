"""The customer's window: their orders, the tracker, and a place to order; and the status display."""
