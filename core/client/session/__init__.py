"""Sessions: tokens, their storage on disk, and unlocking a till."""
