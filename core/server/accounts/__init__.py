"""Accounts: sign-in and sessions, their administration, and throttling of guesses."""
