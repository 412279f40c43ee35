"""Health: readiness, metrics, and the presence of devices."""
