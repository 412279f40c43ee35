"""The examples of the OpenAPI document: one day at the counter."""
# ruff: noqa: S106 - nobody's secrets

from datetime import UTC, date, datetime, timedelta
from typing import Final

from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    AskChange,
    CancelOrder,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    PlaceOrder,
    RecallOrder,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import Discount
from core.domain.ids import CustomerId, DeviceId, ItemId, ModifierId, OpId, OrderId, ShopId, StaffId, line_id
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax
from core.domain.order import (
    Channel,
    LineModifier,
    LineTax,
    NewLine,
    Order,
    OrderLine,
    PaymentState,
    StatusChange,
    Tender,
)
from core.domain.payment import PaymentChange
from core.domain.people import Customer, DeviceKind, Person, Role
from core.domain.pictures import picture_id
from core.domain.sale.taxes import Tax as RateOfTable
from core.domain.sale.taxes import TaxEntry, TaxTable
from core.domain.status import Fulfilment, OrderStatus, status_info
from core.protocol.accounts import (
    AddStaff,
    ChangeCustomer,
    ChangeStaff,
    CustomerAccount,
    CustomerAccounts,
    StaffAccount,
    StaffList,
    Unlock,
)
from core.protocol.devices import DeviceList, DeviceReport, Invitation, InviteDevice, Pair, Paired
from core.protocol.display import Ticket, TicketsReply
from core.protocol.events import OrderStatusChanged
from core.protocol.feed import Cursor, EventPage, Frame, Snapshot
from core.protocol.pictures import KeepPicture, KeptPicture, Picture
from core.protocol.replies import (
    Availability,
    CustomerList,
    Health,
    OrderDetails,
    OrderPage,
    Readiness,
    StaffOrderPage,
    StatusReport,
    Tokens,
)
from core.protocol.requests import (
    ChangeAvailability,
    ChangeShop,
    DeviceSignIn,
    RefreshTokens,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
)
from core.protocol.sealed import OpenedOperation, OpenedOperations, OpenOperations, SealedOperation, SealedSignOut
from core.protocol.security import ExportNote
from core.protocol.trust import Authority

_AT: Final = datetime(2026, 5, 4, 11, 30, tzinfo=UTC)
_LATER: Final = _AT + timedelta(minutes=2)
_BOWL: Final = ItemId("burrito-bowl")
_GUACAMOLE: Final = ModifierId("guacamole")
_ORDER_ID: Final = OrderId("01920000-0000-7000-8000-000000000001")
_LINE: Final = line_id(_ORDER_ID, 0)
_CUSTOMER: Final = CustomerId("01920000-0000-7000-8000-000000000002")

SIGN_UP: Final = SignUp(name="Ada", phone="+49 30 1234567", password="correct horse", email="ada@example.org")
SIGN_IN: Final = SignIn(login="+49 30 1234567", password="correct horse")
STAFF_SIGN_IN: Final = StaffSignIn(staff="Kim", pin="2468", device="POS1")
DEVICE_SIGN_IN: Final = DeviceSignIn(device="BOARD1", secret="7Q4M-K2XD-9HTR-W5CN")
REFRESH: Final = RefreshTokens(refresh_token="Zm9yIGV4YW1wbGUgb25seQ")
PLACE: Final = PlaceOrder(
    lines=(NewLine(item_id=_BOWL, quantity=2, modifier_ids=(_GUACAMOLE,), note="no onions"),),
    fulfilment=Fulfilment.PICKUP,
    tender=Tender.CARD,
)
TAKE: Final = TakeOrder(lines=(NewLine(item_id=_BOWL),), payment=PaymentState.PAID, customer_name="Grace")
CHANGE_STATUS: Final = ChangeStatus(to=OrderStatus.CONFIRMED, version=1)
RECALL: Final = RecallOrder(version=2)
CHANGE_PAYMENT: Final = ChangePayment(payment=PaymentState.PAID, version=2, tender=Tender.CARD)
TAKE_PAYMENT: Final = TakePayment(version=2, tender=Tender.CASH, amount_minor=700, tip_minor=100, given_minor=1000)
UNDO_PAYMENT: Final = UndoPayment(version=3, tender=Tender.CASH, amount_minor=700, tip_minor=100, reason="By mistake")
REFUND: Final = RefundOrder(version=4, amount_minor=250, reason="Something was wrong with it")
AMEND: Final = AmendOrder(
    version=4,
    lines=(AmendedLine(id=_LINE, quantity=1), AmendedLine(item_id=_BOWL, modifier_ids=(_GUACAMOLE,))),
    fulfilment=Fulfilment.PICKUP,
    customer_name="Ada",
    reason="The guest has changed their mind",
    tender=Tender.CARD,
)
ASK_CHANGE: Final = AskChange(
    version=1,
    lines=(AmendedLine(id=_LINE, quantity=1), AmendedLine(item_id=_BOWL, modifier_ids=(_GUACAMOLE,))),
    note="at the window, please",
)
DECLINE_CHANGE: Final = DeclineChange(version=3, answers=3, reason="It is being made already")
CANCEL: Final = CancelOrder(reason="I ordered twice")

_PERSON: Final = Person(id=_CUSTOMER, role=Role.CUSTOMER, name="Ada", phone="49301234567", email="ada@example.org")
TOKENS: Final = Tokens(
    access_token="eyJhbGciOiJIUzI1NiJ9.e30.signature",
    refresh_token="Zm9yIGV4YW1wbGUgb25seQ",
    expires_in_s=600,
    person=_PERSON,
    shop_name="Corner Kitchen",
)
STAFF_TOKENS: Final = Tokens(
    access_token=TOKENS.access_token,
    refresh_token=TOKENS.refresh_token,
    expires_in_s=600,
    person=Person(id="01920000-0000-7000-8000-000000000003", role=Role.CASHIER, name="Kim"),
    shop_name="Corner Kitchen",
    device="POS1",
)
DEVICE_TOKENS: Final = Tokens(
    access_token=TOKENS.access_token,
    refresh_token=TOKENS.refresh_token,
    expires_in_s=600,
    person=Person(id="01920000-0000-7000-8000-000000000000/BOARD1", role=Role.DISPLAY, name="BOARD1"),
    shop_name="Corner Kitchen",
    device="BOARD1",
)
STAFF_ACCOUNT: Final = StaffAccount(
    id=StaffId("01920000-0000-7000-8000-000000000003"), name="Kim", role=Role.CASHIER, created_at=_AT
)
STAFF_LIST: Final = StaffList(staff=(STAFF_ACCOUNT,))
ADD_STAFF: Final = AddStaff(name="Kim", pin="246813")
CHANGE_STAFF: Final = ChangeStaff(disabled=True)
CUSTOMER_ACCOUNT: Final = CustomerAccount(
    id=_CUSTOMER, name="Ada", phone="49301234567", email="ada@example.org", orders=12, created_at=_AT
)
CUSTOMER_ACCOUNTS: Final = CustomerAccounts(customers=(CUSTOMER_ACCOUNT,))
EXPORTED: Final = ExportNote(what="orders", rows=1200)
UNLOCK: Final = Unlock(address="192.0.2.7")
CHANGE_CUSTOMER: Final = ChangeCustomer(password="correct horse")
INVITE_DEVICE: Final = InviteDevice(name=DeviceId("POS2"))
INVITATION: Final = Invitation(
    name=DeviceId("POS2"), kind=DeviceKind.POS, code="K7QF-2M9X", expires_at=_AT + timedelta(minutes=10)
)
PAIR: Final = Pair(code="K7QF-2M9X")
PAIRED: Final = Paired(
    name=DeviceId("POS2"),
    kind=DeviceKind.POS,
    secret="Zm9yIGV4YW1wbGUgb25seQ",
    shop=ShopId("01920000-0000-7000-8000-000000000000"),
    shop_name="Corner Kitchen",
)
DEVICES: Final = DeviceList(
    devices=(
        DeviceReport(
            name=DeviceId("POS2"),
            kind=DeviceKind.POS,
            paired_at=_AT,
            last_contact_at=_LATER,
            app_version="0.1.0",
            lag_events=0,
            lag_s=0.0,
        ),
    )
)
ORDER: Final = Order(
    id=OrderId("01920000-0000-7000-8000-000000000001"),
    shop_id=ShopId("01920000-0000-7000-8000-000000000000"),
    number="ONLINE-000127",
    channel=Channel.ONLINE,
    status=OrderStatus.CONFIRMED,
    version=2,
    fulfilment=Fulfilment.PICKUP,
    tender=Tender.CARD,
    payment=PaymentState.UNPAID,
    currency="EUR",
    subtotal_minor=2350,
    tax_minor=154,
    total_minor=2350,
    placed_at=_AT,
    updated_at=_LATER,
    moved_at=_LATER,
    customer_id=_CUSTOMER,
    customer_name="Ada",
    customer_phone="49301234567",
    tax_date=_AT.date(),
    lines=(
        OrderLine(
            *(_BOWL, "Burrito bowl", 2, 1175, 2350, (LineModifier("Guacamole", 200),), "no onions", _LINE),
            taxes=(LineTax("VAT", 7_000, 154),),
        ),
    ),
)
_PLACED: Final = StatusChange(source=None, target=OrderStatus.PENDING, at=_AT)
PAGE: Final = OrderPage(orders=(ORDER,), total=1)
STAFF_PAGE: Final = StaffOrderPage(orders=(ORDER,), total=1)
REPORT: Final = StatusReport(
    order_id=ORDER.id,
    number=ORDER.number,
    status=ORDER.status,
    version=ORDER.version,
    updated_at=ORDER.updated_at,
    status_info=status_info(ORDER.status, ORDER.fulfilment),
    history=(_PLACED, StatusChange(source=OrderStatus.PENDING, target=OrderStatus.CONFIRMED, at=_LATER)),
)
DETAILS: Final = OrderDetails(
    order=ORDER,
    history=(
        StatusChange(source=None, target=OrderStatus.PENDING, at=_AT, by="Ada"),
        StatusChange(source=OrderStatus.PENDING, target=OrderStatus.CONFIRMED, at=_LATER, by="Kim", device="POS1"),
    ),
    payments=(
        PaymentChange(
            version=2,
            source=PaymentState.UNPAID,
            target=PaymentState.PAID,
            tender=Tender.CARD,
            at=_LATER,
            by="Kim",
            device="POS1",
        ),
    ),
)
CUSTOMERS: Final = CustomerList(
    customers=(Customer(id=_CUSTOMER, name="Ada", phone="49301234567", email="ada@example.org"),)
)
TAX_TABLE: Final = TaxTable(
    (
        TaxEntry("standard", (RateOfTable("VAT", 7_000),)),
        TaxEntry("drinks", (RateOfTable("VAT", 19_000),), "dine_in", date(2026, 1, 1)),
        TaxEntry("drinks", (RateOfTable("VAT", 19_000),)),
    )
)
MENU: Final = Menu(
    shop_name="Corner Kitchen",
    currency="EUR",
    tax=Tax(rate_bp=700, included=True),
    taxes=TAX_TABLE,
    discounts=(Discount(reason="Staff meal", rate=50_000),),
    categories=(
        Category(
            "bowls",
            "Bowls",
            (
                MenuItem(
                    _BOWL,
                    "Burrito bowl",
                    975,
                    groups=(
                        ModifierGroup("extras", "Extras", (Modifier(_GUACAMOLE, "Guacamole", 200, default=True),)),
                    ),
                ),
            ),
        ),
    ),
)
REPLACE_MENU: Final = ReplaceMenu(version=12, categories=MENU.categories)
_PICTURE: Final = (
    b"\xff\xd8\xff\xdb\x00\x43\x00" + b"\x01" * 64 + b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
    b"\xff\xc4\x00\x14\x00\x01" + b"\x00" * 16 + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\xd2\xff\xd9"
)
"""Eight by eight pixels of one grey."""
KEEP_PICTURE: Final = KeepPicture(_PICTURE)
KEPT_PICTURE: Final = KeptPicture(picture_id(_PICTURE))
PICTURE: Final = Picture(_PICTURE)
CHANGE_SHOP: Final = ChangeShop(name="Corner Kitchen", time_zone="America/New_York", taxes=TAX_TABLE.entries)
CHANGE_AVAILABILITY: Final = ChangeAvailability(available=False)
AVAILABILITY: Final = Availability(item_id=_BOWL, available=False, version=13)
HEALTH: Final = Health(status="ok", version="0.1.0")
READINESS: Final = Readiness(status="ready", version="0.1.0")
_HEAD: Final = Cursor("01920000-0000-7000-8000-00000000000a", 41, "01920000-0000-7000-8000-00000000000b")
_CONFIRMED: Final = OrderStatusChanged(
    order_id=ORDER.id,
    customer_id=_CUSTOMER,
    number=ORDER.number,
    source=OrderStatus.PENDING,
    target=OrderStatus.CONFIRMED,
    version=2,
    reason="",
    at=_LATER,
)
EVENT_PAGE: Final = EventPage(frames=(Frame(seq=41, prev=37, event=_CONFIRMED),), cursor=str(_HEAD), more=False)
SNAPSHOT: Final = Snapshot(cursor=str(_HEAD), orders=(ORDER,), total=1, menu_version=1)
BOARD: Final = TicketsReply(
    tickets=(Ticket(order_id=ORDER.id, number=ORDER.number, status=OrderStatus.READY, since=_LATER, first_name="Ada"),),
    cursor=str(_HEAD),
)
OPEN_OPERATIONS: Final = OpenOperations(
    (SealedOperation(OpId("01920000-0000-7000-8000-000000000009"), b"sealed to the server's key"),)
)
OPENED_OPERATIONS: Final = OpenedOperations(
    (OpenedOperation(OpId("01920000-0000-7000-8000-000000000009"), b"as the window kept it"),)
)
SEALED_SIGN_OUT: Final = SealedSignOut(ShopId("01920000-0000-7000-8000-000000000000"), b"sealed to the server's key")
AUTHORITY: Final = Authority(certificate="-----BEGIN CERTIFICATE-----\nMIIBlTCC…\n-----END CERTIFICATE-----\n")
