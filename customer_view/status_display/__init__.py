"""The order status display: the numbers in preparation and ready, and their age."""
