"""The peer: the same orders, history and status updates as Orderbell's, on Django REST Framework."""
