"""Which device this machine is, what it seals in its file, and which server it trusts."""
