"""The roles of the shop's staff, as the server knows them, and saving what an admin makes of them."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.domain.people import Role
from core.domain.rights import Rights, Roles, rights_of
from core.protocol import routes
from core.protocol.rights import ChangeRole, RoleList
from core.ui.jobs import Job
from core.ui.refresh import Refresher
from pos_app.context import PosContext

REFRESH_S: Final = 60.0


class StaffRoles(QObject):
    """They are read now and then while it is started, and not while an admin changes them: `stop`, and `start` again.
    What is saved is what the admin changed; what somebody else changed meanwhile stays."""

    changed = Signal()
    saved = Signal()
    failed = Signal(object)
    """A `ClientError`: what was read or saved before stays."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self.roles: Roles = ()
        self.refresher = Refresher(context.jobs, partial(self._api.call, routes.ROLES()), REFRESH_S, parent=self)
        self.refresher.succeeded.connect(self._on_read)
        self.refresher.failed.connect(self._on_read_failed)
        self._job: Job | None = None
        self._wanted = False
        """Whether a person waits for the answer."""

    @property
    def busy(self) -> bool:
        return self._job is not None

    @property
    def loading(self) -> bool:
        return self.refresher.running and not self.roles

    def save(self, wanted: Mapping[Role, Rights]) -> None:
        """Give these roles other rights, one after the other."""
        call = partial(_save, self._api, self.roles, dict(wanted))
        self._run(self._jobs.run(call, self._on_saved, self._on_failed))

    def start(self) -> None:
        self._wanted = True
        self.refresher.start()

    def stop(self) -> None:
        self.refresher.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _run(self, job: Job) -> None:
        self._job = job
        self.changed.emit()

    @Slot(object)
    def _on_read(self, found: RoleList) -> None:
        self._job, self._wanted = None, False
        self.roles = found.roles
        self.changed.emit()

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        """A failed automatic refresh is shown by the chip and the age only."""
        wanted, self._wanted = self._wanted, False
        self.changed.emit()
        if wanted:
            self.failed.emit(error)

    def _on_saved(self, found: RoleList) -> None:
        self._on_read(found)
        self.refresher.remember(0.0)
        self.saved.emit()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.changed.emit()
        self.failed.emit(error)


def _save(api: SyncedApi, before: Roles, wanted: Mapping[Role, Rights]) -> RoleList:
    """Runs in a worker."""
    now = api.call(routes.ROLES()).roles
    for role, rights in wanted.items():
        merged = _merged(rights_of(before, role), rights, rights_of(now, role))
        api.call(routes.CHANGE_ROLE(role.value, body=ChangeRole(rights=merged)))
    return api.call(routes.ROLES())


def _merged(before: Rights, wanted: Rights, now: Rights) -> Rights:
    """The rights of now, with what is wanted otherwise than before."""
    known, asked, merged = ({right.act: right for right in rights} for rights in (before, wanted, now))
    for act in known.keys() | asked.keys():
        if known.get(act) == asked.get(act):
            continue
        if act in asked:
            merged[act] = asked[act]
        else:
            merged.pop(act, None)
    return tuple(merged.values())
