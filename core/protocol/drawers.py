"""Drawer sessions of POSs, and their reports: X at any time, Z once at the end, supplements for what arrives later."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.drawers import CashFigures, DrawerSession
from core.domain.ids import DeviceId, DrawerSessionId, OpId

SESSIONS_MOST: Final = 200


class DrawerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of one POS, or of each. Cashiers get those of the POS that they are signed in at."""

    device: Annotated[str, Meta(max_length=40)] = ""
    limit: Annotated[int, Meta(ge=1, le=SESSIONS_MOST)] = 30


class DrawerDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A session, and what should be in its drawer: None for cashiers until it was counted."""

    session: DrawerSession
    cash: CashFigures | None = None
    predicted: bool = False
    """Whether the POS says so without the server, by its own operations."""


class DrawerList(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions by POS, newest first."""

    currency: str
    sessions: tuple[DrawerSession, ...]


class Moved(msgspec.Struct, frozen=True):
    """The movements of cash of one kind without a sale."""

    count: int = 0
    amount_minor: int = 0


class Unheard(msgspec.Struct, frozen=True):
    """A POS that has not been heard of for a while: it may hold sales that nobody else knows yet."""

    device: DeviceId
    last_contact_at: datetime | None = None


class AllowedOnce(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that a manager gave somebody else, once."""

    at: datetime
    by: str
    """Who did it."""
    approver: str
    about: str
    """The number of the order, or a `core.domain.drawers.DrawerAct`."""
    reason: str = ""


class ZReport(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a session. Amounts in minor units, with tax unless they are called net.

    A supplement has what was added since the Z that it names; its cash is that of the whole session, as it is now.
    """

    shop: str
    device: DeviceId
    currency: str
    number: int = 0
    """Of the Z, running from 1 in a POS; 0 for X."""
    supplement: int = 0
    """The number of a supplement to that Z; 0 for the Z itself."""
    place: int = 0
    """In the POS's chain of Zs and supplements, from 1."""
    session: DrawerSessionId
    owner: str = ""
    """The id of the person whose drawer it was; empty: the till's."""
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""
    made_at: datetime
    business_date: str
    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    turnover_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    taxes: dict[str, int] = {}
    """The tax of each rate (`STD:8250`, in 1/1000 %), less what was taken back. Several at once are joined by `+`; the
    name is empty for orders of earlier releases, which do not say it."""
    gross: dict[str, int] = {}
    """The turnover of each, with its tax."""
    discount_minor: int = 0
    service_minor: int = 0
    tips_minor: int = 0
    rounding_minor: int = 0
    receivable_minor: int = 0
    """Owed for sales, less what was paid ahead for orders that are not paid whole."""
    corrections: int = 0
    payments: dict[str, int] = {}
    """By tender, less change and what was given back."""
    voids: int = 0
    """Orders called off at the POS that were never paid."""
    voided_minor: int = 0
    open_orders: int = 0
    """Orders of the shop that are not paid: they are carried over."""
    open_minor: int = 0
    moved: dict[str, Moved] = {}
    """By `core.domain.drawers.DrawerAct`."""
    cash: CashFigures | None = None
    grand_sales_minor: int = 0
    """All sales of the POS since its first use. Never falls, like `grand_refunds_minor`."""
    grand_refunds_minor: int = 0
    not_arrived: tuple[OpId, ...] = ()
    """Operations that the POS named at its closing and that the server did not have."""
    unheard: tuple[Unheard, ...] = ()
    approvals: tuple[AllowedOnce, ...] = ()
    """What somebody else has allowed in the session, oldest first: where money was moved, orders taken or called off,
    and at the drawer."""
    previous_hash: str = ""
    """That of the report before in the POS's chain; empty for the first."""

    @property
    def grand_net_minor(self) -> int:
        return self.grand_sales_minor - self.grand_refunds_minor


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and its keyed hash; empty for X."""

    report: ZReport
    hash: str = ""


class ReportList(msgspec.Struct, frozen=True, kw_only=True):
    """Zs and supplements by POS, newest first."""

    reports: tuple[SignedReport, ...]


class ReportFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with a POS's chain of reports."""

    device: DeviceId
    place: int
    says: str


class ReportCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking the chains: the number of reports, and the faults."""

    reports: int
    faults: tuple[ReportFault, ...] = ()
