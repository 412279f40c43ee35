"""Choosing from the menu: tiles, choices, a basket, and one order on its way. Shared by both windows."""
