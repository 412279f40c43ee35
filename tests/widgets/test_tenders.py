"""The keys of a shop's tenders: in its order, only those that are taken now, and with the number that one needs."""

from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.order import Payment, PaymentState, Tender
from core.domain.payment import payments_of
from core.domain.status import Fulfilment, steps_of
from core.domain.tenders import TENDERS, ShopTender, tender_named
from core.ui.ordering.view import OrderingView
from customer_view.order.presenter import tenders as of_customers
from tests.support.fake_backend import FakeBackend
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till, place

LAST = steps_of(Fulfilment.PICKUP)[-2]
MEAL = ShopTender(id=tender_named("Meal card"), needs_reference=True)
APP = ShopTender(id=tender_named("Bank app"), offline=False)
OURS = (APP, TENDERS[1], MEAL, TENDERS[0], TENDERS[2], msgspec.structs.replace(TENDERS[3], withdrawn=True))


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend) -> Iterator[Till]:
    backend.menu = msgspec.structs.replace(backend.menu, tenders=OURS)
    with open_till(qtbot, backend) as made:
        yield made


def keys(till: Till, *names: str) -> list[str]:
    """Those of these controls that are there, from the top and the leading edge."""
    there = [till.find(QWidget, name) for name in names if till.sees(name)]
    at = {each: each.mapTo(till.window, each.rect().topLeft()) for each in there}
    return [each.objectName() for each in sorted(there, key=lambda each: (at[each].y(), at[each].x()))]


def offline(till: Till, backend: FakeBackend) -> None:
    backend.fail_with = Unreachable("Nobody answers")
    till.qtbot.waitUntil(lambda: not till.window._context.bridge.sync_status.answering)


def at_checkout(till: Till) -> None:
    till.arrive()
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    Finger(view, till.qtbot).tile("Canned Soda")
    till.click("checkout")


CHECKOUT = [f"payment_{each}" for each in ("cash", "card", "voucher", "Meal_card", "Bank_app", "later")]


def test_the_checkout_has_the_shops_keys_in_its_order(till: Till, backend: FakeBackend) -> None:
    at_checkout(till)
    ours = ["payment_Bank_app", "payment_card", "payment_Meal_card", "payment_cash"]
    assert keys(till, *CHECKOUT) == [*ours, "payment_later"]
    assert till.text("payment_Bank_app") == "Bank app $1.09"
    till.click("payment_Bank_app")
    till.settle()
    (order,) = backend.orders.values()
    assert (order.payment, order.tender) == (PaymentState.PAID, "Bank_app")


def test_a_tender_that_needs_the_server_is_not_offered_without_it(till: Till, backend: FakeBackend) -> None:
    at_checkout(till)
    offline(till, backend)
    assert not till.find_button("payment_Bank_app").isEnabled()
    assert till.find_button("payment_card").isEnabled()
    backend.fail_with = None
    till.until_live()
    assert till.find_button("payment_Bank_app").isEnabled()


def test_the_dialog_asks_for_the_number_of_a_slip(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST, lines=2)
    till.arrive()
    till.press(order)
    till.settle()
    all_keys = [f"payment_{each}" for each in ("Bank_app", "card", "Meal_card", "cash", "cash_on_delivery", "voucher")]
    assert keys(till, *all_keys) == ["payment_Bank_app", "payment_card", "payment_Meal_card", "payment_cash"]
    till.click("payment_Meal_card")
    till.settle()
    assert till.text("payment_hint") == "Type the number of the voucher or slip."
    assert till.window.focusWidget() is till.find_line("payment_reference")
    assert not payments_of(backend.orders[order.id])
    till.type("payment_reference", "Slip 7")
    assert till.text("payment_hint") == ""
    till.click("payment_Meal_card")
    till.settle()
    assert payments_of(backend.orders[order.id]) == (Payment(MEAL.id, order.total_minor, reference="Slip 7"),)


def test_without_the_server_the_dialog_says_why_a_key_is_off(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.settle()
    assert till.find_button("payment_Bank_app").isEnabled()
    offline(till, backend)
    assert not till.find_button("payment_Bank_app").isEnabled()
    assert till.find_button("payment_Bank_app").accessibleDescription() == "Not without the server"
    assert till.text("payment_hint") == "Not without the server: Bank app"
    assert till.find_button("payment_card").isEnabled()


def test_a_menu_offers_only_what_is_taken(till: Till, backend: FakeBackend) -> None:
    backend.menu = msgspec.structs.replace(
        backend.menu, tenders=tuple(msgspec.structs.replace(each, withdrawn=each.id == Tender.CASH) for each in OURS)
    )
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order, "more")
    assert "menu_paid_card" in till.choices()
    assert "menu_paid_cash" not in till.choices()
    till.menu().close()


def test_a_customer_is_offered_what_the_shop_takes() -> None:
    assert list(of_customers(Fulfilment.PICKUP, TENDERS)) == [Tender.CASH, Tender.CARD]
    assert list(of_customers(Fulfilment.DELIVERY, TENDERS)) == [Tender.CASH_ON_DELIVERY, Tender.CARD]
    assert list(of_customers(Fulfilment.PICKUP, TENDERS[1:])) == [Tender.CARD]
    assert list(of_customers(Fulfilment.PICKUP, (APP,))) == [APP.id]
