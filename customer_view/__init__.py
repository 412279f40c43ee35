"""The customer's window: their orders, where each one stands, and a place to order."""
