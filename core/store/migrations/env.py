"""Alembic's way in: the connection comes from `core.store.migrate`, and so does its transaction."""

from alembic import context

from core.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
