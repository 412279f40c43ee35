"""Whether the backend is well: readiness, diagnosis, the probe order, and metrics."""
