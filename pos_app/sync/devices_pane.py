"""The devices of the shop on the Sync page, and how far behind each of them is."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.ui.text import _, error_text
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import label
from pos_app.sync.device_words import behind, is_away, last_seen
from pos_app.sync.devices import Devices

_HEIGHT: Final = 110


class DevicesPane(QFrame):
    """A row for each, with a sign for those that need attention. Refreshes while it is shown."""

    def __init__(
        self, theme: Theme, devices: Devices, now: Callable[[], datetime], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("devices")
        self.setProperty("role", "sunken")
        self._theme = theme
        self._devices = devices
        self._now = now
        self._last_seen: list[QLabel] = []
        self._online = True
        freshness = Freshness(devices.refresher)
        freshness.setObjectName("devices_age")
        head = QHBoxLayout()
        head.addWidget(label(_("Devices of the shop"), "strong"))
        head.addStretch(1)
        head.addWidget(freshness)
        self._none = label(role="muted", wrap=True)
        self._none.setObjectName("devices_none")
        self._area = QScrollArea()
        self._area.setObjectName("devices_list")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(_("Devices of the shop"))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(4), theme.space(3), theme.space(4), theme.space(3))
        column.setSpacing(theme.space(1))
        column.addLayout(head)
        # Of fixed height: parts above do not move when the devices are read, or cannot be.
        self._shown = QStackedWidget()
        for part in (self._none, self._area):
            self._shown.addWidget(part)
        self._shown.setFixedHeight(theme.px(_HEIGHT))
        column.addWidget(self._shown)
        devices.changed.connect(self._show)
        devices.refresher.started.connect(self._show)
        self._show()

    @Slot()
    def refresh(self) -> None:
        self._devices.refresher.refresh()

    def set_online(self, *, online: bool) -> None:
        """The server is back, or away: a failed request is repeated at once."""
        if online is not self._online:
            self._online = online
            self._show()
        if online and self._devices.problem is not None and self.isVisible():
            self.refresh()

    def update_age(self) -> None:
        """Update the shown ages."""
        now = self._now()
        for report, cell in zip(self._devices.reports, self._last_seen, strict=True):
            cell.setText(last_seen(report, now))

    @Slot()
    def _show(self) -> None:
        reports, now = self._devices.reports, self._now()
        problem = self._devices.problem
        if problem is not None:
            words = _("Only the server knows.") + " " + error_text(problem)
        elif not self._online and not reports:
            words = _("Only the server knows, and it cannot be asked now.")
        else:
            words = "" if reports else _("Loading…")
        self._none.setText(words)
        self._shown.setCurrentIndex(1 if reports else 0)
        self._last_seen = []
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(self._theme.space(5))
        grid.setVerticalSpacing(self._theme.space(1))
        grid.setColumnStretch(3, 1)
        for row, report in enumerate(reports):
            away = is_away(report, now)
            name = f"▲ {report.name}" if away else report.name
            told = (name, _(report.kind.label), last_seen(report, now), behind(report))
            cells = [
                label(text, "remark" if away and role != "muted" else role)
                for text, role in zip(told, ("strong", "muted", "body", "body"), strict=True)
            ]
            for at, cell in enumerate(cells):
                grid.addWidget(cell, row, at)
            self._last_seen.append(cells[2])
        self._area.setWidget(rows)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._devices.refresher.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._devices.refresher.stop()
        super().hideEvent(event)
