"""The shop's devices, as reported by the server."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.protocol import routes
from core.protocol.devices import DeviceList, DeviceReport
from core.ui.jobs import Jobs
from core.ui.refresh import Refresher

_EVERY_S: Final = 15.0
"""As often as the server stores presence."""


class Devices(QObject):
    """Refreshes while its refresher is started."""

    changed = Signal()
    """The reports, or the problem."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.reports: Sequence[DeviceReport] = ()
        self.problem: ClientError | None = None
        """Why the last request failed. Earlier reports may be outdated."""
        self.refresher = Refresher(jobs, partial(api.call, routes.DEVICES()), _EVERY_S, parent=self)
        self.refresher.succeeded.connect(self._on_devices_read)
        self.refresher.failed.connect(self._on_failed)

    @Slot(object)
    def _on_devices_read(self, told: DeviceList) -> None:
        self.problem = None
        self.reports = tuple(report for report in told.devices if report.revoked_at is None)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        self.problem, self.reports = error, ()
        self.changed.emit()
