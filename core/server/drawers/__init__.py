"""Drawer sessions of tills, and their reports."""
