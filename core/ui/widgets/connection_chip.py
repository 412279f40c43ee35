"""The connection chip: the sync status and the page's age, always visible, with advice."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QSize, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
    QWidgetAction,
)
from typing_extensions import override

from core import clock as machine_clock
from core.client.errors import Busy, ClientError, Fault, NotKept, SignedOut, Unreachable, WrongClock
from core.client.sync.engine import ConnectionState, SyncStatus
from core.ui.problems import outbox_words
from core.ui.refresh import STALE_AFTER, Refresher
from core.ui.text import _, age, clock, date, error_explanation, figure
from core.ui.widgets.controls import Button, ElidedLabel, label, restyle, set_tip

_TICK_MS: Final = 1000
_FRESH: Final = 24
"""Letters of `Updated 10 s ago` in any language: they are not shortened."""
_SEPARATOR: Final = " · "


class ConnectionChip(Button):
    """`Live · updated 3 s ago`, `Checking every 30 s · updated 12 s ago`, or `Offline · 3 waiting to send`.

    It follows the sync engine, and one refresher, the shown page's.
    """

    try_now = Signal()
    updated = Signal()
    """The chip was updated: every second while it is shown, and with every change."""

    def __init__(
        self, parent: QWidget | None = None, *, worded: Callable[[ClientError], ClientError] = lambda error: error
    ) -> None:
        """`worded` rewords errors for the reader."""
        super().__init__(parent)
        self._worded = worded
        self.setObjectName("connection_chip")
        self.setProperty("kind", "chip")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._refresher: Refresher | None = None
        self._error: ClientError | None = None
        self._sync_status = SyncStatus()
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._update_text)
        self.clicked.connect(self._explain)
        self._update_text()

    def follow(self, refresher: Refresher | None) -> None:
        """Follow `refresher` from now on; None while no page has one."""
        if self._refresher is not None:
            self._refresher.succeeded.disconnect(self._on_refresh_succeeded)
            self._refresher.failed.disconnect(self._on_refresh_failed)
        self._refresher = refresher
        self._error = None
        if refresher is not None:
            refresher.succeeded.connect(self._on_refresh_succeeded)
            refresher.failed.connect(self._on_refresh_failed)
        self._update_text()

    @Slot(object)
    def set_sync_status(self, sync_status: SyncStatus) -> None:
        """Set the sync engine's status."""
        before, self._sync_status = self._sync_status, sync_status
        self._update_text()
        returned = before.state is ConnectionState.OFFLINE and before.problem is not None
        if self._refresher is not None and returned and sync_status.state is not ConnectionState.OFFLINE:
            self._refresher.hurry()

    @property
    def state(self) -> str:
        """The chip's meaning: good, old or bad."""
        if self._page_error is not None:
            return "bad"
        state = self._sync_status.state
        if self._hindered is not None:
            return "bad"
        if state is ConnectionState.OFFLINE and self._sync_status.problem is not None:  # else it has yet to try
            return "bad"
        if state is ConnectionState.LIVE:
            return "good"
        refresher, age_s = self._refresher, self.age_s
        is_old = refresher is not None and (age_s is None or age_s > STALE_AFTER * refresher.interval_s)
        return "old" if is_old else "good"

    @property
    def _colour(self) -> str:
        """The state, as it is coloured: not good while something waits for a decision."""
        return "old" if self.state == "good" and self._sync_status.counts.held else self.state

    @property
    def _page_error(self) -> ClientError | None:
        """The error of the shown page alone. Outages of the server are the engine's."""
        return None if isinstance(self._error, SignedOut | Unreachable) else self._error

    @property
    def age_s(self) -> float | None:
        """The age of the shown page's data, in seconds; None before the first answer, and for a page without data that
        ages. Data that is not refreshed, behind a lock, is as old as the newest events."""
        refresher = self._refresher
        if refresher is None or refresher.active:
            return refresher.age_s if refresher is not None else None
        ages_s = (refresher.age_s, self._sync_status.age_s(machine_clock.now_s()))
        return min((age_s for age_s in ages_s if age_s is not None), default=None)

    @Slot(object)
    def _on_refresh_succeeded(self, _result: object) -> None:
        self._error = None
        self._update_text()

    @Slot(object)
    def _on_refresh_failed(self, error: ClientError) -> None:
        self._error = error
        self._update_text()

    @Slot()
    def _update_text(self) -> None:
        words = _SEPARATOR.join(self._words())
        if words != self.text():
            self.setText(words)
            set_tip(self, words)
            self.setAccessibleName(_("Connection: {state}").format(state=words))
        if self.property("state") != self._colour:
            restyle(self, state=self._colour)
        self.updated.emit()

    @override
    def minimumSizeHint(self) -> QSize:
        """The chip shrinks to its first words."""
        hint, metrics = self.sizeHint(), self.fontMetrics()
        around = hint.width() - metrics.horizontalAdvance(self.text())
        return QSize(around + metrics.horizontalAdvance(self.text().partition(_SEPARATOR)[0]), hint.height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """As many words as fit; the tool tip has all of them."""
        painter, option = QStylePainter(self), QStyleOptionButton()
        self.initStyleOption(option)
        short = self.sizeHint().width() - self.width()
        words, metrics = self.text(), self.fontMetrics()
        room = metrics.horizontalAdvance(words) - short
        while _SEPARATOR in words and metrics.horizontalAdvance(words) > room:
            words = words.rpartition(_SEPARATOR)[0]
        option.text = words
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)

    def _words(self) -> list[str]:
        """The texts, most important first."""
        refresher, age_s = self._refresher, self.age_s
        updated = _("updated {age} ago").format(age=age(age_s)) if age_s is not None else _("not updated yet")
        if self.state == "bad":
            state, more = self._what_is_wrong(), [updated] if refresher else []
        elif self._live is not None:
            state, more = _("Live"), self._live
        elif refresher is None or not refresher.active:
            state, more = _("Ready"), [updated] if refresher else []
        elif not refresher.automatic:
            state, more = _("Checking by hand"), [updated]
        else:
            state, more = _("Checking every {interval}").format(interval=age(refresher.interval_s)), [updated]
        shape = {"good": "●", "old": "◐", "bad": "▲"}[self._colour]
        return [f"{shape} {state}", *outbox_words(self._sync_status.counts), *more]

    def _what_is_wrong(self) -> str:
        error = self._trouble
        if isinstance(error, Busy | NotKept | Fault):
            return _(error.title)
        return _("Offline") if error is None or isinstance(error, Unreachable) else _("Server problem")

    @property
    def _trouble(self) -> ClientError | None:
        problem = self._sync_status.problem if self.state == "bad" else None
        error = self._hindered or self._page_error or problem
        return None if error is None else self._worded(error)

    @property
    def _hindered(self) -> ClientError | None:
        """Why operations fail although the server answers."""
        status = self._sync_status
        return status.hindered if status.state is not ConnectionState.OFFLINE else None

    @property
    def _live(self) -> list[str] | None:
        """The age of the newest message while push is on; else None."""
        sync_status = self._sync_status
        if sync_status.state is not ConnectionState.LIVE:
            return None
        age_s = sync_status.age_s(machine_clock.now_s())
        return [] if age_s is None else [_("updated {age} ago").format(age=age(age_s))]

    @Slot()
    def _explain(self) -> None:
        menu = QMenu(self)
        text: QLabel = label(self.explanation(), wrap=True)
        text.setContentsMargins(16, 10, 16, 10)
        text.setFixedWidth(320)
        words = QWidgetAction(menu)
        words.setDefaultWidget(text)
        menu.addAction(words)
        action = menu.addAction(_("Try now"))
        action.triggered.connect(self.try_now)
        if self._refresher is not None:
            action.triggered.connect(self._refresher.refresh)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def explanation(self) -> str:
        """Why the chip has its state."""
        held = " " + _("Something waits for a decision.") if self._sync_status.counts.held else ""
        return self._explanation() + held

    def _explanation(self) -> str:
        if (error := self._trouble) is not None:
            words = error_explanation(error)
            if isinstance(error, WrongClock):
                words += " " + _("It says {time}.").format(time=f"{date(error.says)}, {clock(error.says)}")
            return words
        if self.state == "old":
            return _("What you see may be out of date: the last answer is older than two intervals.")
        if self._live is not None:
            words = _("Changes are shown the moment they happen. This window still checks by itself, to be sure.")
            latency_ms = self._sync_status.latency_ms
            if latency_ms is not None:
                words += " " + _("A message takes {n} ms.").format(n=figure(round(latency_ms)))
            return words
        return _("The server is answering. This window asks it for news by itself.")

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._ticker.start()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ticker.stop()
        super().hideEvent(event)


class Freshness(ElidedLabel):
    """`Updated 3 s ago`, counting while it is shown."""

    def __init__(self, refresher: Refresher, parent: QWidget | None = None) -> None:
        super().__init__("", "small", _FRESH)
        self.setParent(parent)
        self._refresher = refresher
        self._failed = False
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._update_text)
        refresher.started.connect(self._update_text)
        refresher.succeeded.connect(self._on_refresh_succeeded)
        refresher.failed.connect(self._on_refresh_failed)

    @Slot(object)
    def _on_refresh_succeeded(self, _result: object) -> None:
        self._failed = False
        self._update_text()

    @Slot(object)
    def _on_refresh_failed(self, _error: object) -> None:
        self._failed = True
        self._update_text()

    @Slot()
    def _update_text(self) -> None:
        age_s = self._refresher.age_s
        if age_s is None:
            words = _("Could not be loaded yet") if self._failed else ""
        else:
            words = _("Updated {age} ago").format(age=age(age_s))
            if self._failed:
                words = _("{updated} · the last try failed").format(updated=words)
        self.set_text(words)
        role = "error" if self._failed or self._refresher.stale else "small"
        if self.property("role") != role:
            restyle(self, role=role)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._ticker.start()
        self._update_text()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ticker.stop()
        super().hideEvent(event)
