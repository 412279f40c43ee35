"""The query of the history page."""

from datetime import date, datetime, timedelta

import msgspec

from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.protocol.requests import OrderQuery
from core.ui.days import begins, local_date
from pos_app.order.behind import Behind


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Its days are counted from today, whenever it is asked."""

    text: str = ""
    status: OrderStatus | None = None
    ago: tuple[int, int] | None = None
    """The first and the last day, in days before today."""
    dates: tuple[date, date] | None = None
    """The first and the last day."""
    payment: PaymentState | None = None
    tender: str = ""
    cashier: str = ""
    """The beginning of the name of whoever took the order or moved money of it."""
    till: str = ""
    behind: Behind | None = None
    """The row of a report."""

    def query(self, now: datetime) -> OrderQuery:
        """The query for the orders, as of `now`."""
        today = local_date(now)
        days, behind = self.dates, self.behind
        if self.ago is not None:
            days = today - timedelta(days=self.ago[0]), today - timedelta(days=self.ago[1])
        return OrderQuery(
            q=self.text,
            status=(self.status,) if self.status is not None else (),
            placed_from=begins(days[0]).isoformat() if days is not None else "",
            placed_to=begins(days[1] + timedelta(days=1)).isoformat() if days is not None else "",
            payment=(self.payment,) if self.payment is not None else (),
            tender=self.tender,
            cashier=self.cashier,
            till=self.till,
            report=str(behind.by) if behind is not None else "",
            row=behind.row if behind is not None else "",
            first=behind.first if behind is not None else "",
            last=behind.last if behind is not None else "",
        )
