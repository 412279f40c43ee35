"""The page of sales reports, for admins."""
