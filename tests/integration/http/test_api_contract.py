"""What a window may rely on: the fake backend that widgets are tested with, held against the real one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import pytest

from core.client.errors import Conflict, NotFound, Refused, SignedOut
from core.client.http.api import HttpApi
from core.domain.commands import CancelOrder, ChangePayment, ChangeStatus, PlaceOrder, RecallOrder, TakeOrder
from core.domain.discount import Discount
from core.domain.ids import CustomerId, ItemId, ModifierId, OrderId, new_op_id, new_order_id
from core.domain.order import Channel, NewLine, Order, PaymentState, Tender
from core.domain.people import Role
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.protocol import routes
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.requests import CustomerQuery, HistoryQuery, OrderQuery, SignIn, SignUp, StaffSignIn
from tests.support import shop
from tests.support.databases import Kind
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import ADDRESS, FakeClient
from tests.support.server import ServerThread
from tests.support.steps import NEXT, ONLINE

S = OrderStatus
GUACAMOLE_BOWL = NewLine(item_id=shop.BOWL, quantity=2, modifier_ids=(shop.CHICKEN, shop.GUACAMOLE), note="no rice")
FRIES = NewLine(item_id=shop.FRIES)


Api = HttpApi
Backend = Callable[[], Api]
"""Opens another window's door to the same backend."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, database: Kind) -> Iterator[Backend]:
    directory = tmp_path_factory.mktemp("contract")
    shop.lay_out(directory / "orderbell.db")
    with ServerThread(directory) as server, ExitStack() as opened:

        def open_door() -> Api:
            api = HttpApi(server.url)
            opened.callback(api.close)
            return api

        yield open_door


@pytest.fixture(scope="module")
def fake(database: Kind) -> Backend:
    """A new one for each database: the tests sign the same people up."""
    backend = FakeBackend(shop.MENU)
    backend.staff = {"Kim": (shop.CASHIER_PIN, Role.CASHIER), "Alex": (shop.ADMIN_PIN, Role.ADMIN)}
    for who in (shop.ADA, shop.GRACE):
        backend.add_customer(who.name, who.phone, who.password)

    def open_door() -> Api:
        api = HttpApi(ADDRESS)
        api.client = FakeClient(backend)
        return api

    return open_door


@pytest.fixture(scope="module", params=["fake", "real"])
def backend(request: pytest.FixtureRequest, fake: Backend, real: Backend) -> Backend:
    return fake if request.param == "fake" else real


@pytest.fixture(scope="module")
def ada(backend: Backend) -> Api:
    door = backend()
    door.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
    return door


@pytest.fixture(scope="module")
def grace(backend: Backend) -> Api:
    door = backend()
    door.sign_in(SignIn(login=shop.GRACE.phone, password=shop.GRACE.password))
    return door


@pytest.fixture(scope="module")
def kim(backend: Backend) -> Api:
    door = backend()
    door.staff_sign_in(StaffSignIn(staff="Kim", pin=shop.CASHIER_PIN, device=shop.DEVICE))
    return door


def place(door: Api, *lines: NewLine) -> Order:
    return door.call(routes.PLACE(body=PlaceOrder(lines=lines or (FRIES,))))


def move(door: Api, order: Order, to: OrderStatus, reason: str = "") -> Order:
    return door.call(routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=to, version=order.version, reason=reason)))


def test_signing_in(backend: Backend) -> None:
    door = backend()
    tokens = door.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
    assert (tokens.person.name, tokens.person.role) == (shop.ADA.name, Role.CUSTOMER)
    assert tokens.shop_name == shop.MENU.shop_name
    staff = backend().staff_sign_in(StaffSignIn(staff="Alex", pin=shop.ADMIN_PIN, device=shop.DEVICE))
    assert (staff.person.role, staff.device) == (Role.ADMIN, shop.DEVICE)


def test_a_wrong_password_or_pin_opens_nothing(backend: Backend) -> None:
    door = backend()
    with pytest.raises(SignedOut):
        door.sign_in(SignIn(login=shop.ADA.phone, password="not this one"))
    with pytest.raises(SignedOut):
        door.sign_in(SignIn(login="+1 555 9999", password=shop.ADA.password))
    with pytest.raises(SignedOut):
        door.staff_sign_in(StaffSignIn(staff="Kim", pin="00000000", device=shop.DEVICE))
    with pytest.raises(SignedOut):
        door.call(routes.HISTORY(query=HistoryQuery()))


def test_signing_up_signs_in_and_is_once_per_phone(backend: Backend) -> None:
    request = SignUp(name="Nia", phone="+1 555 0177", password="long enough")
    door = backend()
    assert door.sign_up(request).person.name == "Nia"
    assert door.call(routes.HISTORY(query=HistoryQuery())).total == 0
    with pytest.raises(Conflict) as refused:
        backend().sign_up(request)
    assert refused.value.order is None


def test_a_password_that_is_guessed_first_is_refused_at_its_field(backend: Backend) -> None:
    with pytest.raises(Refused) as refused:
        backend().sign_up(SignUp(name="Nia", phone="+1 555 0178", password="password1"))
    assert (refused.value.field, refused.value.message) == (
        "password",
        "This password is one of the first that are guessed. Choose another.",
    )


def test_signing_out_ends_it(backend: Backend) -> None:
    door = backend()
    door.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
    for _ in range(2):
        door.sign_out()
        with pytest.raises(SignedOut):
            door.call(routes.HISTORY(query=HistoryQuery()))


def test_the_menu_is_for_everybody(backend: Backend, ada: Api, kim: Api) -> None:
    for door in (backend(), ada, kim):
        menu = door.call(routes.MENU())
        assert menu.categories == shop.MENU.categories
        assert (menu.currency, menu.tax) == (shop.MENU.currency, shop.MENU.tax)


# -- a customer's orders


def test_a_placed_order_is_priced_by_the_menu(ada: Api) -> None:
    asked = PlaceOrder(
        lines=(GUACAMOLE_BOWL, FRIES),
        fulfilment=Fulfilment.DELIVERY,
        tender=Tender.CASH_ON_DELIVERY,
        address="1 Main Street",
        note="ring twice",
        id=new_order_id(),
    )
    order = ada.call(routes.PLACE(body=asked))
    assert order.id == asked.id
    assert (order.subtotal_minor, order.tax_minor, order.total_minor) == (2790, 230, 3020)
    assert [(line.quantity, line.total_minor, line.note) for line in order.lines] == [
        (2, 2400, "no rice"),
        (1, 390, ""),
    ]
    assert [modifier.name for modifier in order.lines[0].modifiers] == ["Chicken", "Guacamole"]
    assert (order.status, order.payment, order.channel) == (S.PENDING, PaymentState.UNPAID, Channel.ONLINE)
    assert (order.address, order.note, order.customer_name) == ("1 Main Street", "ring twice", shop.ADA.name)
    assert order.number.startswith("ONLINE-")
    assert ada.call(routes.ORDER(order.id)) == order


def test_the_same_operation_again_is_the_same_order(ada: Api) -> None:
    op_id, request = new_op_id(), PlaceOrder(lines=(FRIES,), id=new_order_id())
    total = ada.call(routes.HISTORY(query=HistoryQuery())).total
    assert ada.call(routes.PLACE(body=request, op_id=op_id)) == ada.call(routes.PLACE(body=request, op_id=op_id))
    assert ada.call(routes.HISTORY(query=HistoryQuery())).total == total + 1


def test_the_same_operation_with_another_request_is_refused(ada: Api) -> None:
    op_id, request = new_op_id(), PlaceOrder(lines=(FRIES,), id=new_order_id())
    ada.call(routes.PLACE(body=request, op_id=op_id))
    with pytest.raises(Refused) as refused:
        ada.call(routes.PLACE(body=msgspec.structs.replace(request, lines=(GUACAMOLE_BOWL,)), op_id=op_id))
    assert refused.value.field == IDEMPOTENCY_KEY


def test_another_operation_for_the_same_order_meets_the_one_that_is_there(ada: Api, grace: Api) -> None:
    """What a window leans on that sends a changed basket after a lost answer (ADR 0011)."""
    request = PlaceOrder(lines=(FRIES,), id=new_order_id())
    order = ada.call(routes.PLACE(body=request))
    for door in (ada, grace):
        with pytest.raises(Conflict) as refused:
            door.call(routes.PLACE(body=msgspec.structs.replace(request, lines=(GUACAMOLE_BOWL,))))
        assert refused.value.order is None, "nobody is told about an order by guessing its id"
    assert ada.call(routes.ORDER(order.id)).lines == order.lines
    with pytest.raises(NotFound):
        grace.call(routes.ORDER(order.id))


def test_what_was_refused_may_be_asked_again_under_its_operation(ada: Api, kim: Api) -> None:
    order, op_id = place(ada), new_op_id()
    late = ChangeStatus(to=ONLINE[1], version=2)
    with pytest.raises(Conflict):
        kim.call(routes.CHANGE_STATUS(order.id, body=late, op_id=op_id))
    move(kim, order, ONLINE[0])
    assert kim.call(routes.CHANGE_STATUS(order.id, body=late, op_id=op_id)).status is ONLINE[1]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((FRIES, NewLine(item_id=shop.SOLD_OUT)), "lines[1].item_id"),
        ((NewLine(item_id=ItemId("cake")),), "lines[0].item_id"),
        ((FRIES, FRIES, NewLine(item_id=shop.BOWL, modifier_ids=(ModifierId("rice"),))), "lines[2].modifier_ids[0]"),
        (
            (NewLine(item_id=shop.BOWL, modifier_ids=(shop.CHICKEN, ModifierId("tofu"))),),
            "lines[0].modifier_ids",
        ),
    ],
)
def test_what_cannot_be_had_names_its_line(ada: Api, lines: tuple[NewLine, ...], field: str) -> None:
    total = ada.call(routes.HISTORY(query=HistoryQuery())).total
    with pytest.raises(Refused) as refused:
        place(ada, *lines)
    assert refused.value.field == field
    with pytest.raises(Refused, match="address"):
        ada.call(routes.PLACE(body=PlaceOrder(lines=(FRIES,), fulfilment=Fulfilment.DELIVERY)))
    assert refused.value.message
    assert ada.call(routes.HISTORY(query=HistoryQuery())).total == total


def test_the_history_comes_newest_first_in_pages(backend: Backend) -> None:
    door = backend()
    phone = f"+1 555 {new_order_id()[-4:].translate(str.maketrans('abcdef', '123456'))}8"
    door.sign_up(SignUp(name="Nia", phone=phone, password="long enough"))
    placed = [place(door).id for _ in range(5)]
    first = door.call(routes.HISTORY(query=HistoryQuery(limit=2)))
    second = door.call(routes.HISTORY(query=HistoryQuery(limit=2, cursor=first.next_cursor or "")))
    third = door.call(routes.HISTORY(query=HistoryQuery(limit=2, cursor=second.next_cursor or "")))
    pages = (first, second, third)
    assert [order.id for page in pages for order in page.orders] == placed[::-1]
    assert [page.total for page in pages] == [5, 5, 5]
    assert third.next_cursor is None
    assert all(order.lines for order in first.orders)


def test_an_order_is_its_customers_alone(ada: Api, grace: Api) -> None:
    order = place(ada)
    for call in (
        lambda: grace.call(routes.ORDER(order.id)),
        lambda: grace.call(routes.ORDER_STATUS(order.id)),
        lambda: grace.call(routes.CANCEL(order.id, body=CancelOrder())),
        lambda: grace.call(routes.ORDER(OrderId(new_order_id()))),
    ):
        with pytest.raises(NotFound):
            call()
    assert order.id not in {each.id for each in grace.call(routes.HISTORY(query=HistoryQuery(limit=100))).orders}


def test_the_status_report_tells_the_way_so_far(ada: Api, kim: Api) -> None:
    order = place(ada)
    move(kim, order, NEXT)
    report = ada.call(routes.ORDER_STATUS(order.id))
    assert (report.status, report.version, report.number) == (NEXT, 2, order.number)
    steps = len(steps_of(order.fulfilment))
    assert (report.status_info.step, report.status_info.steps, report.status_info.progress) == (2, steps, 200 // steps)
    assert [(change.source, change.target) for change in report.history] == [
        (None, S.PENDING),
        (S.PENDING, NEXT),
    ]
    assert {change.by for change in report.history} == {""}, "a customer is not told who"


def test_a_customer_cancels_until_the_shop_confirms(ada: Api, kim: Api) -> None:
    order, op_id = place(ada), new_op_id()
    cancelled = ada.call(routes.CANCEL(order.id, body=CancelOrder(reason="changed my mind"), op_id=op_id))
    assert (cancelled.status, cancelled.reason) == (S.CANCELLED, "changed my mind")
    assert ada.call(routes.CANCEL(order.id, body=CancelOrder(reason="changed my mind"), op_id=op_id)) == cancelled
    confirmed = move(kim, place(ada), NEXT)
    with pytest.raises(Conflict) as refused:
        ada.call(routes.CANCEL(confirmed.id, body=CancelOrder()))
    assert refused.value.order is not None
    assert refused.value.order.status is NEXT


def test_an_order_taken_at_the_counter(kim: Api) -> None:
    order = kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), customer_name="Sam")))
    assert (order.channel, order.status, order.payment) == (Channel.COUNTER, S.CONFIRMED, PaymentState.PAID)
    assert (order.fulfilment, order.customer_id, order.customer_name) == (Fulfilment.DINE_IN, None, "Sam")
    assert order.number.startswith(f"{shop.DEVICE}-")


def test_what_is_taken_off_at_the_counter_is_kept_and_customers_take_nothing_off(ada: Api, kim: Api) -> None:
    half = Discount(rate=50_000, reason="Staff meal")
    line = msgspec.structs.replace(FRIES, quantity=2, discount=half)
    regular = Discount(amount_minor=90, reason="Regular")
    order = kim.call(routes.TAKE(body=TakeOrder(lines=(line,), discount=regular)))
    assert (order.subtotal_minor, order.discount_minor) == (780, 480)
    [kept] = order.lines
    assert (kept.discount, kept.discount_minor, kept.order_discount_minor) == (half, 390, 90)
    assert order.total_minor == 300 + order.tax_minor
    with pytest.raises(Refused) as refused:
        ada.call(routes.PLACE(body=PlaceOrder(lines=(line,))))
    assert refused.value.field == "lines[0].discount"
    with pytest.raises(Refused) as refused:
        kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), discount=Discount(rate=1, reason=" "))))
    assert refused.value.field == "discount.reason"


def test_an_order_has_a_name_and_a_phone_of_its_own(kim: Api) -> None:
    """Without an account: nobody has to have one to be called when it is ready."""
    request = TakeOrder(lines=(FRIES,), customer_name="Table 7", customer_phone="2125550142")
    order = kim.call(routes.TAKE(body=request))
    order = kim.call(routes.DETAILS(order.id)).order
    assert (order.customer_id, order.customer_name, order.customer_phone) == (None, "Table 7", "2125550142")
    with pytest.raises(Refused) as refused:
        kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), customer_phone="378282246310005")))
    assert refused.value.field == "customer_phone"


def test_an_order_taken_for_a_known_customer_is_theirs(kim: Api, ada: Api) -> None:
    (known,) = kim.call(routes.CUSTOMERS(query=CustomerQuery(q="ada"))).customers
    taken = kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), customer_id=known.id)))
    assert (taken.customer_id, taken.customer_name) == (known.id, shop.ADA.name)
    assert ada.call(routes.ORDER(taken.id)).number == taken.number
    with pytest.raises(Refused):
        kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), customer_id=CustomerId(new_order_id()))))


def test_customers_are_found_by_the_whole_number_or_a_name(kim: Api) -> None:
    for q in ("+1 555 0101", "15550101", "grace", "Grace  HOPPER"):
        assert [customer.name for customer in kim.call(routes.CUSTOMERS(query=CustomerQuery(q=q))).customers] == [
            shop.GRACE.name
        ], q
    for q in ("0101", "gra", "nobody"):
        assert list(kim.call(routes.CUSTOMERS(query=CustomerQuery(q=q))).customers) == [], q


def test_the_board_has_every_open_order_oldest_first(kim: Api, ada: Api) -> None:
    first, second, third = place(ada), place(ada), place(ada)
    move(kim, second, S.REJECTED, "closed")
    page = kim.call(routes.ORDERS(query=OrderQuery(open=True, limit=500)))
    mine = [order.id for order in page.orders if order.id in {first.id, second.id, third.id}]
    assert mine == [first.id, third.id]
    assert page.total == len(page.orders)


def test_orders_are_found_by_number_and_by_name(kim: Api, ada: Api) -> None:
    order = place(ada)
    for sought in (order.number, order.number[-6:], "lovel"):
        found = kim.call(routes.ORDERS(query=OrderQuery(q=sought, limit=500))).orders
        assert order.id in {each.id for each in found}
    rejected = kim.call(routes.ORDERS(query=OrderQuery(status=(S.REJECTED,), limit=500))).orders
    assert order.id not in {each.id for each in rejected}


def test_a_move_names_the_version_it_saw(kim: Api, ada: Api) -> None:
    order = place(ada)
    op_id, request = new_op_id(), ChangeStatus(to=NEXT, version=1)
    confirmed = kim.call(routes.CHANGE_STATUS(order.id, body=request, op_id=op_id))
    assert (confirmed.status, confirmed.version) == (NEXT, 2)
    assert kim.call(routes.CHANGE_STATUS(order.id, body=request, op_id=op_id)) == confirmed
    assert kim.call(routes.CHANGE_STATUS(order.id, body=request)) == confirmed, "it is where it was wanted"
    with pytest.raises(Conflict) as stale:
        kim.call(routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=S.CANCELLED, version=1, reason="late")))
    assert stale.value.order == confirmed


def test_an_illegal_move_shows_the_order_as_it_is(kim: Api, ada: Api) -> None:
    order = place(ada)
    with pytest.raises(Conflict) as refused:
        move(kim, order, S.READY)
    assert refused.value.order is not None
    assert refused.value.order.status is S.PENDING


def test_cancelling_and_rejecting_say_why(kim: Api, ada: Api) -> None:
    order = place(ada)
    with pytest.raises(Refused) as refused:
        move(kim, order, S.REJECTED)
    assert refused.value.field == "reason"
    assert move(kim, order, S.REJECTED, "out of rice").reason == "out of rice"
    assert ada.call(routes.ORDER(order.id)).reason == "out of rice"


def test_recalling_goes_one_step_back(kim: Api, ada: Api) -> None:
    confirmed = move(kim, place(ada), NEXT)
    recalled = kim.call(routes.RECALL(confirmed.id, body=RecallOrder(version=confirmed.version)))
    assert (recalled.status, recalled.version) == (S.PENDING, 3)
    with pytest.raises(Conflict) as refused:
        kim.call(routes.RECALL(confirmed.id, body=RecallOrder(version=3)))
    assert refused.value.order is not None
    history = kim.call(routes.DETAILS(confirmed.id)).history
    assert [change.target for change in history] == [S.PENDING, NEXT, S.PENDING]


def test_payment_is_beside_preparation(kim: Api, ada: Api) -> None:
    order = place(ada)
    paid = kim.call(
        routes.CHANGE_PAYMENT(order.id, body=ChangePayment(payment=PaymentState.PAID, version=1, tender=Tender.CARD))
    )
    assert (paid.payment, paid.tender, paid.status, paid.version) == (PaymentState.PAID, Tender.CARD, S.PENDING, 2)
    with pytest.raises(Conflict) as stale:
        kim.call(routes.CHANGE_PAYMENT(order.id, body=ChangePayment(payment=PaymentState.REFUNDED, version=1)))
    assert stale.value.order == paid


def test_a_payment_keeps_its_author_and_a_refund_its_reason(kim: Api, ada: Api) -> None:
    def change(order: Order, payment: PaymentState, tender: Tender | None = None, reason: str = "") -> Order:
        asked = ChangePayment(payment=payment, version=order.version, tender=tender, reason=reason)
        return kim.call(routes.CHANGE_PAYMENT(order.id, body=asked))

    paid = change(place(ada), PaymentState.PAID, Tender.CARD)
    with pytest.raises(Refused) as unsaid:
        change(paid, PaymentState.REFUNDED)
    assert unsaid.value.field == "reason"
    with pytest.raises(Conflict) as other:
        change(paid, PaymentState.REFUNDED, Tender.CASH, "cold")
    assert other.value.order == paid
    refunded = change(paid, PaymentState.REFUNDED, reason="cold")
    with pytest.raises(Conflict):
        change(refunded, PaymentState.REFUNDED, Tender.CASH, "cold")
    kept = kim.call(routes.DETAILS(paid.id)).payments
    assert [(each.source, each.target, each.tender, each.reason) for each in kept] == [
        (PaymentState.UNPAID, PaymentState.PAID, Tender.CARD, ""),
        (PaymentState.PAID, PaymentState.REFUNDED, Tender.CARD, "cold"),
    ]
    assert {(each.by, each.device) for each in kept} == {("Kim", "POS1")}
    with pytest.raises(Refused) as born:
        kim.call(routes.TAKE(body=TakeOrder(lines=(FRIES,), payment=PaymentState.REFUNDED)))
    assert born.value.field == "payment"


def test_everybody_has_their_own_side_of_the_counter(kim: Api, ada: Api) -> None:
    order = place(ada)
    for call in (
        lambda: ada.call(routes.ORDERS(query=OrderQuery())),
        lambda: ada.call(routes.DETAILS(order.id)),
        lambda: ada.call(routes.CUSTOMERS(query=CustomerQuery(q="gr"))).customers,
        lambda: move(ada, order, NEXT),
        lambda: ada.call(routes.TAKE(body=TakeOrder(lines=(FRIES,)))),
        lambda: kim.call(routes.HISTORY(query=HistoryQuery())),
        lambda: kim.call(routes.ORDER(order.id)),
        lambda: place(kim),
    ):
        with pytest.raises(Refused):
            call()
