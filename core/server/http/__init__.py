"""HTTP: connections, the origin of a request, problems and rate limits."""
