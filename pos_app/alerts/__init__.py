"""Alerts: new orders, sounds, and toasts."""
