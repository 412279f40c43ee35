"""Calling attention: new orders, sounds, and toasts."""
