"""Ordering: menu tiles, choices, the basket, and sending one order. Shared by both windows."""
