"""The backend over HTTP: calls, the adapter beneath them, and the push socket."""
