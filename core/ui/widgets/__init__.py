"""Widgets that both windows share."""
