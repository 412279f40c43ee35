"""Pairing, presence, and what a status display is told."""
