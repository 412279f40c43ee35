"""The device: its identity and pairing, staff sign-in and unlocking at a till, and recovery of its file."""
