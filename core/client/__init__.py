"""What every window holds: the door to the backend, and the orders it has been told. Knows no Qt and no database."""
