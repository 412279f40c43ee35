"""Endpoints: the types of their table, the app that answers for one, its documents and its examples."""
