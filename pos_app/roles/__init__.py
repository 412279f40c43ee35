"""What the roles of the staff may do."""
