"""The database is put back while the shop works: found out on the next contact, and what was acknowledged is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from core.admin import backup as command
from core.client.sync import engine
from core.domain.commands import TakeOrder
from core.domain.held_baskets import HoldBasket, TakeBasket
from core.domain.ids import BasketId, OrderId, uuid7
from core.domain.status import OrderStatus
from core.protocol import routes
from core.server.backups import marks_of
from core.server.settings import ServerSettings
from core.store.backups import backup
from tests.support import databases, shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerProcess
from tests.support.steps import NEXT
from tests.support.synced import LINES, Screen

pytestmark = pytest.mark.slow

TIMEOUT_S = (1.0, 2.0)


class Restorable:
    """A backend as a process whose database can be kept and put back; `proxy.url` stays the same."""

    def __init__(self, directory: Path) -> None:
        self._place = directory / "server"
        shop.lay_out(self._place / "orderbell.db")
        self.server = ServerProcess(self._place).__enter__()
        self.proxy = FaultProxy(self.server.url)

    def keep(self) -> None:
        """As an admin does it."""
        assert command.main(["create", *self._where]) == 0

    def put_back(self) -> None:
        """Stop, restore, start."""
        self.stop()
        [made] = backup.listed(self._place / "backups")
        assert command.main(["restore", made.name, "--yes", *self._where]) == 0
        self._start()

    def stop(self) -> None:
        self.server.stop()

    def _start(self) -> None:
        self.server = ServerProcess(self._place).__enter__()
        self.proxy.upstream = self.server.url

    @property
    def _where(self) -> tuple[str, ...]:
        return "--data-dir", str(self._place), "--database-url", databases.url(self._place / "orderbell.db")


class Copied(Restorable):
    """It is killed, its files are copied by somebody who knows nothing of us, and its marks are gone: a server that
    has lived long enough to write one would notice by itself."""

    @override
    def keep(self) -> None:
        self._swap(self._place, self._place.with_name("kept"))

    @override
    def put_back(self) -> None:
        self._swap(self._place.with_name("kept"), self._place)

    def _swap(self, source: Path, target: Path) -> None:
        self.server.kill()
        for mark in marks_of(ServerSettings(data_dir=str(self._place), database_url=self._where[-1])):
            mark.unlink(missing_ok=True)
        target.mkdir(exist_ok=True)
        databases.copy(source / "orderbell.db", target / "orderbell.db")
        self._start()


@pytest.fixture(params=[Restorable, Copied], ids=["restored", "copied"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restorable]:
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.1)
    backend: Restorable = request.param(tmp_path)
    with backend.proxy:
        yield backend
    backend.stop()


def _has(screen: Screen, order_id: OrderId, status: OrderStatus) -> bool:
    row = screen.store.server_row(order_id)
    return row is not None and row.status is status


def test_everything_acknowledged_comes_back_once_and_nobody_is_signed_out(backend: Restorable, tmp_path: Path) -> None:
    url = backend.proxy.url
    with (
        Screen(url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos,
        Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada,
    ):
        pos.staff()
        ada.customer()
        pos.until_live()
        ada.until_live()
        early = ada.place()
        pos.until(lambda: pos.store.get(early.id) is not None)
        backend.keep()
        placed = ada.place()
        pos.until(lambda: pos.store.get(placed.id) is not None)
        seen = pos.store.get(placed.id)
        assert seen is not None
        pos.move(seen, NEXT)
        taken = pos.take()
        pos.until_sent()
        ada.until(lambda: _has(ada, placed.id, NEXT))
        told = len(pos.told), len(ada.told)
        backend.put_back()
        pos.until(lambda: any(changed.whole for changed in pos.told[told[0] :]))
        ada.until(lambda: any(changed.whole for changed in ada.told[told[1] :]))
        # The till's confirmation needs the customer's order, which only the customer's window can bring back.
        pos.until(lambda: _has(pos, placed.id, NEXT))
        ada.until(lambda: _has(ada, placed.id, NEXT))
        pos.until(lambda: _has(pos, taken.id, OrderStatus.CONFIRMED))
        pos.until_sent()
        ada.until_sent()
        row = pos.store.server_row(taken.id)
        assert row is not None
        assert (row.number, row.version) == (taken.number, 1)
        assert {order.id for order in ada.store} == {early.id, placed.id}


@pytest.mark.parametrize("backend", [Copied], indirect=True)
def test_it_is_found_out_by_who_has_written_to_it_since(backend: Restorable, tmp_path: Path) -> None:
    """The lost orders' numbers are outdone by others' before anybody looks: each run of the server has its witness."""
    url = backend.proxy.url
    with (
        Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada,
        Screen(url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos,
    ):
        ada.customer()
        ada.until_live()
        pos.staff()
        pos.until_live()
        backend.keep()
        ada.until_live()
        # From here on Ada's window may write, and hears nothing.
        backend.proxy.choose = lambda line: Fault.CUT_BEFORE if line.startswith("GET /api/events") else Fault.NONE
        backend.proxy.cut()
        lost = [ada.place() for _ in range(3)]
        ada.until_sent()
        assert len(ada.api._signed_in.cache.history_proofs()) == 1
        backend.put_back()
        for _ in range(10):
            pos.take()
        pos.until_sent()
        since = ada.place()  # refused until she has heard: it names a history that this server has not
        backend.proxy.choose = lambda _line: Fault.NONE
        ada.api.try_now()
        wanted = {order.id for order in (*lost, since)}
        pos.until(lambda: all(pos.store.server_row(order_id) is not None for order_id in wanted))
        ada.until_sent()


@pytest.mark.parametrize("backend", [Restorable], indirect=True)
def test_held_baskets_come_back_and_those_that_were_ordered_do_not(backend: Restorable, tmp_path: Path) -> None:
    def held(screen: Screen) -> list[str]:
        published = [changed.baskets for changed in screen.told if changed.baskets is not None]
        return [basket.label for basket in published[-1]] if published else []

    with Screen(backend.proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        pos.staff()
        pos.until_live()
        backend.keep()
        pos.until_live()
        ids = [BasketId(uuid7()) for _ in range(2)]
        for basket_id, label in zip(ids, ("stays", "ordered"), strict=True):
            pos.api.call(routes.HOLD_BASKET(body=HoldBasket(id=basket_id, label=label, lines=LINES)))
        pos.until_sent()
        pos.api.call(routes.TAKE_BASKET(ids[1], body=TakeBasket()))
        order = pos.api.call(routes.TAKE(body=TakeOrder(lines=LINES, basket=ids[1])))
        pos.until_sent()
        pos.until(lambda: held(pos) == ["stays"])
        backend.put_back()
        pos.until_live()
        pos.until_sent()
        pos.until(lambda: pos.store.server_row(order.id) is not None)
    with Screen(backend.proxy.url, tmp_path / "new.db", timeout_s=TIMEOUT_S) as fresh:
        fresh.staff()
        fresh.until_live()
        fresh.until(lambda: held(fresh) == ["stays"])
        assert fresh.store.server_row(order.id) is not None
