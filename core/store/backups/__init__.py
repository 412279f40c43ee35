"""Whole databases: backed up, restored, copied, and checked."""
