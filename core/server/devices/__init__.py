"""Devices: pairing, presence, and the feed of status displays."""
