"""The roles of the shop's staff, as the server knows them, and saving what an admin makes of them."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.domain.people import Role
from core.domain.rights import Rights, Roles
from core.protocol import routes
from core.protocol.rights import ChangeRole, RoleList
from core.ui.jobs import Job
from pos_app.context import PosContext


class StaffRoles(QObject):
    """`read` them when the page is shown; nobody else changes them while an admin does."""

    changed = Signal()
    saved = Signal()
    failed = Signal(object)
    """A `ClientError`: what was read or saved before stays."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self.roles: Roles = ()
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        return self._job is not None

    def read(self) -> None:
        self._run(self._jobs.ask(partial(self._api.call, routes.ROLES()), self._on_read, self._on_failed))

    def save(self, wanted: Mapping[Role, Rights]) -> None:
        """Give these roles other rights, one after the other."""
        self._run(self._jobs.run(partial(_save, self._api, dict(wanted)), self._on_saved, self._on_failed))

    def stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _run(self, job: Job) -> None:
        self._job = job
        self.changed.emit()

    def _on_read(self, found: RoleList) -> None:
        self._job = None
        self.roles = found.roles
        self.changed.emit()

    def _on_saved(self, found: RoleList) -> None:
        self._on_read(found)
        self.saved.emit()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.changed.emit()
        self.failed.emit(error)


def _save(api: SyncedApi, wanted: Mapping[Role, Rights]) -> RoleList:
    """Runs in a worker."""
    for role, rights in wanted.items():
        api.call(routes.CHANGE_ROLE(role.value, body=ChangeRole(rights=rights)))
    return api.call(routes.ROLES())
