"""Several processes at a server's database: one of them does what only one has to, and a restore or a copy is alone."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.admin import setup
from core.protocol.health import BackupKind
from core.server import backups
from core.server.backups import Backups
from core.server.jobs import expiry
from core.server.push import retention
from core.server.settings import ServerSettings
from core.store import events, failed_attempts, shops
from core.store.engine.database import CannotOpen, Database, Duty
from core.store.engine.owner import AlreadyServed, Ownership
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.statements import Transaction
from tests.integration.store.test_several_processes import until_waiting
from tests.support import databases, postgres, shop

pytestmark = pytest.mark.postgresql_only("a file has one owner")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, at which nobody waits for long."""
    impatient = (*dialects.POSTGRESQL.writing, "SET lock_timeout = 100")
    impatient = tuple(sorted(impatient, key=lambda each: "advisory" in each))
    monkeypatch.setitem(
        dialects._BY_NAME, "postgresql", msgspec.structs.replace(dialects.POSTGRESQL, writing=impatient)
    )
    monkeypatch.setattr(dialects, "ALONE_WITHIN_MS", 100)
    return databases.url(tmp_path / "orderbell.db")


def _cut_off(path: Path) -> None:
    """Every backend's connections end, as when the server is started anew."""
    with postgres.server().connect() as connection:
        cut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(cut, [databases.name(path / "orderbell.db")])


def _alone(url: str) -> Ownership:
    return Ownership(url, alone=True)


def test_not_beside_a_backend_which_is_named(url: str) -> None:
    named = rf"in use by orderbell \S+ {os.getpid()} at 127\.0\.0\.1\.$"
    with closing(Database(url)), closing(Database(url)), pytest.raises(AlreadyServed, match=named), _alone(url):
        pass
    with _alone(url), pytest.raises(AlreadyServed), _alone(url):
        pass


def test_a_backend_does_not_begin_meanwhile(url: str) -> None:
    with _alone(url), pytest.raises(CannotOpen, match="it is being restored or copied"), closing(Database(url)):
        pass
    Database(url).close()


def test_one_that_was_cut_off_writes_nothing_until_it_is_over(url: str, tmp_path: Path) -> None:
    with closing(Database(url)) as database:
        _cut_off(tmp_path)
        with _alone(url):
            for _ in range(2):
                with pytest.raises(Unavailable):
                    database.write_blocking(shops.ids)
        assert database.write_blocking(shops.ids) == []


# -- duties


def _noted(done: list[str], name: str, _transaction: Transaction, **_wanted: Any) -> int:
    done.append(name)
    return 0


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    shop.lay_out(tmp_path / "orderbell.db")
    url = databases.url(tmp_path / "orderbell.db")
    with closing(Database(url)) as first, closing(Database(url)) as second:
        yield first, second


def test_a_duty_is_ones_until_it_ends(both: tuple[Database, Database], tmp_path: Path) -> None:
    def on_duty(duty: Duty = Duty.BACKUPS) -> list[bool]:
        async def ask() -> list[bool]:
            return [await each.takes_on(duty) for each in both]

        return asyncio.run(ask())

    assert [on_duty(), on_duty()] == [[True, False]] * 2
    assert [asyncio.run(each.takes_on(Duty.HOUSEKEEPING)) for each in reversed(both)] == [True, False], "one by one"
    _cut_off(tmp_path)
    assert [asyncio.run(each.takes_on(Duty.BACKUPS)) for each in reversed(both)] == [True, False], "who asks first"
    both[1].close()
    assert asyncio.run(both[0].takes_on(Duty.BACKUPS))


def test_one_that_was_closed_has_let_go(url: str) -> None:
    """At once: the server may take a moment to notice that a connection was closed."""
    with closing(Database(url)) as other:
        for _ in range(20):
            with closing(Database(url)) as closed:
                assert asyncio.run(closed.takes_on(Duty.BACKUPS))
                assert not asyncio.run(other.takes_on(Duty.BACKUPS))
            assert asyncio.run(other.takes_on(Duty.BACKUPS))
            other.write_blocking(_let_go)


def _let_go(transaction: Transaction) -> None:
    transaction.command(f"SELECT pg_advisory_unlock({dialects.DUTY_LOCKS + Duty.BACKUPS})")


def test_one_of_them_makes_the_backups_and_another_when_it_is_gone(
    both: tuple[Database, Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "_LOOK_S", 0.0)
    settings = ServerSettings(data_dir=str(tmp_path), backup_every_h=24)
    first, second = (Backups(database, settings, b"") for database in both)

    def look() -> list[BackupKind]:
        for each in (first, second):
            asyncio.run(each._when_due())
        return [made.kind for made in first.all()]

    assert look() == [BackupKind.SCHEDULED]
    assert (first.elsewhere, second.elsewhere, second.last) == (False, True, None)
    both[0].close()
    asyncio.run(second._when_due())
    assert (second.elsewhere, second.last) == (False, first.last), "it goes on from what is there"
    assert len(second.all()) == 1


def test_one_of_them_forgets(both: tuple[Database, Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetting: list[str] = []
    for module, step in ((expiry, failed_attempts), (retention, events)):
        monkeypatch.setattr(module, "PAUSE_S", 0.0)
        monkeypatch.setattr(step, "trim", partial(_noted, forgetting, module.__name__))
    settings = ServerSettings(data_dir=str(tmp_path))
    for database in both:
        services: Any = SimpleNamespace(database=database, settings=settings)
        asyncio.run(expiry.forget_expired(services))
        asyncio.run(retention.forget_old_events(services))
    assert forgetting == ["core.server.jobs.expiry", *["core.server.push.retention"] * 2]


# -- the first run


def test_of_two_that_begin_at_once_one_makes_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.url(tmp_path / "orderbell.db")
    insert = shops.insert

    def slowly(*what: Any) -> None:
        until_waiting(tmp_path / "orderbell.db")
        insert(*what)

    monkeypatch.setattr(shops, "insert", slowly)
    with closing(Database(url)) as first, closing(Database(url)) as second, ThreadPoolExecutor(2) as pool:
        said = list(pool.map(partial(setup.set_up, demo=True), (first, second)))
        assert sorted(map(bool, said)) == [False, True]
        assert len(first.read_blocking(shops.ids)) == 1
