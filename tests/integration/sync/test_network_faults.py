"""The client's engine over a network that loses, delays, doubles and freezes; against the real backend."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, cast

import pytest
from typing_extensions import override

from core.client.errors import Unreachable
from core.client.http import api, push
from core.client.http.api import HttpApi
from core.client.sync.engine import ConnectionState
from core.domain.drawers import OpenDrawer
from core.domain.ids import DrawerSessionId, OpId, OrderId, uuid7
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.drawers import DrawerDetails, DrawerList
from core.protocol.feed import EventQuery
from core.protocol.replies import OrderDetails, OrderPage
from core.protocol.requests import CustomerQuery, HistoryQuery, OrderQuery
from core.protocol.route import Offline, Who
from core.protocol.routes import TABLE
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Choose, Fault, FaultProxy
from tests.support.server import ServerThread
from tests.support.steps import FIRST, way
from tests.support.synced import Screen

TIMEOUT_S = (1.0, 1.0)


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url, pause_s=0.02) as proxy:
        yield proxy


def _always(fault: Fault, method: str = "POST /api/pos/orders") -> Choose:
    return lambda line: fault if line.startswith(method) else Fault.NONE


def _version(screen: Screen, order_id: OrderId) -> int:
    row = screen.store.server_row(order_id)
    return row.version if row is not None else 0


def _orders(place: Place) -> int:
    count: int = place.rows("SELECT count(*) FROM orders")[0][0]
    return count


@pytest.mark.parametrize(
    "fault", [Fault.REFUSE, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.CUT_WITHIN, Fault.DELAY, Fault.DUPLICATE]
)
def test_each_order_arrives_once_whatever_the_network_does(
    place: Place, proxy: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    generator = random.Random(str(fault))
    before = _orders(place)
    proxy.choose = lambda line: fault if line.startswith("POST /api/pos") and generator.random() < 0.5 else Fault.NONE
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        pos.staff()
        pos.until_live()
        taken = [pos.take() for _ in range(5)]
        moved = [pos.move(order, FIRST) for order in taken]
        pos.until_sent()
        assert proxy.met[fault] > 0
        pos.until(
            lambda: all((row := pos.store.server_row(order.id)) is not None and row.version == 2 for order in moved)
        )
    assert _orders(place) == before + 5
    numbers = place.rows("SELECT number FROM orders")
    assert len(numbers) == len(set(numbers))
    assert {order.number for order in taken} <= {number for (number,) in numbers}, "a number is never changed"


def test_a_half_open_connection_is_found_out(
    place: Place, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SILENCE_S", 1.0)  # 35 s for everybody else
    with (
        Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos,
        Screen(place.server.url, tmp_path / "other.db") as ada,
    ):
        pos.staff()
        ada.customer()
        pos.until_live()
        proxy.freeze(frozen=True)
        missed = ada.place()
        pos.until(lambda: pos.store.server_row(missed.id) is not None)
        proxy.freeze(frozen=False)


def test_when_push_is_blocked_polling_still_brings_everything(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.choose = _always(Fault.CUT_BEFORE, "GET /api/events HTTP")
    with Screen(proxy.url, tmp_path / "pos.db") as pos, Screen(place.server.url, tmp_path / "ada.db") as ada:
        pos.staff()
        ada.customer()
        pos.until(lambda: pos.api.sync_status.state is ConnectionState.POLLING)
        placed = ada.place()
        ada.until_sent()
        pos.api.try_now()
        pos.until(lambda: pos.store.server_row(placed.id) is not None)
        assert ConnectionState.LIVE not in {sync_status.state for sync_status in pos.sync_statuses}


def test_a_till_opens_and_works_without_a_server(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        kim = pos.staff()
        pos.until_live()
        known = pos.take()
        pos.until_sent()
    proxy.choose = lambda _line: Fault.REFUSE
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        resumed = pos.api.resume()
        assert resumed is not None
        assert resumed.person == kim.person
        assert pos.store.server_row(known.id) is not None, "what was known is shown at once"
        order = pos.take()
        series, _, count = known.number.partition("-")
        assert order.number == f"{series}-{int(count) + 1:06d}"
        steps = way(OrderStatus.CONFIRMED, OrderStatus.READY)
        for step in steps:
            order = pos.move(order, step)
        pos.until(
            lambda: pos.api.sync_status.state is ConnectionState.OFFLINE and pos.api.sync_status.problem is not None
        )
        assert pos.api.sync_status.counts.waiting == 1 + len(steps)
        found = pos.api.call(routes.ORDERS(query=OrderQuery(q=order.number))).orders
        assert [each.id for each in found] == [order.id]
        assert pos.api.call(routes.DETAILS(order.id)).order.status is OrderStatus.READY
        with pytest.raises(Unreachable):
            pos.api.call(routes.ORDERS(query=OrderQuery(open=True)))
        proxy.choose = lambda _line: Fault.NONE
        pos.api.try_now()
        pos.until_sent()
        pos.until(lambda: (row := pos.store.server_row(order.id)) is not None and row.status is OrderStatus.READY)


def test_without_a_server_each_question_is_answered_as_the_table_says(
    place: Place, proxy: FaultProxy, tmp_path: Path
) -> None:
    people = (Who.STAFF, Who.CUSTOMER, Who.PERSON)
    asked = [each for each in TABLE if each.method == "GET" and each.who in people]
    assert {each.offline for each in asked} == {Offline.KEPT, Offline.UNREACHABLE}
    required = {routes.CUSTOMERS: CustomerQuery(q="Ada"), routes.EVENTS: EventQuery(cursor="a.1.b")}
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        pos.staff()
        pos.until_live()
        order = pos.take()
        session = DrawerSessionId(uuid7())
        pos.api.call(routes.OPEN_DRAWER(body=OpenDrawer(session=session, float_minor=0)))
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
        for route in asked:
            sought = session if "/drawers/" in route.path else order.id
            request = route(sought if route.parameter else "", query=required.get(route))
            if route.offline is Offline.KEPT:
                # As predicted, or as the server has made it, if its answer came before the cut.
                assert sought in _ids_in(pos.api.call(request)), route.id
            else:
                with pytest.raises(Unreachable):
                    pos.api.call(request)


def _ids_in(answer: Any) -> list[str]:
    """Of the orders, or the drawer's sessions."""
    if isinstance(answer, DrawerList | DrawerDetails):
        return [each.id for each in (answer.sessions if isinstance(answer, DrawerList) else (answer.session,))]
    if isinstance(answer, Order | OrderDetails):
        return [answer.id if isinstance(answer, Order) else answer.order.id]
    return [each.id for each in answer.orders] if isinstance(answer, OrderPage) else []


def test_signing_out_keeps_what_waits_for_the_same_person(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    with Screen(proxy.url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as view:
        view.customer()
        view.until_live()
        view.api.call(routes.MENU())
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
        waiting = view.place()
        view.sign_out()
        assert view.api.resume() is None
        proxy.choose = lambda _line: Fault.NONE
        view.customer(shop.GRACE)
        view.until_live()
        assert view.api.waiting_of_others == 1
        assert view.store.get(waiting.id) is None
        view.sign_out()
        view.customer()
        view.until(lambda: view.store.server_row(waiting.id) is not None)
        assert waiting.id in {order.id for order in view.api.call(routes.HISTORY(query=HistoryQuery())).orders}


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_ten_years_off_changes_only_ages(
    place: Place, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=TIMEOUT_S) as pos:
        pos.staff()
        pos.until_live()
        before = pos.take()
        pos.until_sent()

        class Wrong(datetime):
            @classmethod
            @override
            def now(cls, tz: tzinfo | None = None) -> "Wrong":
                return cast("Wrong", datetime.now(tz) + timedelta(days=365 * years))

        monkeypatch.setattr(api, "datetime", Wrong)
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
        moved = pos.move(before, FIRST)
        after = pos.take()
        pos.until(lambda: _newest(pos) == [after.id, before.id])
        proxy.choose = lambda _line: Fault.NONE
        pos.api.try_now()
        pos.until_sent()
        assert _newest(pos) == [after.id, before.id]
        pos.until(lambda: _version(pos, after.id) == 1 and _version(pos, moved.id) == 2)
        assert abs(pos.api.server_now() - datetime.now(UTC)) < timedelta(seconds=5), "ages are counted by the server's"
        assert int(after.number[-6:]) == int(before.number[-6:]) + 1
        sync = pos.api._signed_in.sync
        sync.housekeep()
        assert len(_operations(pos)) == 3, "what was acknowledged is not forgotten before its time"


def _newest(screen: Screen) -> list[OrderId]:
    return [order.id for order in screen.store][:2]


def _operations(screen: Screen) -> list[OpId]:
    with screen.api._store.reading() as db:
        return [op_id for (op_id,) in db.execute("SELECT op_id FROM operations")]


def test_an_answer_that_comes_byte_by_byte_is_an_answer(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.pause_s = 0.0002
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=(1.0, 20.0)) as pos:  # five hundred pauses on a busy machine
        pos.staff()
        pos.until_live()
        proxy.choose = _always(Fault.TRICKLE)
        taken = pos.take()
        pos.until_sent()
        assert proxy.met[Fault.TRICKLE] == 1
        assert _version(pos, taken.id) == 1


def test_an_answer_that_takes_for_ever_byte_by_byte_is_given_up(
    place: Place, proxy: FaultProxy, tmp_path: Path
) -> None:
    """No pause is too long, so only the whole can be: one sender would be busy with it for half a minute."""
    proxy.pause_s = 0.1
    with Screen(proxy.url, tmp_path / "pos.db") as pos:
        pos.staff()  # which is tried once, and takes a busy machine longer
    with Screen(proxy.url, tmp_path / "pos.db", timeout_s=(1.0, 0.3)) as pos:
        assert pos.api.resume() is not None
        pos.until_live()
        proxy.choose = _always(Fault.TRICKLE)
        taken = pos.take()
        pos.until(lambda: proxy.met[Fault.TRICKLE] > 1)
        proxy.choose = lambda _line: Fault.NONE
        pos.until_sent()
        assert _version(pos, taken.id) == 1


def test_so_is_one_that_begins_and_does_not_end(place: Place, proxy: FaultProxy) -> None:
    api = HttpApi(proxy.url, timeout_s=(1.0, 0.2))
    proxy.pause_s = 0.05
    proxy.choose = lambda _line: Fault.TRICKLE
    began = time.monotonic()
    with pytest.raises(Unreachable):
        api.call(routes.MENU())
    assert time.monotonic() - began < 10, "three tries of 0.6 s each"
    proxy.choose = lambda _line: Fault.NONE
    assert api.call(routes.MENU()).items()
    api.close()


def test_who_is_told_that_the_server_stops_is_back_as_soon_as_it_is(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "server" / "orderbell.db")
    with (
        ServerThread(tmp_path / "server") as first,
        FaultProxy(first.url) as proxy,
        Screen(proxy.url, tmp_path / "pos.db") as pos,
    ):
        pos.staff()
        pos.until_live()
        seen = len(pos.sync_statuses)
        first.stop()
        taken = pos.take()
        pos.until(lambda: pos.api.sync_status.state is not ConnectionState.LIVE)
        with ServerThread(tmp_path / "server", keys=first.keys) as second:
            proxy.upstream = second.url
            began = time.monotonic()
            pos.until_live()
            pos.until(lambda: _version(pos, taken.id) == 1)
            assert time.monotonic() - began < 10, "the wait after a failure or two"
            assert ConnectionState.SIGNED_OUT not in {sync_status.state for sync_status in pos.sync_statuses[seen:]}
