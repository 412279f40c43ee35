"""Being the only one at a database, for what nobody may be working with meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.admin.failed import Failed
from core.store.database import make_engine
from core.store.owner import AlreadyServed, Ownership

_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'orderbell' AND pid <> pg_backend_pid()"
)


@contextmanager
def alone(url: str, why: str) -> Iterator[None]:
    """A file is owned for the length of the block. A database on a server can only be looked at before: whoever starts
    a backend meanwhile is not kept from it. Raises `Failed`, which ends with `why`."""
    try:
        with Ownership(url):
            _look_for_others(url, why)
            yield
    except AlreadyServed as error:
        raise Failed(f"{error} {why}") from None


def _look_for_others(url: str, why: str) -> None:
    engine = make_engine(url)
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                if others := connection.execute(_OTHERS).scalar_one():
                    raise Failed(f"{others} connections of a backend are at the database. {why}")
    except SQLAlchemyError as error:
        raise Failed(f"The database does not answer: {error}") from None
    finally:
        engine.dispose()
