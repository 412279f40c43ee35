"""Orderbell's shared core: what an order is, how it is kept, served, fetched and shown."""
