"""`orderbell demo`: the whole shop on one machine, to play with or to watch."""
