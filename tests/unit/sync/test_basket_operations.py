"""What is done with held baskets goes through the outbox, and again to a server that was put back to an older state."""

from datetime import UTC, datetime

from core.client.operations import Kind, basket_queue, no_order
from core.domain.held_baskets import DropBasket, HoldBasket
from core.domain.ids import BasketId, DeviceId, new_op_id, uuid7
from tests.support.desk import LINES
from tests.support.fake_backend import FakeBackend
from tests.unit.conftest import OpenDesk

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_what_was_held_and_is_gone_is_not_shown_again_once_it_is_sent_again(
    open_desk: OpenDesk, shop: FakeBackend
) -> None:
    desk = open_desk()
    desk.sync.pull()
    held = HoldBasket(id=BasketId(uuid7()), lines=LINES)
    queue = basket_queue(held.id)
    desk.outbox.accept(Kind.HOLD_BASKET, new_op_id(), queue, held, no_order(queue, DeviceId("POS1"), AT), AT)
    desk.send_all()
    assert [each.id for each in desk.publisher.baskets()] == [held.id]
    shop.with_basket(held.id, DropBasket(), "POS2")
    shop.epoch = "e2"  # it lacks nothing, but only what is sent again shows that
    desk.sync.pull()
    desk.send_all()
    assert desk.outbox.open() == ()
    assert desk.publisher.baskets() == ()
