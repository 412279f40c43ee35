"""A database server that is lost with what it had committed, and another that goes on without it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from core.client.sync import engine
from core.domain.ids import ShopId
from core.domain.numbers import AHEAD
from core.domain.order import Order, order_number
from core.domain.status import OrderStatus
from core.protocol.replies import Tokens
from core.server.auth import keys
from core.server.settings import ServerSettings
from core.server.setup import NewShop, create_shop
from core.store import shops
from core.store.engine.database import CannotOpen, Database
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.support import shop
from tests.support.postgres import Pair
from tests.support.server import ServerThread
from tests.support.synced import Screen, WithPin

pytestmark = [pytest.mark.slow, pytest.mark.postgresql_only("a file has no standby")]
DATABASE = "shop"


@pytest.fixture(scope="module")
def _servers() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@pytest.fixture
def pair(_servers: Pair) -> Iterator[Pair]:
    """The module's, whichever of them is the primary by now; and both are as new."""
    _servers.primary.create(DATABASE)
    yield _servers
    _servers.repair()


def _set_up(url: str) -> ShopId:
    with closing(Database(url)) as database:
        staff, customers = (shop.KIM, shop.ALEX), (shop.ADA, shop.GRACE)
        made = create_shop(
            database, NewShop(menu=shop.MENU, staff=staff, customers=customers, devices=("POS1", "POS2"))
        )
    return made.id


class Seeing(Screen):
    """Which asks of its orders as the test does."""

    sees_all = False

    @override
    def staff(self, who: WithPin | None = None, device: str = "POS1", of: ShopId | None = None) -> Tokens:
        self.sees_all = True
        return super().staff(who, device, of)

    @property
    def snapshots(self) -> int:
        """How many it has taken."""
        return sum(changed.whole for changed in self.told)

    def has_begun_anew(self, before: int) -> bool:
        return self.snapshots > before

    def has(self, order: Order) -> bool:
        """Whether it knows the order as the server has it."""
        return self.store.server_row(order.id) is not None

    def shows(self, order: Order) -> Order:
        row = self.store.server_row(order.id)
        assert row is not None
        return row


class House:
    """Backends on one database, and screens of theirs."""

    def __init__(self, directory: Path, url: str, stack: ExitStack, backends: int = 2) -> None:
        self.shop_id = _set_up(url)
        self._directory, self._stack = directory, stack
        settings = ServerSettings(port=0, data_dir=str(directory), database_url=url)
        self.keys = keys.make()
        self.backends = [
            stack.enter_context(ServerThread(directory, settings, keys=self.keys)) for _ in range(backends)
        ]
        self.screens: list[Seeing] = []

    def screen(self, backend: int = 0) -> Seeing:
        made = Seeing(self.backends[backend].url, self._directory / f"screen-{len(self.screens)}.db")
        self.screens.append(self._stack.enter_context(made))
        return made

    def epochs(self) -> set[str]:
        return {backend.database.read_blocking(self.epoch) for backend in self.backends}

    def epoch(self, transaction: Transaction) -> str:
        found = shops.get(transaction, self.shop_id)
        assert found is not None
        return found.epoch

    def numbers(self) -> dict[str, str]:
        """Of every order, by its id."""
        rows = self.backends[0].database.read_blocking(
            lambda transaction: transaction.connection.exec_driver_sql("SELECT id, number FROM orders").fetchall()
        )
        return {str(row[0]): str(row[1]) for row in rows}

    def until_all_show(self, orders: list[Order]) -> None:
        """Every screen is live, and has what the server has of these orders."""
        for screen in self.screens:
            screen.until_live()
            screen.until_sent()
        for screen in self.screens:
            for order in orders:
                if screen.sees_all or order.customer_id:
                    screen.until(partial(screen.has, order))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.1)


@pytest.fixture
def house(pair: Pair, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, pair.url(DATABASE), stack)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_what_the_lost_server_had_acknowledged_is_sent_again(pair: Pair, house: House, busy: bool) -> None:
    pos, ada, alex = house.screen(0), house.screen(0), house.screen(1)
    pos.staff()
    ada.customer()
    alex.staff(shop.ALEX, "POS2")
    kept = [ada.place(), pos.take()]
    house.until_all_show(kept)
    pair.standby.catch_up(pair.primary)
    pair.standby.follow(None)
    lost = [ada.place(), pos.take(), alex.take(), ada.place()]
    house.until_all_show(lost)
    alex.move(alex.shows(lost[0]), OrderStatus.CONFIRMED)
    house.until_all_show(lost)
    told = house.numbers()
    before, snapshots = house.epochs(), [screen.snapshots for screen in house.screens]
    pair.fail_over()
    if busy:  # the numbers of the lost events are used again, and passed, while screens have open sockets
        lost += [alex.take() for _ in range(12)]
    for screen, count in zip(house.screens, snapshots, strict=True):
        screen.until(partial(screen.has_begun_anew, count))
    house.until_all_show([*kept, *lost])
    alex.until(lambda: alex.shows(lost[0]).status is OrderStatus.CONFIRMED)
    numbers = house.numbers()
    assert set(numbers) == {order.id for order in (*kept, *lost)}
    assert {order_id: numbers[order_id] for order_id in told} == told, "every number that was told is kept"
    after = house.epochs()
    assert len(after) == 1, "one of the backends has begun it, once"
    assert after != before


def test_nothing_that_was_remembered_of_the_lost_server_counts(pair: Pair, house: House) -> None:
    """Menus by their version, sessions, orders by theirs: the same versions are given to others."""
    backend = house.backends[0]
    kim, ada = calls.staff(backend), calls.customer(backend)
    order = ada.place()
    pair.standby.catch_up(pair.primary)
    pair.standby.follow(None)
    before = ada.get("/api/menu/").json()["version"]
    available = "/api/pos/menu/{}/availability/"
    assert kim.post(available.format(shop.FRIES), {"available": False}, key=new_key()).status_code == 200
    grace = calls.customer(backend, shop.GRACE)
    for caller in (ada, grace):
        assert caller.get("/api/menu/").json()["version"] == before + 1
    assert kim.move(order, "confirmed").status_code == 200
    assert ada.get(f"/api/online/orders/{order['id']}/").json()["status"] == "confirmed"
    pair.fail_over()
    assert calls.answered(lambda: kim.move(order, "rejected", reason="Closed")).status_code == 200
    assert ada.get(f"/api/online/orders/{order['id']}/").json()["status"] == "rejected"
    assert grace.get("/api/menu/").status_code == 401, "this session was lost"
    assert kim.post(available.format(shop.SOLD_OUT), {"available": True}, key=new_key()).status_code == 200
    assert ada.get("/api/menu/").json()["version"] == before + 1
    assert ada.post("/api/online/orders/", order_body(), key=new_key()).status_code == 201, "there are fries"


def test_a_backend_that_knows_nothing_begins_anew_on_another_server(pair: Pair, house: House) -> None:
    """It was lost together with the database's server, and so was what it knew."""
    ada = calls.customer(house.backends[0])
    first = ada.place()
    before = house.epochs()
    for backend in house.backends:
        backend.stop()
    pair.standby.catch_up(pair.primary)
    pair.fail_over()
    with ServerThread(Path(house.backends[0].settings.data_dir), house.backends[0].settings, house.keys) as backend:
        again = Caller(backend.url, ada.signed_in)
        assert again.place()["number"] == order_number("ONLINE", number_of(first) + AHEAD + 1)
        assert {backend.database.read_blocking(house.epoch)}.isdisjoint(before)


def test_the_same_server_that_comes_back_keeps_its_epoch(pair: Pair, house: House) -> None:
    ada = calls.customer(house.backends[0])
    ada.place()
    before = house.epochs()
    pair.primary.stop()
    pair.primary.start()
    assert calls.answered(lambda: ada.post("/api/online/orders/", order_body(), key=new_key())).status_code == 201
    assert house.epochs() == before


def test_a_server_that_was_put_back_is_found_out_by_its_events(pair: Pair, house: House) -> None:
    """A snapshot of its disk: the timeline is the same."""
    adas = [calls.customer(backend) for backend in house.backends]
    adas[0].place()
    pair.primary.stop("fast")
    kept = pair.primary.keep()
    pair.primary.start()
    lost = calls.answered(lambda: adas[0].post("/api/online/orders/", order_body(), key=new_key())).json()
    before = house.epochs()
    pair.primary.stop("fast")
    pair.primary.put_back(kept)
    pair.primary.start()
    # The second does not know of what was lost, and uses its numbers again.
    assert calls.answered(lambda: adas[1].post("/api/online/orders/", order_body(), key=new_key())).status_code == 201
    after = calls.answered(lambda: adas[0].post("/api/online/orders/", order_body(), key=new_key())).json()
    assert number_of(after) > number_of(lost) + 1
    assert house.epochs().isdisjoint(before)


def test_a_reader_that_finds_the_new_server_takes_the_writer_with_it(pair: Pair, tmp_path: Path) -> None:
    """The old one still takes writes, where a network has come apart: whoever connects anew finds the new one first."""
    url = pair.url(DATABASE)
    with ExitStack() as stack:
        house = House(tmp_path, url.replace(pair.places, f"{pair.standby.place},{pair.primary.place}"), stack, 1)
        ada, before = calls.customer(house.backends[0]), house.epochs()
        pair.standby.catch_up(pair.primary)
        pair.standby.follow(None)
        pair.standby.promote()
        but_the_writer = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'orderbell %' "
            "AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
        )
        with pair.primary.connect() as connection:
            connection.execute(but_the_writer)
        assert calls.answered(lambda: ada.get("/api/online/orders/history/")).status_code == 200
        assert house.epochs().isdisjoint(before)
        order = ada.place()
        with pair.standby.connect(DATABASE) as connection:
            assert connection.execute("SELECT count(*) FROM orders WHERE id = %s", [order["id"]]).fetchone() == (1,)


def test_a_standby_alone_is_refused_in_a_sentence(pair: Pair) -> None:
    pair.standby.catch_up(pair.primary)
    with pytest.raises(CannotOpen, match="none of its servers is the primary"):
        Database(pair.standby.url(DATABASE))


def number_of(order: dict[str, Any]) -> int:
    return int(order["number"].rpartition("-")[2])
