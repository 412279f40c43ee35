"""Reports of a shop's sales."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.wire_enum import WireEnum

Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="A business day of the shop.")]


class By(WireEnum):
    """The kind of a report's rows."""

    DAY = "day"
    HOUR = "hour"
    ITEM = "item"
    CATEGORY = "category"
    """The item's category in the menu as it is now."""
    TENDER = "tender"
    CHANNEL = "channel"
    FULFILMENT = "fulfilment"
    STAFF = "staff"
    """Who took the payment, or gave it back. A correction counts against whoever took the payment that was wrong."""
    TAX = "tax"
    """The taxes that lines were priced with: `STD:8250` (1/1000 %), several joined by `+`; empty where an earlier
    release did not say."""
    DISCOUNT = "discount"
    """Why something was taken off."""
    REFUND = "refund"
    """Why something was given back."""
    VOID = "void"
    """Why orders were called off that nothing was paid for."""
    STAGE = "stage"
    """The statuses in which orders placed in the period have waited."""

    @property
    def is_of_lines(self) -> bool:
        """Whether what is counted are items sold, not orders paid."""
        return self in (By.ITEM, By.CATEGORY, By.TAX)

    @property
    def has_turnover(self) -> bool:
        """Whether its rows together are all that was sold and given back."""
        return self not in (By.DISCOUNT, By.REFUND, By.VOID, By.STAGE)


class SalesQuery(msgspec.Struct, frozen=True, kw_only=True):
    first: Day
    last: Day
    """Inclusive."""
    by: By = By.DAY


class SalesRow(msgspec.Struct, frozen=True, kw_only=True):
    """Sales less refunds. Amounts in minor units, with tax; of items and categories without the
    tax that is added to their prices."""

    name: str
    sales: int = 0
    """Orders that were paid, on the day when all of it was; of items and categories, items. One that was marked as paid
    by mistake is taken off again where it was counted, on the day of the correction. One that was paid by several
    tenders counts with the last, and each amount with its own."""
    sales_minor: int = 0
    refunds: int = 0
    """How often something was given back; of items and categories, items taken back."""
    refunds_minor: int = 0
    tax_minor: int = 0
    """Of sales less refunds. Of items and categories 0: tax is rounded once an order."""
    tips_minor: int = 0
    """When they were taken. No turnover; of items and categories 0."""

    discounts: int = 0
    """Orders that were paid and had a discount; of items and categories, items. Refunds do not lower it."""
    discounts_minor: int = 0
    """What discounts took off before it was sold: `sales_minor` is without it."""
    service_minor: int = 0
    """What of turnover was charged for service; with tax where prices contain it. Of items, categories and
    taxes 0."""
    voids: int = 0
    """Orders that were called off unpaid. Of reports by void."""
    voids_minor: int = 0
    waits: int = 0
    """How often an order has left the stage. Of reports by stage."""
    waited_s: int = 0
    """How long they were in it, together."""

    @property
    def turnover_minor(self) -> int:
        return self.sales_minor - self.refunds_minor

    @property
    def mean_wait_s(self) -> int:
        """The average time of an order in the stage; 0 for none."""
        return self.waited_s // self.waits if self.waits else 0


class SalesReport(msgspec.Struct, frozen=True, kw_only=True):
    """By what was booked from the first day's beginning to the last day's end. `total` is the sum of the rows."""

    by: By
    first: str
    last: str
    currency: str
    rows: tuple[SalesRow, ...]
    total: SalesRow


class DaysForgotten(msgspec.Struct, frozen=True):
    """The number of business days whose sums were thrown away. They are added up again in the background; reports are
    right meanwhile."""

    days: int
