"""Alembic's environment: connection and transaction come from `core.store.migrate`."""

from alembic import context

from core.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
