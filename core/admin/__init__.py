"""The `orderbell` command line."""
