"""The backend over HTTP: sessions and their calls, trust in the server, the adapter beneath, and the push socket."""
