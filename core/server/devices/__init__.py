"""Devices: pairing, and the feed of status displays."""
