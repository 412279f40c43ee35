"""Shared helpers of tests: a fake backend, real servers and shops, windows, and their data."""
