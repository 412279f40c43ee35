"""Work beside the requests: backups, expiry, and the months to come."""
