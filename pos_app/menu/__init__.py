"""The menu page: availability, and editing by an admin."""
