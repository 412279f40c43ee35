"""A report of the shop's sales, beside the same days a week before."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.domain.sale.business_day import CUT
from core.files import write_for_person
from core.protocol import routes
from core.protocol.reports import By, SalesQuery, SalesReport
from core.ui.days import local
from core.ui.refresh import Refresher
from core.ui.rows import RowsModel
from core.ui.sales import WEEK, Bar, bars
from core.ui.text import not_written
from pos_app.context import PosContext
from pos_app.order.behind import Behind

REFRESH_S: Final = 60.0


class Asked(msgspec.Struct, frozen=True):
    """The business days of a report, in days before today, and the kind of its rows."""

    since: int = 0
    until: int = 0
    by: By = By.HOUR


class Figures(msgspec.Struct, frozen=True):
    """A report, and the one of a week before."""

    asked: Asked
    report: SalesReport
    before: SalesReport


class Sales(QObject):
    """While it is started, the figures are refreshed; an answer to what is no longer asked is dropped."""

    changed = Signal()
    failed = Signal(object)
    """A `ClientError`; the figures stay."""
    exported = Signal(object)
    """The `Path` that a report was written to."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._api = context.api
        self._jobs = context.jobs
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
        """The orders of a row of the shown report; None without a report."""
        if self.figures is None:
            return None
        report = self.figures.report
        return Behind(report.by, row, report.first, report.last, words)

    @property
    def file_name(self) -> str:
        """The suggested name of a file with the report."""
        report = self.figures.report if self.figures is not None else None
        return f"report-{report.by}-{report.first}-{report.last}.pdf" if report is not None else "report.pdf"

    def export(self, path: Path) -> None:
        """Write what is shown to `path`, as a PDF."""
        if self.figures is not None:
            self._jobs.run(partial(self._write, self.figures, path), self.exported.emit, self.failed.emit)

    def clear(self) -> None:
        """Reset for the next person."""
        self.refresher.reset()
        self.asked, self.figures = Asked(), None
        self.rows.set_rows(())
        self.changed.emit()

    # -- inside

    def _write(self, figures: Figures, path: Path) -> Path:
        """Runs in a worker. Raises `ClientError`."""
        from core.ui.sales_paper import pdf

        shop_name = self._api.call(routes.MENU()).shop_name
        content = pdf(figures.report, figures.before, shop_name, self._now())
        try:
            write_for_person(path, content, private=True)
        except OSError as error:
            raise not_written(path, error) from error
        return path

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
        self.rows.set_rows(bars(figures.report, figures.before))
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
