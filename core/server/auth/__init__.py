"""Authentication: keys, tokens, passwords, certificates, who operates the backend, and the security log."""
