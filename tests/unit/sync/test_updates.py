"""What a window is told last is what is so, whichever of the engine's threads told it."""

import threading
from collections.abc import Callable

import pytest

from core.client.sync.publisher import Publisher
from core.client.sync.updates import Changed
from core.domain.ids import OrderId
from core.domain.status import OrderStatus as S
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.steps import FIRST, SECOND
from tests.unit.conftest import OpenDesk


def test_a_thread_that_looked_before_another_does_not_tell_after_it(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.sync.pull()
    waiting = desk.take()
    looked, go_on = threading.Event(), threading.Event()
    look = Publisher.everything

    def look_and_dawdle(publisher: Publisher) -> Changed:
        seen = look(publisher)
        looked.set()
        assert go_on.wait(10)
        return seen

    monkeypatch.setattr(Publisher, "everything", look_and_dawdle)
    slow = threading.Thread(target=desk.publisher.publish_everything)
    slow.start()
    assert looked.wait(10)
    quick = threading.Thread(target=desk.send_all)
    quick.start()
    quick.join(0.5)  # without the guard it is done by now, and its news is overwritten by the older look
    go_on.set()
    for thread in (slow, quick):
        thread.join(10)
    row = desk.store.server_row(waiting.order_id)
    assert row is not None
    assert desk.store.get(waiting.order_id) == row
    assert not desk.store.waits(waiting.order_id)


@pytest.mark.parametrize(
    ("act", "to"), [(lambda desk, order_id: desk.move(order_id, FIRST), SECOND), (Desk.pay, FIRST)], ids=["move", "pay"]
)
def test_an_event_that_is_here_before_the_answer_has_happened_once(
    open_desk: OpenDesk, shop: FakeBackend, act: Callable[[Desk, OrderId], object], to: S
) -> None:
    """A version that nobody has made would be named by whoever presses next, and wait for ever."""
    desk = open_desk()
    order_id = desk.take().order_id
    desk.try_all()
    act(desk, order_id)
    under_way = desk.outbox.take(0.0)
    assert under_way is not None
    shop.perform(under_way)
    desk.sync.pull()
    assert desk.shown(order_id) == shop.orders[order_id]
    desk.move(order_id, to)
    desk.send(under_way)
    desk.send_all()
    assert (shop.orders[order_id].status, shop.orders[order_id].version) == (to, 3)
    versions = [told.shown.version for each in desk.told for told in each.updates if told.shown is not None]
    assert versions == sorted(versions)
