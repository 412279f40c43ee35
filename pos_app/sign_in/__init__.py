"""Signing in and out at the till."""
