"""Replies of the server."""

from datetime import datetime
from typing import Any

import msgspec

from core.domain.amendment import Amendment, Changed
from core.domain.change_request import RequestStep
from core.domain.ids import ItemId, OrderId
from core.domain.order import Order, StatusChange
from core.domain.payment import PaymentChange
from core.domain.people import Customer, Person
from core.domain.status import OrderStatus, StatusInfo


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in session. `expires_in_s` is the access token's life; the refresh token works once."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    person: Person
    shop: str = ""
    """The shop's id. Empty for an older server."""
    shop_name: str = ""
    device: str = ""
    """The POS's number series, for staff."""
    series_last: int | None = None
    """For staff: the last number of the series. The POS continues above it."""
    client_token: str = ""
    """To be kept beyond sign-out, and sent with the next `SignIn`: it proves that this customer has signed in here, and
    grants nothing. Empty where there is no new one."""
    sealing_key: bytes = b""
    """The server's public key (X25519), to which a window seals this person's data after sign-out. Empty for an older
    server."""


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, the number of all, and the next page's cursor (None: this was the last)."""

    orders: tuple[Order, ...]
    total: int
    total_is_least: bool = False
    """Whether there are more than `total`: what finds many orders is not counted to the end."""
    next_cursor: str | None = None


class StaffOrderPage(OrderPage, frozen=True, kw_only=True):
    """Orders as staff find them."""

    cashiers: dict[OrderId, str] = {}
    """Who of the staff took each order, for a query that asks for it. A customer's own orders are not in it."""


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """The status of one order, and its history."""

    order_id: OrderId
    number: str
    status: OrderStatus
    version: int
    updated_at: datetime
    status_info: StatusInfo
    history: tuple[StatusChange, ...]
    changed: tuple[Changed, ...] = ()
    """What the shop changed of the order, oldest first."""


class OrderDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One order with its history, as staff see it: who, from which device, why."""

    order: Order
    history: tuple[StatusChange, ...]
    payments: tuple[PaymentChange, ...] = ()
    """The payment history, oldest first. Empty for an order that is unpaid as it was placed."""
    amendments: tuple[Amendment, ...] = ()
    """Every amendment with the version that it replaced, oldest first."""
    requests: tuple[RequestStep, ...] = ()
    """What its customer asked for and what was answered, oldest first."""


class CustomerList(msgspec.Struct, frozen=True, kw_only=True):
    customers: tuple[Customer, ...]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an item is sold, as of that version of the menu."""

    item_id: ItemId
    available: bool
    version: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str
    version: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The backend accepts requests. Less urgent problems are in `warnings`."""

    status: str
    version: str
    warnings: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """An OpenAPI description (https://spec.openapis.org/oas/v3.1.1)."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
