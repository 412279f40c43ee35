"""Health: readiness, diagnosis, the probe order, and metrics."""
