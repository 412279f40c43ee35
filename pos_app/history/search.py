"""The query of the history page."""

from datetime import date, datetime, timedelta

import msgspec

from core.domain.status import OrderStatus
from core.protocol.requests import OrderQuery
from core.ui.days import begins, local_date


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Its days are counted from today, whenever it is asked."""

    text: str = ""
    status: OrderStatus | None = None
    ago: tuple[int, int] | None = None
    """The first and the last day, in days before today."""
    dates: tuple[date, date] | None = None
    """The first and the last day."""

    def query(self, now: datetime) -> OrderQuery:
        """The query for the orders, as of `now`."""
        today = local_date(now)
        days = self.dates
        if self.ago is not None:
            days = today - timedelta(days=self.ago[0]), today - timedelta(days=self.ago[1])
        return OrderQuery(
            q=self.text,
            status=(self.status,) if self.status is not None else (),
            placed_from=begins(days[0]).isoformat() if days is not None else "",
            placed_to=begins(days[1] + timedelta(days=1)).isoformat() if days is not None else "",
        )
