"""The page of the roles' rights."""
