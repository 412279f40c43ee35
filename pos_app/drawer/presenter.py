"""The presenter of the drawer's page: this POS's session, and all sessions and reports."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, Unreachable
from core.domain.drawers import (
    CashFigures,
    CloseDrawer,
    CountDrawer,
    Denomination,
    DrawerAct,
    DrawerCommand,
    DrawerSession,
    MoveCash,
    OpenDrawer,
    used_by,
)
from core.domain.ids import DrawerSessionId, uuid7
from core.domain.menu import DrawerUse
from core.protocol import routes
from core.protocol.drawers import DrawerQuery, SignedReport
from core.protocol.route import AnyRoute, Request
from core.ui.jobs import Job
from core.ui.refresh import Refresher
from pos_app.context import PosContext

REFRESH_S: Final = 60.0
_ROUTES: Final[dict[type[DrawerCommand], AnyRoute]] = {
    OpenDrawer: routes.OPEN_DRAWER,
    MoveCash: routes.MOVE_CASH,
    CountDrawer: routes.COUNT_DRAWER,
    CloseDrawer: routes.CLOSE_DRAWER,
}


class Known(msgspec.Struct, frozen=True):
    """The drawers' state as last read."""

    session: DrawerSession | None = None
    """This POS's newest."""
    cash: CashFigures | None = None
    """What should be in it: None while that is not to be told."""
    predicted: bool = False
    sessions: tuple[DrawerSession, ...] = ()
    reports: tuple[SignedReport, ...] | None = None
    """None while the server cannot be asked."""
    currency: str = ""

    @property
    def is_open(self) -> bool:
        return self.session is not None and self.session.is_open


class DrawerBook(QObject):
    """Reads again while it is started, and whenever something was done at a drawer. An act is accepted at once, with or
    without a server."""

    changed = Signal()
    counted = Signal()
    """A count is committed, and what should be in the drawer is known."""
    report_read = Signal(object)
    """The `SignedReport` that was asked for."""
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._device = context.settings.device
        self._acting: Job | None = None
        self._counting = False
        """Whether a person has counted, and waits for the result."""
        self._again = False
        self._chosen = DrawerSessionId("")
        """Another person's session with which somebody works instead of their own."""
        self.known = Known()
        settings = context.settings
        self.refresher = Refresher(context.jobs, self._read, REFRESH_S, automatic=settings.board_refresh, parent=self)
        self.refresher.succeeded.connect(self._on_read)
        self.refresher.failed.connect(self._on_read_failed)
        context.bridge.drawers_changed.connect(self._on_drawers_changed)

    @property
    def acting(self) -> bool:
        return self._acting is not None

    @property
    def currency(self) -> str:
        menu = self._context.bridge.menu
        return self.known.currency or (menu.currency if menu is not None else "")

    def start(self) -> None:
        """The page is shown."""
        self._chosen = DrawerSessionId("")
        self.refresher.start()
        self.refresh()

    def stop(self) -> None:
        """The page is hidden."""
        self.refresher.stop()

    @Slot()
    def refresh(self) -> None:
        """Read now, or after the read in progress."""
        self._again = self.refresher.running
        self.refresher.refresh()

    def clear(self) -> None:
        """Reset for the next person."""
        self.refresher.reset()
        if self._acting is not None:
            self._acting.cancel()
        self._acting, self._counting, self._again = None, False, False
        self._chosen = DrawerSessionId("")
        self.known = Known()
        self.changed.emit()

    @Slot(int, object)
    def open(self, float_minor: int, counted: tuple[Denomination, ...]) -> None:
        session = DrawerSessionId(uuid7())
        self._act(OpenDrawer(session=session, float_minor=float_minor, denominations=counted))

    @Slot(object, int, str)
    def move(self, act: DrawerAct, amount_minor: int, reason: str) -> None:
        self._act(MoveCash(session=self._session_id, act=act, amount_minor=amount_minor, reason=reason))

    @Slot(int, object)
    def count(self, counted_minor: int, counted: tuple[Denomination, ...]) -> None:
        """Commit a count. `counted` is emitted once its result is known."""
        self._counting = True
        self._act(CountDrawer(session=self._session_id, counted_minor=counted_minor, denominations=counted))

    @Slot(int, str)
    def close(self, deposit_minor: int, reason: str) -> None:
        self._act(CloseDrawer(session=self._session_id, deposit_minor=deposit_minor, reason=reason))

    def choose(self, session_id: DrawerSessionId) -> None:
        """Work with another person's session at this POS; with none that is open, with one's own."""
        self._chosen = session_id
        self.refresh()

    def ask_x(self, session_id: DrawerSessionId) -> None:
        """Read the figures of a session as they are now."""
        self._run(lambda: self._context.api.call(routes.X_REPORT(session_id)), self.report_read.emit)

    # -- inside

    @property
    def _session_id(self) -> DrawerSessionId:
        session = self.known.session
        return session.id if session is not None else DrawerSessionId("")

    def _act(self, asked: DrawerCommand) -> None:
        request: Request[DrawerSession] = _ROUTES[type(asked)](body=asked)
        self._run(lambda: self._context.api.call(request), self._on_done)

    def _run(self, call: Callable[[], Any], success: Callable[[Any], object]) -> None:
        if self._acting is not None:
            return

        def done(result: object) -> None:
            self._acting = None
            success(result)
            self.changed.emit()

        self._acting = self._context.jobs.run(call, done, self._on_failed)
        self.changed.emit()

    def _on_done(self, session: DrawerSession) -> None:
        self.known = msgspec.structs.replace(self.known, session=session, cash=None)
        self.refresh()

    def _on_failed(self, error: ClientError) -> None:
        self._acting, self._counting = None, False
        self.failed.emit(error)
        self.changed.emit()

    def _read(self) -> Known:
        """Runs in a worker."""
        call, device = self._context.api.call, self._device
        listed = call(routes.DRAWERS(query=DrawerQuery()))
        here = [each for each in listed.sessions if each.device == device]
        own = next((each for each in here if each.id == self._chosen and each.is_open), None) or self._used(here)
        details = call(routes.DRAWER(own.id)) if own is not None else None
        try:
            reports: tuple[SignedReport, ...] | None = call(routes.Z_REPORTS(query=DrawerQuery())).reports
        except Unreachable:
            reports = None
        return Known(
            session=details.session if details is not None else None,
            cash=details.cash if details is not None else None,
            predicted=details is not None and details.predicted,
            sessions=listed.sessions,
            reports=reports,
            currency=listed.currency,
        )

    def _used(self, sessions: Sequence[DrawerSession]) -> DrawerSession | None:
        """The session that the person who is signed in works with, of this POS's `sessions`, newest first."""
        menu = self._context.bridge.menu
        per_person = menu is not None and menu.drawers is DrawerUse.PERSON
        return used_by(reversed(sessions), self._context.api.person_id, per_person=per_person)

    @Slot(object)
    def _on_read(self, known: Known) -> None:
        if known.reports is None:
            known = msgspec.structs.replace(known, reports=self.known.reports)
        if self._again:
            self.refresh()
            if self._counting:
                return
        self.known = known
        self.changed.emit()
        if self._counting and known.cash is not None and known.cash.difference_minor is not None:
            self._counting = False
            self.counted.emit()

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        if self._counting or not self.known.sessions:
            self.failed.emit(error)
        self._counting = False
        self.changed.emit()

    @Slot(object)
    def _on_drawers_changed(self, _sessions: object) -> None:
        if self.refresher.active:
            self.refresh()
