"""Orderbell's shared core: domain, protocol, store, server, client, admin commands and UI parts."""
