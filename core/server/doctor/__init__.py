"""The backend's part of `orderbell doctor`: its diagnosis and the probe order."""
