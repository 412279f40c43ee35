"""What the customer sees and touches."""
