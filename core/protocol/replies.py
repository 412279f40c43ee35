"""What the server answers."""

from datetime import datetime
from typing import Any

import msgspec

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
    """The shop's id. Empty: the server is older than this."""
    shop_name: str = ""
    device: str = ""
    """The terminal's number series, for staff."""
    series_last: int | None = None
    """On a sign-in of staff: the number that the series has come to. What is given next is above it."""
    client_token: str = ""
    """To be kept beyond sign-out, and shown at the next `SignIn`: it proves that this customer has signed in here, and
    gives no right. Empty where there is nothing new to keep."""
    sealing_key: bytes = b""
    """The server's public key (X25519), to which a window seals what it keeps of this person after sign-out. Empty: the
    server is older than this."""


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, how many there are in all, and where the next page starts (None: this was the last)."""

    orders: tuple[Order, ...]
    total: int
    next_cursor: str | None = None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """Where one order stands, and how it got there."""

    order_id: OrderId
    number: str
    status: OrderStatus
    version: int
    updated_at: datetime
    status_info: StatusInfo
    history: tuple[StatusChange, ...]


class OrderDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One order with its history, as staff see it: who, from which device, why."""

    order: Order
    history: tuple[StatusChange, ...]
    payments: tuple[PaymentChange, ...] = ()
    """What happened to its payment, oldest first. Empty as long as it is as it was placed, unpaid."""


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
    """It may be sent requests. What is worth a look all the same is in `warnings`."""

    status: str
    version: str
    warnings: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """An OpenAPI description (https://spec.openapis.org/oas/v3.1.1)."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
