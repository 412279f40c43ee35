"""What is done at a drawer goes through the outbox: in its order, once, and again to a server that has lost it."""

from datetime import UTC, datetime

import pytest

from core.client.errors import Diverged
from core.client.operations import Kind, Operation, drawer_queue, no_order
from core.domain.drawers import (
    CloseDrawer,
    CountDrawer,
    DrawerAct,
    DrawerCommand,
    DrawerSession,
    MoveCash,
    OpenDrawer,
)
from core.domain.ids import DeviceId, DrawerSessionId, OrderId, new_op_id, uuid7
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.unit.conftest import OpenDesk

POS: DeviceId = DeviceId("POS1")
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SESSION = DrawerSessionId(uuid7())
_KINDS: dict[type[DrawerCommand], Kind] = {
    OpenDrawer: Kind.OPEN_DRAWER,
    MoveCash: Kind.MOVE_CASH,
    CountDrawer: Kind.COUNT_DRAWER,
    CloseDrawer: Kind.CLOSE_DRAWER,
}


def _do(desk: Desk, asked: DrawerCommand) -> Operation:
    queue = drawer_queue(POS)
    done = desk.outbox.accept(_KINDS[type(asked)], new_op_id(), queue, asked, no_order(queue, POS, AT), AT)
    desk.publisher.publish(queue)
    return done


def _whole_session(desk: Desk) -> None:
    _do(desk, OpenDrawer(session=SESSION, float_minor=500))
    _do(desk, MoveCash(session=SESSION, act=DrawerAct.DROP, amount_minor=100, reason="safe"))
    _do(desk, CountDrawer(session=SESSION, counted_minor=400))
    _do(desk, CloseDrawer(session=SESSION))


def _acts(session: DrawerSession) -> list[DrawerAct]:
    return [entry.act for entry in session.entries]


ALL = [DrawerAct.OPENED, DrawerAct.DROP, DrawerAct.COUNTED, DrawerAct.CLOSED]


def test_they_arrive_in_their_order_and_once(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    shop.answers_to_lose = 2
    _whole_session(desk)
    desk.send_all()
    assert _acts(shop.drawers[POS]) == ALL
    assert desk.cache.drawer(POS) == shop.drawers[POS]


def test_a_closing_waits_for_what_was_accepted_before_it(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    taken = desk.take()
    _whole_session(desk)
    sent: list[OrderId] = []
    while (operation := desk.outbox.take(1e9)) is not None:
        sent.append(operation.order_id)
        if operation.order_id == taken.order_id:
            held = operation  # it is still on its way
            continue
        desk.send(operation)
    assert _acts(shop.drawers[POS]) == ALL[:-1], "the order is to be in its report"
    desk.send(held)
    desk.send_all()
    assert _acts(shop.drawers[POS]) == ALL


def test_what_a_restored_server_lacks_is_sent_again(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.sync.pull()
    _do(desk, OpenDrawer(session=SESSION, float_minor=500))
    desk.send_all()
    backup = shop.backup()
    _do(desk, MoveCash(session=SESSION, act=DrawerAct.DROP, amount_minor=100, reason="safe"))
    _do(desk, CountDrawer(session=SESSION, counted_minor=400))
    desk.send_all()
    shop.restore(backup)
    shop.epoch = "e2"
    desk.sync.pull()
    desk.send_all()
    assert _acts(shop.drawers[POS]) == ALL[:-1]


def test_nothing_is_added_to_the_journal_of_a_restored_server_before_what_it_lacks(
    open_desk: OpenDesk, shop: FakeBackend
) -> None:
    """The till has not been told of the restore: it finds out as it sends."""
    desk = open_desk()
    desk.sync.pull()
    _do(desk, OpenDrawer(session=SESSION, float_minor=500))
    desk.send_all()
    backup = shop.backup()
    _do(desk, CountDrawer(session=SESSION, counted_minor=400))
    desk.send_all()
    shop.restore(backup)
    shop.epoch = "e2"
    _do(desk, MoveCash(session=SESSION, act=DrawerAct.DROP, amount_minor=100, reason="safe"))
    operation = desk.outbox.take(1e9)
    assert operation is not None
    with pytest.raises(Diverged):
        desk.sync.send(operation)
    desk.outbox.postpone(operation, 0)
    assert _acts(shop.drawers[POS]) == [DrawerAct.OPENED]
    desk.sync.pull()
    desk.send_all()
    assert _acts(shop.drawers[POS]) == [DrawerAct.OPENED, DrawerAct.COUNTED, DrawerAct.DROP]


def test_what_somebody_has_left_behind_says_nothing_and_is_sent_once_they_are_back(
    open_desk: OpenDesk, shop: FakeBackend
) -> None:
    desk = open_desk()
    done = _do(desk, MoveCash(session=SESSION, act=DrawerAct.PAID_OUT, amount_minor=100, reason="for Ada's flowers"))
    opened = _do(desk, OpenDrawer(session=SESSION, float_minor=500))
    for operation in (done, opened):
        closed = operation.closed(bytes(range(32)))
        assert b"Ada" not in closed.request
        assert type(closed.asked) is type(operation.asked)
