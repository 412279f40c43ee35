"""A report of the shop's sales, beside the same days a week before."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.domain.sale.business_day import CUT
from core.protocol import routes
from core.protocol.reports import By, SalesQuery, SalesReport, SalesRow
from core.ui.days import local
from core.ui.refresh import Refresher
from core.ui.rows import RowsModel
from pos_app.context import PosContext
from pos_app.order.behind import Behind

WEEK: Final = timedelta(days=7)
REFRESH_S: Final = 60.0


class Asked(msgspec.Struct, frozen=True):
    """Which business days, in days before today, and what the rows are."""

    since: int = 0
    until: int = 0
    by: By = By.HOUR


class Figures(msgspec.Struct, frozen=True):
    """A report, and the one of a week before."""

    asked: Asked
    report: SalesReport
    before: SalesReport


class Bar(msgspec.Struct, frozen=True):
    """One row: its turnover as a share of the largest, from 0 to 1, and that of a week before."""

    row: SalesRow
    share: float
    before_minor: int
    before_share: float
    currency: str
    by: By


class Sales(QObject):
    """While it is started, the figures are refreshed; an answer to what is no longer asked is dropped."""

    changed = Signal()
    failed = Signal(object)
    """A `ClientError`; the figures stay."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._api = context.api
        self._now = context.now
        self._wanted = True
        """Whether a person waits for the answer."""
        self.asked = Asked()
        self.figures: Figures | None = None
        self.rows: RowsModel[Bar] = RowsModel(lambda bar: bar.row.name, self)
        settings = context.settings
        self.refresher = Refresher(context.jobs, self._fetch, REFRESH_S, automatic=settings.board_refresh, parent=self)
        self.refresher.succeeded.connect(self._on_read)
        self.refresher.failed.connect(self._on_read_failed)

    @property
    def loading(self) -> bool:
        return self.refresher.running and self.figures is None

    def start(self) -> None:
        """The page is shown."""
        self.refresher.start()
        self.refresher.refresh()

    def stop(self) -> None:
        """The page is hidden."""
        self.refresher.stop()

    def ask(self, asked: Asked) -> None:
        """Show another report. The figures are empty until its answer."""
        self._wanted = True
        if asked != self.asked:
            self.asked, self.figures = asked, None
            self.rows.set_rows(())
        if self.refresher.active:
            self.refresher.stop()
            self.start()
        self.changed.emit()

    def behind(self, row: str, words: str) -> Behind | None:
        """The orders of a row of what is shown; None while nothing is."""
        if self.figures is None:
            return None
        report = self.figures.report
        return Behind(report.by, row, report.first, report.last, words)

    def clear(self) -> None:
        """Reset for the next person."""
        self.refresher.reset()
        self.asked, self.figures = Asked(), None
        self.rows.set_rows(())
        self.changed.emit()

    # -- inside

    def _fetch(self) -> Figures:
        """Runs in a worker."""
        asked, today = self.asked, business_date(self._now)
        first, last = (today - timedelta(days=ago) for ago in (asked.since, asked.until))
        report, before = (self._read(day, end, asked.by) for day, end in ((first, last), (first - WEEK, last - WEEK)))
        return Figures(asked, report, before)

    def _read(self, first: date, last: date, by: By) -> SalesReport:
        return self._api.call(routes.SALES(query=SalesQuery(first=str(first), last=str(last), by=by)))

    @Slot(object)
    def _on_read(self, figures: Figures) -> None:
        if figures.asked != self.asked:
            self.refresher.refresh()
            return
        self._wanted = False
        self.figures = figures
        self.rows.set_rows(bars(figures))
        self.changed.emit()

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        """A failed automatic refresh is shown by the chip and the age only."""
        wanted, self._wanted = self._wanted, False
        self.changed.emit()
        if wanted:
            self.failed.emit(error)


def business_date(now: Callable[[], datetime]) -> date:
    """Today, by the shop's business day."""
    at = local(now())
    return at.date() - timedelta(days=at.time() < CUT)


def bars(figures: Figures) -> tuple[Bar, ...]:
    """The rows of a report, each beside that of a week before."""
    report = figures.report
    before = {_a_week_on(row.name, report.by): figure_of(report.by)(row) for row in figures.before.rows}
    sold = {row.name for row in report.rows}
    rows = [*report.rows, *(SalesRow(name=name) for name in before if name not in sold)]
    if report.by in (By.HOUR, By.DAY):
        rows.sort(key=lambda row: (report.by is By.HOUR and int(row.name[:2]) < CUT.hour, row.name))
    most = max((abs(each) for each in (*map(figure_of(report.by), rows), *before.values())), default=0) or 1
    return tuple(
        Bar(
            row,
            abs(figure_of(report.by)(row)) / most,
            before.get(row.name, 0),
            abs(before.get(row.name, 0)) / most,
            report.currency,
            report.by,
        )
        for row in rows
    )


def figure_of(by: By) -> Callable[[SalesRow], int]:
    """What the bars of a report are of: turnover, or what it is about. Amounts in minor units; of stages, seconds."""
    return _FIGURE.get(by, lambda row: row.turnover_minor)


_FIGURE: Final[dict[By, Callable[[SalesRow], int]]] = {
    By.DISCOUNT: lambda row: row.discounts_minor,
    By.REFUND: lambda row: row.refunds_minor,
    By.VOID: lambda row: row.voids_minor,
    By.STAGE: lambda row: row.mean_wait_s,
}


def _a_week_on(name: str, by: By) -> str:
    return str(date.fromisoformat(name) + WEEK) if by is By.DAY else name
