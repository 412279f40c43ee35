"""A kind of event that only a newer release knows: nobody stops for it, and nobody is wrong because of it."""

import re
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from core.client.sync.engine import ConnectionState
from core.domain.ids import CustomerId, OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.instants import now, to_us
from core.protocol import reading
from core.protocol.events import Event, UnknownEvent
from core.protocol.feed import EventPage, Frame, Frames, Heartbeat
from core.store import events, orders
from core.store.sql.statements import Transaction
from tests.integration.conftest import Place
from tests.integration.status_display.test_display_feed import Overhead, look
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.listener import hello
from tests.support.steps import NEXT, ONLINE
from tests.support.synced import Screen

NOT_HEARD_OF = "a kind that no release has"


class TableMoved(msgspec.Struct, frozen=True, tag=NOT_HEARD_OF, tag_field="kind"):
    """An order is another in a way that nobody has heard of."""

    order_id: OrderId | None = None
    more: str = "than this release can know"


def happens(place: Place, told: dict[str, Any] | None = None) -> None:
    """Something of that kind, to this order or to none."""
    order = msgspec.convert(told, Order) if told is not None else None

    def work(transaction: Transaction) -> None:
        if order is not None:
            changed = msgspec.structs.replace(order, reason="table 9", version=order.version + 1, updated_at=now())
            assert orders.update_changed(transaction, changed, order.version)
        customer: CustomerId | None = order.customer_id if order is not None else None
        event = cast("Event", TableMoved(order.id if order is not None else None))
        events.append(transaction, place.world.shop, customer, to_us(now()), event)

    place.server.database.write_blocking(work)


def caught_up(screen: Screen, changed: dict[str, Any], after: dict[str, Any]) -> bool:
    return is_at(screen, changed["id"], 2) and is_at(screen, after["id"], 1)


def is_at(screen: Screen, order_id: str, version: int) -> bool:
    row = screen.store.server_row(OrderId(order_id))
    return row is not None and row.version == version


def test_a_board_is_told_what_comes_after_it(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    order = place.kim.move(place.ada.place(), NEXT).json()
    with Overhead(place.server.url, hello(place.board.token, look(place.board).cursor)) as board:
        board.caught_up()
        happens(place)
        place.kim.move(order, ONLINE[1])
        assert [frame.event.ticket.number for frame in board.frames().frames] == [order["number"]]
    assert not re.search("background work failed", caplog.text)


def test_a_board_that_was_away_is_told_what_comes_after_it(place: Place) -> None:
    start = look(place.board).cursor
    happens(place)
    order = place.kim.bring(place.ada.place(), "preparing")
    with Overhead(place.server.url, hello(place.board.token, start)) as board:
        tickets = [frame.event.ticket for frame in board.frames().frames]
    steps = ONLINE[: ONLINE.index(OrderStatus.PREPARING) + 1]
    assert [(each.number, each.status) for each in tickets] == [(order["number"], step) for step in steps]


def test_a_till_and_a_customer_stay_live_and_ask_for_the_order_it_names(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "pos.db") as pos, Screen(place.server.url, tmp_path / "ada.db") as ada:
        pos.staff()
        ada.customer()
        pos.until_live()
        ada.until_live()
        order = place.ada.place()
        seen = len(pos.sync_statuses)
        happens(place)
        happens(place, order)
        after = place.ada.place()
        for screen in (pos, ada):
            screen.until(partial(caught_up, screen, order, after))
            row = screen.store.server_row(OrderId(order["id"]))
            assert row is not None
            assert row.reason == "table 9"
        assert {sync_status.state for sync_status in pos.sync_statuses[seen:]} <= {ConnectionState.LIVE}, (
            "nobody hung up"
        )


def test_who_was_away_gets_over_it_too(place: Place, tmp_path: Path) -> None:
    with (
        FaultProxy(place.server.url, lambda line: Fault.REFUSE if "/api/events HTTP" in line else Fault.NONE) as proxy,
        Screen(proxy.url, tmp_path / "pos.db") as pos,
    ):
        pos.staff()
        pos.until(lambda: pos.api.sync_status.state is ConnectionState.POLLING)
        order = place.ada.place()
        happens(place, order)
        happens(place)
        after = place.ada.place()
        pos.api.try_now()
        pos.until(partial(caught_up, pos, order, after))


@pytest.mark.parametrize("more", [{}, {"order_id": None}])
def test_what_is_understood_is_read_as_ever(more: dict[str, Any]) -> None:
    strange = {"kind": NOT_HEARD_OF, **more}
    said = {"kind": "frames", "frames": [{"seq": 7, "prev": 3, "event": strange}], "cursor": "e.7.x", "new": 1}
    frame = Frame(seq=7, prev=3, event=UnknownEvent())
    assert reading.message(msgspec.json.encode(said)) == Frames(frames=(frame,), cursor="e.7.x")
    page = {"frames": said["frames"], "cursor": "e.7.x", "more": True}
    assert reading.page(msgspec.json.encode(page)) == EventPage(frames=(frame,), cursor="e.7.x", more=True)
    beat = Heartbeat(head=7, cursor="e.7.x")
    assert reading.message(msgspec.json.encode(beat)) == beat


@pytest.mark.parametrize("text", [b"", b"[]", b'{"kind":"frames"}', b'{"frames":[{}],"cursor":"","more":false}'])
def test_what_is_no_message_is_none(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        reading.message(text)
    with pytest.raises(msgspec.DecodeError):
        reading.page(text)
