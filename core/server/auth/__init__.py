"""Authentication: accounts, tokens, keys, certificates, throttling, and the security log."""
