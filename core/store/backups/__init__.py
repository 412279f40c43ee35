"""Whole databases: back up, restore, copy, and check."""
