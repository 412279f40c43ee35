"""The client library of every window: API, sync, and the store of orders. Independent of Qt and the database."""
