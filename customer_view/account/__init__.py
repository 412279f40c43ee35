"""Signing in, up and out."""
