"""Cash rounding on the till's screens: the key and the change are in coins, a card pays exactly, offline as online."""

from collections.abc import Iterator

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.order import Payment, PaymentState, Tender
from core.domain.payment import payments_of
from core.domain.sale.rounding import Rounding
from core.domain.status import Fulfilment, steps_of
from core.ui.ordering.view import OrderingView
from core.ui.receipt import settlement
from core.ui.text import money, payment_text
from tests.support.fake_backend import FakeBackend
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till, place

LAST = steps_of(Fulfilment.PICKUP)[-2]
CASH = Tender.CASH


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend) -> Iterator[Till]:
    """Coins of 7: no total of this menu is one."""
    backend.menu = msgspec.structs.replace(backend.menu, cash_increment_minor=700, cash_rounding=Rounding.UP)
    with open_till(qtbot, backend) as made:
        yield made


def coins(total: int) -> int:
    return -(-total // 700) * 700


def test_the_dialog_asks_for_coins_and_a_card_for_the_cent(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST, lines=2)
    till.arrive()
    till.press(order)
    till.settle()
    total, asked = order.total_minor, coins(order.total_minor)
    assert total != asked
    assert till.text("payment_cash") == f"Cash {money(asked, order.currency)}"
    assert till.text("payment_card") == f"Card {money(total, order.currency)}"
    till.type("cash_given", f"{(asked + 500) / 100:.2f}")
    assert till.text("cash_change") == money(500, order.currency)
    till.click("payment_cash")
    till.settle()
    paid = backend.orders[order.id]
    assert payments_of(paid) == (Payment(CASH, total, 0, asked + 500, rounding_minor=asked - total),)
    assert f"Rounding {money(asked - total, order.currency)}" in payment_text(paid.payments[0], order.currency)
    assert settlement(paid) == f"Change: {money(500, order.currency)}"


def test_a_new_order_is_paid_in_coins_without_a_server(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    Finger(view, till.qtbot).tile("Canned Soda")
    till.click("checkout")
    total = view._ordering.basket.basket.amounts().total_minor
    backend.fail_with = Unreachable("Nobody answers")
    assert till.text("payment_cash") == f"Cash {money(coins(total), 'USD')}"
    assert till.text("payment_card") == f"Card {money(total, 'USD')}"
    till.click("payment_cash")
    till.qtbot.waitUntil(lambda: bool(till.window.store.outbox()))
    (predicted,) = [each.seen for each in till.window.store.outbox()]
    expected = Payment(CASH, total, rounding_minor=coins(total) - total)
    assert (predicted.payment, predicted.payments) == (PaymentState.PAID, (expected,))
    backend.former_roundings = backend.menu.roundings
    backend.menu = msgspec.structs.replace(backend.menu, cash_increment_minor=1)
    backend.fail_with = None
    till.until_live()
    (order,) = backend.orders.values()
    assert order.payments == (expected,), "as it was shown and paid, whatever the shop sets meanwhile"


def test_a_refund_is_shown_in_coins(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST, lines=2)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_paid_cash")
    till.settle()
    paid = backend.orders[order.id]
    assert [each.paid_minor for each in paid.payments] == [coins(order.total_minor)]
    till.press(paid, "more")
    till.choose("menu_refund")
    till.type("refund_amount", "1")
    assert "$7.00 (Cash)" in till.text("reason_confirm")
    till.click("refund_all")
    assert f"{money(coins(order.total_minor), 'USD')} (Cash)" in till.text("reason_confirm")
