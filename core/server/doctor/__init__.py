"""What `orderbell doctor` asks the backend: its diagnosis and the probe order."""
