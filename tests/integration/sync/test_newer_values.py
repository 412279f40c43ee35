"""A server of a newer release, whose orders and people are what this one has no word for: nothing stops for it."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.client.errors import Conflict
from core.client.http.api import SessionApi
from core.client.operations import State
from core.client.sync.engine import ConnectionState
from core.decoding import decode_reply
from core.domain.ids import OrderId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus
from core.instants import now, to_us
from core.protocol import routes
from core.protocol.events import Event, OrderPaymentChanged, OrderPlaced, OrderStatusChanged
from core.protocol.replies import Tokens
from core.protocol.requests import OrderQuery
from core.store import events, order_rows, orders
from core.store.sql.statements import Transaction
from core.wire_enum import WireEnum
from tests.integration.conftest import Place
from tests.integration.sync.test_newer_events import is_at
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.steps import FIRST, NEXT
from tests.support.synced import Screen


class NewerValues(dict[str, Any]):
    """What the server's rows say, read by a release that knows more."""

    def __init__(self, kind: type[WireEnum]) -> None:
        super().__init__({each.value: each for each in kind})
        self._kind = kind

    def __missing__(self, value: str) -> WireEnum:
        return self._kind.newer(value)


FIELDS = {
    "status": OrderStatus,
    "payment": PaymentState,
    "tender": Tender,
    "channel": Channel,
    "fulfilment": Fulfilment,
}
READ_BY = ("_STATUSES", "_PAYMENTS", "_TENDERS", "_CHANNELS", "_FULFILMENTS")


@pytest.fixture
def newer(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, kind in zip(READ_BY, FIELDS.values(), strict=True):
        monkeypatch.setattr(order_rows, name, NewerValues(kind))
    return place


def becomes(place: Place, told: dict[str, Any], field: str) -> None:
    """A newer server's order is something that this release has no word for."""
    order = msgspec.convert(told, Order)
    value: Any = FIELDS[field].newer("kept_warm")
    changed = msgspec.structs.replace(order, version=order.version + 1, updated_at=now(), **{field: value})
    common: Any = {
        "order_id": order.id,
        "customer_id": order.customer_id,
        "number": order.number,
        "version": changed.version,
        "at": changed.updated_at,
    }
    event: Event = OrderPlaced(order=changed)
    if field == "status":
        event = OrderStatusChanged(source=order.status, target=value, reason="", **common)
    elif field in ("payment", "tender"):
        event = OrderPaymentChanged(payment=changed.payment, tender=changed.tender, **common)

    def work(transaction: Transaction) -> None:
        assert orders.update_changed(transaction, changed, order.version)
        transaction.connection.exec_driver_sql(f"UPDATE orders SET {field} = 'kept_warm' WHERE id = '{order.id}'")
        events.append(transaction, place.world.shop, changed.customer_id, to_us(now()), event)

    place.server.database.write_blocking(work)


def has(screen: Screen, order_id: str, field: str) -> bool:
    row = screen.store.server_row(OrderId(order_id))
    return row is not None and getattr(row, field) == "kept_warm"


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_that_no_release_of_ours_has_stops_nobody(newer: Place, tmp_path: Path, field: str) -> None:
    """Pushed to who is there, pulled by who was away, and read with a snapshot by who comes new."""
    place, path = newer, tmp_path / "away.db"
    with Screen(place.server.url, path) as away:
        away.customer()
        away.until_live()
    with Screen(place.server.url, tmp_path / "pos.db") as pos, Screen(place.server.url, tmp_path / "ada.db") as ada:
        pos.staff()
        ada.customer()
        pos.until_live()
        ada.until_live()
        order = place.ada.place()
        seen = len(pos.sync_statuses)
        becomes(place, order, field)
        after = place.ada.place()
        for screen in (pos, ada):
            screen.until(partial(is_at, screen, after["id"], 1))
            assert has(screen, order["id"], field)
        assert {sync_status.state for sync_status in pos.sync_statuses[seen:]} <= {ConnectionState.LIVE}, (
            "nobody hung up"
        )
        taken = pos.take()
        pos.until_sent()
        assert pos.api.operations() == ()
        pos.move(pos.api.call(routes.DETAILS(OrderId(after["id"]))).order, NEXT)
        pos.until_sent()
        assert place.kim.get(f"/api/pos/orders/{after['id']}/").json()["order"]["status"] == NEXT
        assert taken.id in {row.id for row in pos.api.call(routes.ORDERS(query=OrderQuery(limit=500))).orders}
        if field in ("status", "fulfilment"):
            with pytest.raises(Conflict):
                pos.move(pos.api.call(routes.DETAILS(OrderId(order["id"]))).order, OrderStatus.PREPARING)
        assert has(pos, order["id"], field)
        assert pos.api.call(routes.DETAILS(OrderId(order["id"]))).order.version == 2
    with Screen(place.server.url, path) as away, Screen(place.server.url, tmp_path / "new.db") as new:
        away.api.resume()
        new.customer()
        for screen in (away, new):
            screen.until(partial(has, screen, order["id"], field))
            screen.until_live()


def test_a_change_that_meets_a_status_that_is_not_known_is_asked_about(newer: Place, tmp_path: Path) -> None:
    place = newer
    off = [False]
    with (
        FaultProxy(place.server.url, lambda _line: Fault.REFUSE if off[0] else Fault.NONE) as proxy,
        Screen(proxy.url, tmp_path / "pos.db") as pos,
    ):
        pos.staff()
        pos.until_live()
        order = place.ada.place()
        pos.until(partial(is_at, pos, order["id"], 1))
        off[0] = True
        proxy.cut()
        pos.move(pos.api.call(routes.DETAILS(OrderId(order["id"]))).order, NEXT)
        becomes(place, order, "status")
        off[0] = False
        pos.api.try_now()
        pos.until(lambda: any(each.state is State.CONFLICT for each in pos.api.operations()))
        [held] = pos.api.operations()
        assert held.theirs is not None
        assert (held.theirs.status, held.theirs.status.readable) == ("kept_warm", "Kept warm")
        pos.api.discard(held.op_id, "they know better")
        after = pos.take()
        pos.until_sent()
        assert place.kim.get(f"/api/pos/orders/{after.id}/").status_code == 200


def test_somebody_of_a_role_that_no_release_of_ours_has_works_at_a_till(
    newer: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a cashier, whatever more the server lets them do."""
    place, session = newer, SessionApi.__init__

    def newer_tokens(self: SessionApi, client: Any, tokens: Tokens, **more: Any) -> None:
        said = msgspec.to_builtins(tokens)
        said["person"]["role"] = "captain"
        session(self, client, decode_reply(msgspec.json.encode(said), Tokens), **more)

    monkeypatch.setattr(SessionApi, "__init__", newer_tokens)
    with Screen(place.server.url, tmp_path / "pos.db") as pos:
        pos.staff()
        pos.until_live()
        taken = pos.take()
        pos.move(taken, FIRST)
        pos.until_sent()
        assert pos.api.operations() == ()
        assert place.kim.get(f"/api/pos/orders/{taken.id}/").json()["order"]["status"] == FIRST
    with Screen(place.server.url, tmp_path / "pos.db") as again:
        assert again.api.resume() is not None
        again.until_live()
