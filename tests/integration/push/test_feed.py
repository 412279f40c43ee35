"""The feed as it is pulled: pages that follow a cursor, and the snapshot that one starts from."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.client.storage.cache import after, menu_after, order_id_of
from core.domain.ids import OrderId, uuid7
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.status import Fulfilment, steps_of
from core.protocol.events import (
    BasketChanged,
    DrawerChanged,
    Event,
    MenuChanged,
    OrderEvent,
    OrderPlaced,
    RolesChanged,
    UnknownEvent,
)
from core.protocol.feed import Cursor, EventPage, Frame, Snapshot
from core.store import events
from core.store.events import AFTER_FOR_CUSTOMER
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.listener import chained
from tests.support.server import ServerThread
from tests.support.steps import NEXT, ONLINE


def snapshot(caller: Caller) -> Snapshot:
    reply = caller.get("/api/snapshot/")
    assert reply.status_code == 200, reply.text
    return msgspec.json.decode(reply.content, type=Snapshot)


def page(caller: Caller, cursor: str, **more: Any) -> EventPage:
    reply = caller.get("/api/events/", params={"cursor": cursor, **more})
    assert reply.status_code == 200, reply.text
    return msgspec.json.decode(reply.content, type=EventPage)


def follow(caller: Caller, cursor: str, limit: int = 3) -> tuple[list[Frame], str]:
    """All pages from `cursor` on, and where they end."""
    frames: list[Frame] = []
    more = True
    while more:
        found = page(caller, cursor, limit=limit)
        frames += found.frames
        cursor, more = found.cursor, found.more
    return frames, cursor


def seq(cursor: str) -> int:
    return Cursor.parse(cursor).seq


def some_traffic(place: Place, rounds: int, seed: int) -> None:
    """Ada and Grace order, Kim takes orders for them and for walk-ins, and moves all of them somewhere."""
    chance = random.Random(seed)
    mine: list[dict[str, Any]] = []
    for _ in range(rounds):
        kind = chance.randrange(6)
        if kind < 2:
            mine.append((place.ada, place.grace)[kind].place())
        elif kind == 2:
            known = chance.choice([None, place.world.ada, place.world.grace])
            body = order_body(customer_id=known, payment="unpaid")
            mine.append(place.kim.post("/api/pos/orders/", body, key=new_key()).json())
        elif mine:
            order = mine.pop(chance.randrange(len(mine)))
            after = dict(itertools.pairwise(steps_of(Fulfilment.PICKUP)))
            to = "cancelled" if chance.random() < 0.2 else after[order["status"]]
            moved = place.kim.move(order, to, reason="seeded")
            assert moved.status_code == 200, moved.text
            if moved.json()["status"] not in ("cancelled", "completed"):
                mine.append(moved.json())


def test_a_snapshot_is_everything_up_to_its_cursor(place: Place) -> None:
    before = snapshot(place.ada)
    order = place.ada.place()
    now = snapshot(place.ada)
    assert now.orders[0].id == order["id"]
    assert now.total == before.total + 1
    assert seq(now.cursor) > seq(before.cursor)
    assert page(place.ada, now.cursor).frames == ()


def test_a_snapshot_for_staff_has_the_open_orders_and_those_closed_lately(place: Place) -> None:
    """Oldest first as they are worked on; then what was closed in the last 24 hours, whenever it was placed."""
    lasting, fresh, old = (place.ada.place() for _ in range(3))
    for order in (fresh, old):
        place.kim.move(order, "rejected", reason="sold out")
    place.server.database.write_blocking(
        lambda tx: tx.connection.exec_driver_sql(
            databases.placed("UPDATE orders SET updated_at = updated_at - 90000000000 WHERE id = ?"),
            (old["id"],),
        )
    )
    orders = snapshot(place.kim).orders
    ids = [order.id for order in orders]
    assert lasting["id"] in ids
    assert fresh["id"] in ids
    assert old["id"] not in ids
    opened = [order for order in orders if order.status.is_open]
    assert list(orders[: len(opened)]) == sorted(opened, key=lambda order: (order.placed_at, order.id))


def test_a_snapshot_tells_a_terminal_where_its_numbers_stand(place: Place) -> None:
    taken = place.kim.post("/api/pos/orders/", order_body(), key=new_key()).json()
    found = snapshot(place.kim)
    assert (found.series, f"POS1-{found.series_last:06d}") == ("POS1", taken["number"])
    assert snapshot(place.ada).series is None


def test_pages_give_everything_once_whatever_their_size(place: Place) -> None:
    start = snapshot(place.kim).cursor
    some_traffic(place, 30, seed=1)
    whole = page(place.kim, start, limit=500)
    assert not whole.more
    for limit in (1, 2, 7):
        frames, end = follow(place.kim, start, limit)
        assert frames == list(whole.frames)
        assert end == whole.cursor
    numbers = [frame.seq for frame in whole.frames]
    assert numbers == list(range(seq(start) + 1, seq(whole.cursor) + 1))
    assert [frame.prev for frame in whole.frames] == [number - 1 for number in numbers]


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_a_customers_frames_chain_over_what_they_may_not_see(place: Place, seed: int) -> None:
    start = snapshot(place.ada).cursor
    some_traffic(place, 25, seed)
    for caller, customer_id in ((place.ada, place.world.ada), (place.grace, place.world.grace)):
        frames, end = follow(caller, start)
        assert chained(frames, seq(start))
        assert all(owner(frame.event) == customer_id for frame in frames)
        theirs = place.rows("SELECT seq FROM events WHERE customer_id = ? AND seq > ?", customer_id, seq(start))
        assert [frame.seq for frame in frames] == sorted(number for (number,) in theirs)
        assert seq(end) == seq(snapshot(place.kim).cursor)  # past what they may not see


def read_menu(caller: Caller) -> Menu:
    return msgspec.json.decode(caller.get("/api/menu/").content, type=Menu)


def owner(event: Event | UnknownEvent) -> str | None:
    assert isinstance(event, OrderEvent)
    return event.order.customer_id if isinstance(event, OrderPlaced) else event.customer_id


def test_any_place_is_good_to_go_on_from(place: Place) -> None:
    """Also one that the subscriber may not see: there `prev` lies before the cursor, and nothing is missing."""
    start = snapshot(place.ada).cursor
    some_traffic(place, 20, seed=13)
    everything, _ = follow(place.ada, start)
    every_place = [start]
    while True:
        found = page(place.kim, every_place[-1], limit=1)
        if not found.frames:
            break
        every_place.append(found.cursor)
    for cursor in every_place:
        frames, _ = follow(place.ada, cursor)
        assert frames == [frame for frame in everything if frame.seq > seq(cursor)]
        assert chained(frames, seq(cursor))


def test_what_a_customer_is_told_names_nobody_else(place: Place) -> None:
    start = snapshot(place.ada).cursor
    order = place.ada.place(note="mine")
    place.grace.place(note="not for ada")
    for to in ONLINE[:2]:
        order = place.kim.move(order, to).json()
    raw = place.ada.get("/api/events/", params={"cursor": start}).text + place.ada.get("/api/snapshot/").text
    for secret in (
        shop.KIM.name,
        shop.DEVICE + '"',
        place.world.kim,
        shop.GRACE.name,
        place.world.grace,
        "not for ada",
    ):
        assert secret not in raw, secret


def test_staff_hear_of_their_own_shop_only(place: Place) -> None:
    here, there = snapshot(place.kim).cursor, snapshot(place.sam).cursor
    order = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()
    assert [frame.event.order.id for frame in page(place.sam, there).frames] == [order["id"]]  # type: ignore[union-attr]
    assert page(place.kim, here).frames == ()
    assert place.kim.get("/api/events/", params={"cursor": there}).json()["type"] == "diverged"


def test_state_and_events_are_a_fresh_snapshot(place: Place) -> None:
    """For every type of event, as the client applies it, in a customer's eyes and in the staff's."""
    known = {caller: {order.id: order for order in snapshot(caller).orders} for caller in (place.ada, place.kim)}
    starts = {caller: snapshot(caller).cursor for caller in known}
    menus = {caller: read_menu(caller) for caller in known}
    order = place.ada.place()
    order = place.kim.move(order, NEXT).json()
    reply = place.kim.post(
        f"/api/pos/orders/{order['id']}/payment/",
        {"payment": "paid", "version": order["version"], "tender": "card"},
        key=new_key(),
    )
    assert reply.status_code == 200
    back = {"version": reply.json()["version"], "reason": "cold", "lines": [{"id": order["lines"][0]["id"]}]}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/refund/", back, key=new_key())
    order = place.kim.post(
        f"/api/pos/orders/{order['id']}/recall/", {"version": reply.json()["version"], "reason": "oops"}, key=new_key()
    ).json()
    place.ada.post(f"/api/online/orders/{order['id']}/cancel/", {"reason": "changed my mind"})
    for available in (True, False):
        address = f"/api/pos/menu/{shop.SOLD_OUT}/availability/"
        assert place.kim.post(address, {"available": available}, key=new_key()).status_code == 200
    parts = {"tender": "card", "amount_minor": 1, "version": 1}
    due = place.kim.post("/api/pos/orders/", {**order_body(), "payment": "unpaid"}, key=new_key()).json()
    assert place.kim.post(f"/api/pos/orders/{due['id']}/payments/", parts, key=new_key()).status_code == 200
    amended = {"version": 2, "lines": order_body()["lines"], "fulfilment": due["fulfilment"], "reason": "changed"}
    assert place.kim.post(f"/api/pos/orders/{due['id']}/amend/", amended, key=new_key()).status_code == 200
    wished = place.ada.place()
    more = {"version": 1, "lines": [{"id": line["id"], "quantity": 9} for line in wished["lines"]]}
    assert place.ada.post(f"/api/online/orders/{wished['id']}/ask-change/", more, key=new_key()).status_code == 200
    drawer = {"session": new_key(), "float_minor": 0}
    assert place.kim.post("/api/pos/drawer/", drawer, key=new_key()).status_code == 201
    basket = {"id": new_key(), "lines": order_body()["lines"]}
    assert place.kim.post("/api/pos/baskets/", basket, key=new_key()).status_code == 201
    rights = {"rights": [{"act": "reports"}]}
    assert place.alex.post("/api/admin/roles/manager/", rights).status_code == 200
    some_traffic(place, 25, seed=21)
    kinds: set[type] = set()
    for caller, orders in known.items():
        frames, _ = follow(caller, starts[caller])
        for frame in frames:
            kinds.add(type(frame.event))
            if isinstance(frame.event, MenuChanged):
                menu = menu_after(menus[caller], frame.event)
                assert menu is not None, "what sold out says all of it"
                menus[caller] = menu
                continue
            if isinstance(frame.event, DrawerChanged | BasketChanged | RolesChanged):  # no order is another for it
                continue
            order_id = order_id_of(frame.event)
            assert order_id is not None
            orders[order_id] = after(orders.get(order_id), frame.event)
        assert menus[caller] == read_menu(caller)
        assert menus[caller].version == snapshot(caller).menu_version
        fresh: dict[OrderId, Order] = {order.id: order for order in snapshot(caller).orders}
        assert {order_id: orders[order_id] for order_id in fresh} == fresh
    assert kinds == set(Event.__args__)


@pytest.mark.sqlite_only("plans are told in its own words")
def test_a_customers_page_is_one_seek(place: Place) -> None:
    sql, _, _ = AFTER_FOR_CUSTOMER.text(place.server.database.engine.dialect)
    plan = place.rows("EXPLAIN QUERY PLAN " + sql, *["x"] * sql.count("?"))
    assert "USING INDEX ix_events_customer (shop_id=? AND customer_id=? AND seq>?)" in plan[0][3]
    assert not any("TEMP B-TREE" in row[3] for row in plan)


@pytest.mark.parametrize(
    "cursor", ["", "x", "a.b.c", "a.1", "a.1.b.c", "a.-1.b", "a.01.b", ".1.b", f"a.{1 << 63}.b", "a.1_0.b"]
)
def test_what_is_no_cursor_is_refused_by_name(place: Place, cursor: str) -> None:
    for field in ("cursor", "witness"):
        query = {"cursor": snapshot(place.ada).cursor} | {field: cursor}
        reply = place.ada.get("/api/events/", params=query)
        if field == "witness" and not cursor:
            assert reply.status_code == 200
        else:
            assert (reply.status_code, reply.json()["type"], reply.json()["field"]) == (422, "invalid", field)


class Trimmed(msgspec.Struct, frozen=True):
    server: ServerThread
    ada: Caller
    cursors: list[str]
    """From before the first event to the last one."""


@pytest.fixture
def trimmed(tmp_path: Path) -> Iterator[Trimmed]:
    """A shop with six events, of which the oldest three have been forgotten."""
    world = shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server)
        cursors = [snapshot(ada).cursor]
        for _ in range(6):
            ada.place()
            cursors.append(snapshot(ada).cursor)
        database = server.database
        assert database.write_blocking(lambda tx: events.trim(tx, world.shop, 0, most=3, step=2)) == 2
        assert database.write_blocking(lambda tx: events.trim(tx, world.shop, 0, most=3, step=2)) == 1
        assert database.write_blocking(lambda tx: events.trim(tx, world.shop, 0, most=3, step=2)) == 0
        yield Trimmed(server, ada, cursors)


def test_below_retention_one_is_told_so_and_starts_over(trimmed: Trimmed) -> None:
    for cursor in trimmed.cursors[:4]:
        reply = trimmed.ada.get("/api/events/", params={"cursor": cursor})
        assert (reply.status_code, reply.json()["type"]) == (410, "gone")
    assert [frame.seq for frame in page(trimmed.ada, trimmed.cursors[4]).frames] == [5, 6]
    again = snapshot(trimmed.ada)
    assert len(again.orders) == 6
    assert page(trimmed.ada, again.cursor).frames == ()


def test_a_witness_too_old_to_look_up_proves_nothing_either_way(trimmed: Trimmed) -> None:
    found = page(trimmed.ada, trimmed.cursors[5], witness=trimmed.cursors[2])
    assert [frame.seq for frame in found.frames] == [6]


def test_old_events_go_and_the_newest_stays(trimmed: Trimmed) -> None:
    """However old: it is what every cursor at the head is proven by."""
    database = trimmed.server.database
    shop_id = database.read_blocking(lambda tx: tx.connection.exec_driver_sql("SELECT shop_id FROM events").scalar())
    assert shop_id is not None
    far_ahead = 1 << 61
    assert database.write_blocking(lambda tx: events.trim(tx, shop_id, far_ahead, most=1000, step=500)) == 2
    assert page(trimmed.ada, trimmed.cursors[6]).frames == ()
    trimmed.ada.place()
    assert [frame.seq for frame in page(trimmed.ada, trimmed.cursors[6]).frames] == [7]


def test_another_historys_cursor_is_found_out(place: Place) -> None:
    place.ada.place()
    here = Cursor.parse(snapshot(place.ada).cursor)
    others = {
        "another event had this number": msgspec.structs.replace(here, event_id=uuid7()),
        "a number not yet given": msgspec.structs.replace(here, seq=here.seq + 1),
        "another epoch": msgspec.structs.replace(here, epoch=uuid7()),
        "an event where there was none": Cursor(here.epoch, here.seq, ""),
    }
    for why, other in others.items():
        for query in ({"cursor": str(other)}, {"cursor": str(here), "witness": str(other)}):
            reply = place.ada.get("/api/events/", params=query)
            assert (reply.status_code, reply.json()["type"]) == (409, "diverged"), why
