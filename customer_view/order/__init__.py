"""The customer's Order page."""
