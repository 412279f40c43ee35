"""Requests, beside the commands of `core.domain.commands`. Limits here are the wire's.

Unknown fields are ignored, so that older clients keep working.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.commands import Version
from core.domain.discount import MAX_OFFERED, Discount
from core.domain.menu import Category, ChangesUntil, DrawerUse
from core.domain.order import Order, PaymentState
from core.domain.payment import payments_of
from core.domain.sale.rounding import MAX_INCREMENT, Rounding
from core.domain.sale.taxes import TaxEntry
from core.domain.search import Sought
from core.domain.service import ShopService
from core.domain.status import OrderStatus
from core.domain.tax_table import MAX_ENTRIES
from core.domain.tenders import MAX_TENDERS, ShopTender

Name = Annotated[str, Meta(min_length=1, max_length=80)]
PHONE_LENGTH: Final = 40
"""Signs in the longest phone number that is typed."""
Phone = Annotated[
    str,
    Meta(
        max_length=PHONE_LENGTH,
        description="As dialled in the shop's country. Kept in international form: `+49301234567`.",
    ),
]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z", max_length=254)]
Password = Annotated[str, Meta(min_length=8, max_length=128)]
Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,10}\Z")]


class _AtScreen(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a customer's sign-in: anywhere, or at a shop's paired screen of kind `display`."""

    device: Annotated[str, Meta(max_length=20)] = ""
    """The screen's name; empty for other machines."""
    device_secret: Annotated[str, Meta(max_length=128)] = ""
    """The screen's secret from its pairing."""
    shop: Annotated[str, Meta(max_length=36)] = ""
    """The id of the shop; empty means the default shop."""


class SignUp(_AtScreen, frozen=True, kw_only=True):
    name: Name
    phone: Phone
    password: Password
    email: Email | None = None


class SignIn(_AtScreen, frozen=True, kw_only=True):
    """A customer's. `login` is the phone number or the e-mail address."""

    login: Annotated[str, Meta(min_length=1, max_length=254)]
    password: Annotated[str, Meta(max_length=128)]
    client_token: Annotated[str, Meta(max_length=100)] = ""
    """The token of the last sign-in here: failed attempts elsewhere do not lock its owner out."""


class StaffSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A cashier's or an admin's sign-in, at the POS named by `device` (its series: `POS1`)."""

    staff: Name
    pin: Annotated[str, Meta(max_length=128)]
    device: Annotated[str, Meta(min_length=1, max_length=20)]
    device_secret: Annotated[str, Meta(max_length=128)] = ""
    """The POS's secret from its pairing; one that was made with the shop has none until then."""
    shop: Annotated[str, Meta(max_length=36)] = ""
    """The shop's id; empty means the default shop."""
    window_id: Annotated[str, Meta(max_length=36)] = ""
    """The id of a window that numbers orders by itself. One window at a time counts a POS's series: a session in
    another one ends, and this one skips numbers that it may have issued."""


class DeviceSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A status display's or another screen's sign-in: its name (`BOARD1`), and its code or its secret from its
    pairing."""

    device: Annotated[str, Meta(min_length=1, max_length=20)]
    secret: Annotated[str, Meta(max_length=128)]
    shop: Annotated[str, Meta(max_length=36)] = ""
    """The shop's id; empty means the default shop."""


class RefreshTokens(msgspec.Struct, frozen=True, kw_only=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=200)]


class ReplaceMenu(msgspec.Struct, frozen=True, kw_only=True):
    """The whole new menu, based on `version`."""

    version: Version
    categories: tuple[Category, ...]


class ChangeShop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes of the shop; fields that are absent stay as they are."""

    name: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    currency: Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217.")] | None = None
    tax_rate_bp: Annotated[int, Meta(ge=0, le=10_000, description="Hundredths of a percent.")] | None = None
    """Of the standard category from now on, at any time: what a client of one rate sends."""
    tax_included: bool | None = None
    taxes: Annotated[tuple[TaxEntry, ...], Meta(max_length=MAX_ENTRIES)] | None = None
    """The whole tax table."""
    discounts: Annotated[tuple[Discount, ...], Meta(max_length=MAX_OFFERED)] | None = None
    """All that staff give at one press."""
    tenders: Annotated[tuple[ShopTender, ...], Meta(max_length=MAX_TENDERS)] | None = None
    """All, in the order of a POS's keys. One that the shop has stays among them, withdrawn if need be."""
    cash_increment_minor: Annotated[int, Meta(ge=1, le=MAX_INCREMENT)] | None = None
    """The smallest coin that amounts paid in coins are rounded to; 1: they are not."""
    cash_rounding: Rounding | None = None
    changes_until: ChangesUntil | None = None
    """Until an order is that, its customer may ask for a change of it."""
    service: ShopService | None = None
    """What is charged for service; a rate of 0: nothing."""
    drawers: DrawerUse | None = None
    """Whose a drawer is that is opened from now on."""
    time_zone: Annotated[str, Meta(max_length=64, description="IANA.")] | None = None
    country: Annotated[str, Meta(min_length=2, max_length=2, description="ISO 3166-1 alpha-2.")] | None = None
    version: Version | None = None
    """The menu version it is based on: once it is another, nothing is changed (409)."""


class ChangeAvailability(msgspec.Struct, frozen=True, kw_only=True):
    """Sold out, or sold again."""

    available: bool


HISTORY_LIMIT = 20
HISTORY_MAX = 100
OFFSET_MAX = 100_000
STAFF_MAX = 500


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's order history, newest first. `cursor` is the previous page's `next_cursor`, opaque.

    `offset` skips so many orders instead, for older clients; an order that is placed meanwhile moves all others.
    """

    limit: Annotated[int, Meta(ge=1, le=HISTORY_MAX)] = HISTORY_LIMIT
    cursor: Annotated[str, Meta(max_length=200)] = ""
    offset: Annotated[int, Meta(ge=0, le=OFFSET_MAX)] = 0


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The staff's list. Empty filters mean all; `open` means every open status, oldest first (the order board's
    order)."""

    open: bool = False
    status: tuple[OrderStatus, ...] = ()
    q: Annotated[
        str,
        Meta(
            max_length=80,
            description="Words of a name, part of a number, or of a phone number. Exactly that number comes first.",
        ),
    ] = ""
    placed_from: Annotated[str, Meta(description="ISO 8601 instant, inclusive.")] = ""
    placed_to: Annotated[str, Meta(description="ISO 8601 instant, exclusive.")] = ""
    limit: Annotated[int, Meta(ge=1, le=STAFF_MAX)] = 50
    cursor: Annotated[str, Meta(max_length=200)] = ""
    cashiers: Annotated[bool, Meta(description="Whether the reply says who took each order.")] = False

    payment: tuple[PaymentState, ...] = ()
    tender: Annotated[str, Meta(max_length=40, description="Something was paid or given back by it.")] = ""
    cashier: Annotated[
        str,
        Meta(max_length=80, description="Somebody whose name begins so has taken the order or moved money of it."),
    ] = ""
    till: Annotated[str, Meta(max_length=40, description="It was taken, or money of it moved, at this POS.")] = ""
    report: Annotated[
        str, Meta(max_length=20, description="The orders behind a row of a sales report: what its rows are.")
    ] = ""
    row: Annotated[str, Meta(max_length=500, description="The name of that row.")] = ""
    first: Annotated[str, Meta(max_length=10, description="The first business day of that report.")] = ""
    last: Annotated[str, Meta(max_length=10, description="The last one.")] = ""

    @property
    def asks_the_ledger(self) -> bool:
        """Whether only the server can say which orders are meant."""
        return bool(self.cashier or self.till or self.report)

    @property
    def sought(self) -> Sought:
        return Sought.of(self.q)

    def finds(self, orders: Iterable[Order]) -> list[Order]:
        """The matching ones of `orders`, in the given order, after those of exactly the number that is sought."""
        since = datetime.fromisoformat(self.placed_from) if self.placed_from else None
        until = datetime.fromisoformat(self.placed_to) if self.placed_to else None
        sought = self.sought
        found = [
            order
            for order in orders
            if (not self.open or order.status.is_open)
            and (not self.status or order.status in self.status)
            and (since is None or order.placed_at >= since)
            and (until is None or order.placed_at < until)
            and (not self.payment or order.payment in self.payment)
            and (not self.tender or any(each.tender == self.tender for each in payments_of(order)))
            and sought.finds(order)
        ]
        return sorted(found, key=lambda order: not sought.is_exactly(order.number))


class CustomerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Customers whose phone number is `q`, or whose name is `q` or begins with all of its words."""

    q: Annotated[str, Meta(min_length=2, max_length=80)]
