"""What was sold and given back: a page for admins."""
