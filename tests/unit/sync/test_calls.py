"""What a window is answered: by the server, or while it cannot be asked from what is kept here."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from core.client.errors import Conflict, NotFound, PriceChanged, Refused, Unreachable
from core.client.operations import State
from core.client.sync.api import SyncedApi
from core.client.sync.outbox import NUMBER_REFUSED
from core.client.sync.search import KeptDetails, KeptPage
from core.client.sync.updates import Changed
from core.domain.commands import AmendedLine, AmendOrder, ChangeStatus, PlaceOrder, RefundRounding, TakeOrder
from core.domain.ids import CustomerId, uuid7
from core.domain.menu import Menu
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.refund import money_back
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import ChangeAvailability, CustomerQuery, OrderQuery, SignIn, StaffSignIn
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.menus import CHIPS
from tests.support.steps import FIRST, SECOND

OFFLINE: Final = Unreachable("no network")
LINES: Final = (NewLine(item_id=CHIPS.id),)


class Window:
    """A window's API over the backend, and the menus it was told. Nothing is pushed to it."""

    def __init__(self, backend: FakeBackend, path: Path) -> None:
        self.menus: list[Menu] = []
        self._told = threading.Condition()
        self.api = SyncedApi(
            FakeClient(backend),
            path,
            on_changed=self._on_changed,
            on_sync_status=lambda _sync_status: None,
            push=False,
            keyring=False,
        )

    def _on_changed(self, changed: Changed) -> None:
        if changed.menu is not None:
            with self._told:
                self.menus.append(changed.menu)
                self._told.notify_all()

    def until_told(self, menu: Menu) -> None:
        """By this call or by the engine, which may have read it at the same moment."""
        with self._told:
            assert self._told.wait_for(lambda: self.menus[-1:] == [menu], 10), self.menus

    def take(self, **more: object) -> Order:
        return self.api.call(routes.TAKE(body=msgspec.structs.replace(TakeOrder(lines=LINES), **more)))

    def move(self, order: Order, to: OrderStatus, reason: str = "") -> Order:
        asked = ChangeStatus(to=to, version=order.version, reason=reason)
        return self.api.call(routes.CHANGE_STATUS(order.id, body=asked))

    def find(self, q: str) -> KeptPage:
        page = self.api.call(routes.ORDERS(query=OrderQuery(q=q)))
        assert isinstance(page, KeptPage)
        return page


@pytest.fixture
def window(shop: FakeBackend, tmp_path: Path) -> Iterator[Window]:
    made = Window(shop, tmp_path / "window.db")
    yield made
    made.api.close()


@pytest.fixture
def till(window: Window) -> Window:
    """With a cashier signed in who has read the menu."""
    window.api.staff_sign_in(StaffSignIn(staff="Maya", pin="1234", device="POS1"))
    window.api.call(routes.MENU())
    return window


def test_without_a_server_kept_orders_are_found_and_it_is_said_why(till: Window, shop: FakeBackend) -> None:
    shop.fail_with = OFFLINE
    taken = till.take(customer_name="Zoë")
    till.take(customer_name="Kim")
    page = till.find("zoë")
    assert (page.orders, page.total) == ((taken,), 1)
    assert isinstance(page.why, Unreachable)
    assert till.find("nobody").orders == ()
    for query in (OrderQuery(open=True), OrderQuery(cursor="20")):
        with pytest.raises(Unreachable):  # the board shows what it was told, and the server's pages are its own
            till.api.call(routes.ORDERS(query=query))


def test_without_a_server_a_kept_order_is_shown_without_its_history(till: Window, shop: FakeBackend) -> None:
    shop.fail_with = OFFLINE
    taken = till.take()
    details = till.api.call(routes.DETAILS(taken.id))
    assert isinstance(details, KeptDetails)
    assert (details.order, details.history) == (taken, ())
    assert isinstance(details.why, Unreachable)


def test_a_known_customer_is_predicted_by_name_once_they_were_found(till: Window, shop: FakeBackend) -> None:
    ada = shop.add_customer("Ada Lovelace", "5550100")
    before = till.take(customer_id=ada.id)
    assert (before.customer_id, before.customer_name) == (ada.id, "")
    assert [each.id for each in till.api.call(routes.CUSTOMERS(query=CustomerQuery(q="Ada"))).customers] == [ada.id]
    shop.fail_with = OFFLINE
    after = till.take(customer_id=ada.id)
    assert (after.customer_id, after.customer_name, after.customer_phone) == (ada.id, "Ada Lovelace", "5550100")
    stranger = till.take(customer_id=CustomerId(uuid7()))
    assert stranger.customer_name == ""


def test_what_is_sold_out_here_is_so_on_this_screen(till: Window, shop: FakeBackend) -> None:
    till.api.call(routes.SET_AVAILABLE(CHIPS.id, body=ChangeAvailability(available=False)))
    assert not shop.menu.items()[CHIPS.id].available
    till.until_told(shop.menu)


def test_a_change_that_the_rules_refuse_is_refused_here_with_the_order_as_it_is(
    till: Window, shop: FakeBackend
) -> None:
    shop.fail_with = OFFLINE
    taken = till.take()
    done = till.move(taken, FIRST)
    with pytest.raises(Conflict) as stale:
        till.move(taken, SECOND)
    assert stale.value.order == done
    with pytest.raises(Refused) as refused:
        till.move(done, OrderStatus.CANCELLED)
    assert refused.value.field == "reason"
    assert len(till.api.operations()) == 2, "what is refused is not sent"


def test_an_amendment_says_how_the_cash_that_it_gives_back_was_rounded(till: Window, shop: FakeBackend) -> None:
    shop.menu = msgspec.structs.replace(shop.menu, cash_increment_minor=700)
    till.api.call(routes.MENU())
    shop.fail_with = OFFLINE
    lines = (NewLine(item_id=CHIPS.id, quantity=5),)
    taken = till.take(lines=lines, payment=PaymentState.PAID, tender=Tender.CASH)
    fewer = AmendedLine(id=taken.lines[0].id, quantity=1)
    asked = AmendOrder(version=1, lines=(fewer,), fulfilment=taken.fulfilment, reason="Too many")
    back = money_back(taken, till.api.call(routes.AMEND(taken.id, body=asked)))
    assert back == {Tender.CASH: 2_100}, "three coins for 17.80"
    [_taken, amended] = till.api.operations()
    assert isinstance(amended.asked, AmendOrder)
    assert amended.asked.rounding == (RefundRounding(Tender.CASH, 2_100 - 1_780),), "the shop may round otherwise later"


def test_an_order_with_a_change_to_decide_about_takes_no_other(till: Window, shop: FakeBackend) -> None:
    shop.fail_with = OFFLINE
    taken = till.take()
    [operation] = till.api.operations()
    present = till.api._signed_in
    sending = present.outbox.take(0.0) or operation
    present.outbox.hold(sending, State.PARKED, "It said no.")
    with pytest.raises(Refused, match="Decide about the change that is in conflict first"):
        till.move(taken, FIRST)


def test_an_order_whose_number_is_refused_is_given_another_and_says_which(till: Window, shop: FakeBackend) -> None:
    shop.fail_with = OFFLINE
    taken = till.take()
    [operation] = till.api.operations()
    present = till.api._signed_in
    sending = present.outbox.take(0.0) or operation
    present.outbox.hold(sending, State.PARKED, "Another order has it.", outcome=NUMBER_REFUSED)
    number = till.api.renumber(operation.op_id)
    assert number not in ("", taken.number)
    assert [each.seen.number for each in till.api.operations()] == [number]
    with pytest.raises(NotFound):
        till.api.renumber(operation.op_id)


def test_a_customer_orders_at_the_price_that_is_shown(window: Window, shop: FakeBackend) -> None:
    shop.add_customer("Ada Lovelace", "5550100")
    window.api.sign_in(SignIn(login="5550100", password="correct horse"))
    window.api.call(routes.MENU())
    placed = window.api.call(routes.PLACE(body=PlaceOrder(lines=LINES)))
    assert (placed.customer_name, placed.total_minor) == ("Ada Lovelace", CHIPS.price_minor)
    with pytest.raises(PriceChanged):
        window.api.call(routes.PLACE(body=PlaceOrder(lines=LINES, expected_total_minor=1)))
