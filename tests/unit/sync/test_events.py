"""State and events are the snapshot: for every kind of event, and for any mixture of them."""

import random
from datetime import timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from core.client.storage.cache import CannotApply, after
from core.domain.acts import Act
from core.domain.commands import AmendedLine, AskChange, RefundLine
from core.domain.drawers import CloseDrawer, CountDrawer, OpenDrawer
from core.domain.held_baskets import DropBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, CustomerId, DrawerSessionId, OrderId, uuid7
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import to_pay_minor
from core.domain.people import Role
from core.domain.refund import left_of, line_ids, refundable_minor
from core.domain.rights import Right
from core.domain.status import CALLED_OFF, Move, OrderStatus, target_of
from core.protocol.events import Event, OrderPaymentChanged
from core.protocol.feed import EventQuery, Frames, Heartbeat
from tests.support.desk import Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST, SECOND
from tests.unit.conftest import OpenDesk


def _history(open_desk: OpenDesk, shop: FakeBackend, seed: int) -> None:
    """A few dozen changes of every kind, at random."""
    generator, at_baskets = random.Random(seed), random.Random(seed)
    desk = open_desk(f"writer-{seed}")
    for _ in range(180):
        orders = sorted(desk.store, key=lambda order: order.id)
        if generator.random() < 0.2:
            _change_menu(shop, generator)
        elif generator.random() < 0.1:
            _do_at_drawer(shop, generator.choice(["POS1", "POS2"]))
            _do_with_basket(shop, at_baskets, at_baskets.choice(["POS1", "POS2"]))
            shop.allow(Role.CASHIER, Right(Act.DISCOUNT, at_baskets.randrange(100_000)))
        elif not orders or generator.random() < 0.3:
            desk.take()
        else:
            _change(desk, generator.choice(orders), generator)
        desk.send_all()
        if orders and at_baskets.random() < 0.2:
            _ask(shop, at_baskets.choice(orders).id)
        changeable = [order for order in desk.store if order.status not in CALLED_OFF and not order.refunded_minor]
        if changeable and at_baskets.random() < 0.1:
            desk.amend(at_baskets.choice(changeable).id, NewLine(item_id=SODA.id))
            desk.send_all()


def _ask(shop: FakeBackend, order_id: OrderId) -> None:
    """As its customer would."""
    order = shop.orders[order_id]
    if order.open_request is None and order.status is OrderStatus.CONFIRMED and not order.refunded_minor:
        shop.allow_changes()
        lines = [
            AmendedLine(id=each, quantity=line.quantity + 1)
            for each, line in zip(line_ids(order), order.lines, strict=True)
        ]
        shop.change(order, AskChange(version=order.version, lines=tuple(lines)), Role.CUSTOMER)


def _change(desk: Desk, order: Order, generator: random.Random) -> None:
    if generator.random() < 0.3 and order.payment is PaymentState.UNPAID:
        if generator.random() < 0.5 or order.payments:
            desk.take_payment(order.id, 1 + to_pay_minor(order) // 2)
        else:
            desk.pay(order.id)
        return
    if generator.random() < 0.7 and refundable_minor(order) > 1:
        items = [RefundLine(id=each) for each, line in zip(line_ids(order), order.lines, strict=True) if left_of(line)]
        desk.refund(order.id, items[:1]) if generator.random() < 0.5 else desk.refund(order.id, amount_minor=1)
        return
    move = generator.choice([Move.ADVANCE, Move.ADVANCE, Move.RECALL, Move.CANCEL])
    to = target_of(order.status, move, order.fulfilment, Role.CASHIER)
    if to is not None:
        desk.move(order.id, to, reason="because")


def _change_menu(shop: FakeBackend, generator: random.Random) -> None:
    if generator.random() < 0.3:
        shop.change_menu(shop.menu.categories[::-1])
    else:
        shop.sell(generator.choice([*shop.menu.items()]), generator.random() < 0.5)


def _do_at_drawer(shop: FakeBackend, device: str) -> None:
    session = shop.drawers.get(device)
    if session is None or not session.is_open:
        shop.at_drawer(OpenDrawer(session=DrawerSessionId(uuid7()), float_minor=100), device)
    elif session.is_counted:
        shop.at_drawer(CloseDrawer(session=session.id), device)
    else:
        shop.at_drawer(CountDrawer(session=session.id, counted_minor=100), device)


def _do_with_basket(shop: FakeBackend, generator: random.Random, device: str) -> None:
    held = [each.id for each in shop.baskets.values() if each.gone is None and each.taken is None]
    if held and generator.random() < 0.5:
        asked = generator.choice([TakeBasket(), DropBasket()])
        shop.with_basket(generator.choice(held), asked, device)
    else:
        line = NewLine(item_id=generator.choice([*shop.menu.items()]))
        shop.with_basket("", HoldBasket(id=BasketId(uuid7()), lines=(line,)), device)


@pytest.mark.parametrize("seed", range(5))
def test_state_and_events_are_the_snapshot(open_desk: OpenDesk, shop: FakeBackend, seed: int) -> None:
    reader = open_desk("reader", "alex", ModelTransport(shop))
    reader.sync.pull()
    _history(open_desk, shop, seed)
    kinds = {type(event) for _id, _owner, event in shop.events}
    assert kinds == set(get_args(Event)), "a new kind of event belongs into this test"
    reader.sync.pull()
    fresh = ModelTransport(shop).snapshot()
    assert {order.id: order for order in reader.cache.newest()} == {order.id: order for order in fresh.orders}
    assert str(reader.cache.place) == fresh.cursor
    assert reader.cache.menu == shop.menu
    assert {each.id: each for each in reader.publisher.baskets()} == {each.id: each for each in fresh.baskets}
    assert reader.cache.roles == fresh.roles == [told.roles for told in reader.told if told.roles][-1]
    assert shop.drawers
    assert {device: reader.cache.drawer(device) for device in shop.drawers} == shop.drawers
    assert [told.menu for told in reader.told if told.menu is not None][-1] == shop.menu


@pytest.mark.parametrize("start", range(0, 60, 7))
def test_from_wherever_one_starts(open_desk: OpenDesk, shop: FakeBackend, start: int) -> None:
    """Rows that a reply has told are further on than some of the events that follow: nothing goes back."""
    _history(open_desk, shop, 7)
    reader = open_desk("reader", "alex", ModelTransport(shop))
    everything = tuple(shop.orders.values())
    reader.cache.replace(everything[: len(everything) // 2], shop.cursor(min(start, len(shop.events))))
    reader.sync.pull()
    for order in reader.cache.newest():
        assert order == shop.orders[order.id]


def test_pushed_again_or_out_of_turn_changes_nothing(open_desk: OpenDesk, shop: FakeBackend) -> None:
    reader = open_desk("reader", "alex", ModelTransport(shop))
    _history(open_desk, shop, 3)
    reader.sync.pull()
    before = reader.cache.newest()
    page = ModelTransport(shop).events(EventQuery(cursor=str(shop.cursor(0)), limit=500))
    told = len(reader.told)
    assert reader.sync.take_in(Frames(frames=page.frames[:10], cursor=str(shop.cursor(10))))
    assert reader.cache.newest() == before
    assert len(reader.told) == told, "old news is no news"


def test_what_is_pushed_with_a_gap_before_it_is_asked_for(open_desk: OpenDesk, shop: FakeBackend) -> None:
    reader, writer = open_desk("reader", "alex", ModelTransport(shop)), open_desk("writer")
    reader.sync.pull()
    place = reader.cache.place
    for _ in range(3):
        writer.take()
    writer.send_all()
    page = ModelTransport(shop).events(EventQuery(cursor=str(place), limit=500))
    assert not reader.sync.take_in(Frames(frames=page.frames[1:], cursor=page.cursor))
    assert (reader.cache.place, reader.cache.newest()) == (place, [])
    assert reader.sync.take_in(Frames(frames=page.frames, cursor=page.cursor))
    assert len(reader.cache.newest()) == 3


def test_a_heartbeat_ahead_means_that_something_is_missing(open_desk: OpenDesk, shop: FakeBackend) -> None:
    reader = open_desk("reader", "alex", ModelTransport(shop))
    reader.sync.pull()
    _history(open_desk, shop, 1)
    head = len(shop.events)
    assert not reader.sync.take_in(Heartbeat(head=head, cursor=str(shop.cursor())))
    reader.sync.pull()
    assert reader.sync.take_in(Heartbeat(head=head, cursor=str(shop.cursor())))
    assert not reader.sync.take_in(Heartbeat(head=head + 1, cursor=str(shop.cursor()))), "one is enough"


def test_what_is_pushed_of_another_history_is_not_taken_in(open_desk: OpenDesk, shop: FakeBackend) -> None:
    """A server that goes on without what was lost uses the numbers again."""
    reader = open_desk("reader", "alex", ModelTransport(shop))
    _history(open_desk, shop, 3)
    reader.sync.pull()
    place = shop.cursor()
    for other in (
        msgspec.structs.replace(place, event_id="another"),
        msgspec.structs.replace(place, epoch="another"),
        msgspec.structs.replace(place, epoch="another", seq=place.seq - 1),
    ):
        assert not reader.sync.take_in(Heartbeat(head=other.seq, cursor=str(other)))
        assert not reader.sync.take_in(Frames(frames=(), cursor=str(other)))
    assert reader.sync.take_in(Heartbeat(head=place.seq, cursor=str(place)))


def test_a_quiet_customers_cursor_moves_with_the_heartbeat(open_desk: OpenDesk, shop: FakeBackend) -> None:
    ada = open_desk("ada", "ada", ModelTransport(shop, CustomerId("ada")))
    ada.sync.pull()
    _history(open_desk, shop, 2)
    assert ada.sync.take_in(Heartbeat(head=0, cursor=str(shop.cursor())))
    assert ada.cache.place == shop.cursor()


def test_a_change_to_an_unknown_order_is_fetched(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.send_all()
    reader = open_desk("reader", "alex", ModelTransport(shop))
    reader.cache.replace((), shop.cursor())  # it was closed long ago, and is not in the snapshot
    desk.move(operation.order_id, FIRST)
    desk.send_all()
    reader.sync.pull()
    assert reader.cache.get(operation.order_id) == shop.orders[operation.order_id]


def test_a_reply_that_is_newer_than_what_was_fetched_stays(open_desk: OpenDesk, shop: FakeBackend) -> None:
    """An order is fetched because its past is not here; meanwhile a call has answered with what came after."""
    desk = open_desk()
    operation = desk.take()
    desk.move(operation.order_id, FIRST)
    desk.send_all()
    older = shop.orders[operation.order_id]
    newer = msgspec.structs.replace(older, status=SECOND, version=older.version + 1)
    reader = open_desk("reader", "alex", ModelTransport(shop))
    reader.cache.replace((), shop.cursor(1))

    def fetch(order_id: OrderId) -> Order:
        reader.cache.put([newer])
        return older

    moved = shop.events[-1][2]
    assert reader.cache.advance([moved], shop.cursor(), fetch) == ()
    assert reader.cache.get(operation.order_id) == newer
    assert reader.cache.place == shop.cursor()


def test_an_event_never_skips_a_version(shop: FakeBackend, open_desk: OpenDesk) -> None:
    desk = open_desk()
    operation = desk.take()
    for to in (FIRST, SECOND):
        desk.move(operation.order_id, to)
    desk.send_all()
    _placed, _first, second = (event for _id, _owner, event in shop.events)
    row = msgspec.structs.replace(new_order(operation.order_id), version=1)
    with pytest.raises(CannotApply):
        after(row, second)
    with pytest.raises(CannotApply):
        after(None, second)


def test_a_hundred_thousand_closed_orders_are_left_to_the_server(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("core.client.storage.cache.CLOSED_KEPT", 3)
    desk = open_desk()
    for _ in range(5):
        order_id = desk.take().order_id
        desk.move(order_id, OrderStatus.CANCELLED, reason="because")
    still_open = desk.take().order_id
    desk.try_all()
    desk.sync.housekeep()
    assert len(desk.cache.newest()) == 4
    assert desk.cache.get(still_open) is not None


def test_a_servers_clock_that_is_ahead_for_a_moment_makes_a_till_forget_nothing(
    open_desk: OpenDesk, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.try_all()
    told = transport.now()
    monkeypatch.setattr(transport, "now", lambda: told + timedelta(days=400))
    desk.sync.housekeep()
    desk.sync.housekeep()
    assert desk.outbox.find(operation.op_id) is not None
    monkeypatch.setattr(transport, "now", lambda: told)
    desk.close()
    again = open_desk()
    assert again.cache.believed_s() == pytest.approx(told.timestamp(), abs=60)
    monkeypatch.setattr(transport, "now", lambda: told + timedelta(days=400))
    again.sync.housekeep()
    assert again.outbox.find(operation.op_id) is not None, "nor at its next start"


def test_a_file_that_has_seen_nothing_believes_no_clock_yet(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.take()
    assert (desk.cache.believed_s(), desk.outbox.last_done_s()) == (0.0, 0.0)
    desk.try_all()
    assert desk.outbox.last_done_s() > 0


def test_what_is_old_by_time_that_has_passed_is_forgotten(
    open_desk: OpenDesk, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.try_all()
    told, passed_s = transport.now(), 0.0
    monkeypatch.setattr(desk.sync, "_monotonic", lambda: passed_s)
    monkeypatch.setattr(transport, "now", lambda: told + timedelta(seconds=passed_s))
    desk.sync.housekeep()
    for days, is_kept in ((89, True), (91, False)):
        passed_s = days * 86_400.0
        desk.sync.housekeep()
        assert (desk.outbox.find(operation.op_id) is not None) is is_kept


@pytest.mark.parametrize(
    ("payment", "tender", "given"),
    [
        (PaymentState.REFUNDED, Tender.CASH, 2000),
        (PaymentState.UNPAID, Tender.CASH, None),
        (PaymentState.PAID, Tender.CARD, None),
    ],
)
def test_the_cash_given_stays_with_a_refund_and_with_no_other_payment(
    payment: PaymentState, tender: Tender, given: int | None
) -> None:
    row = msgspec.structs.replace(
        new_order(OrderId("o")), payment=PaymentState.PAID, tender=Tender.CASH, given_minor=2000
    )
    event = OrderPaymentChanged(
        order_id=row.id,
        customer_id=None,
        number=row.number,
        payment=payment,
        tender=tender,
        version=row.version + 1,
        at=row.updated_at,
    )
    assert after(row, event).given_minor == given
