"""Sign-in at the till by name and PIN, and the names of earlier sign-ins."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError, SignedOut, Unpaired
from core.client.sync.api import SyncedApi
from core.domain.people import Person
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn
from core.ui.jobs import Job, Jobs
from core.ui.problems import left_behind
from core.ui.text import _


class SignIn(QObject):
    """Signs people in and out, one at a time. The session outlives the lock: what was accepted goes on being sent
    (docs/adr/0028)."""

    started = Signal()
    signed_in = Signal(object)
    """The `Tokens` of the new session."""
    refused = Signal(object)
    """A `ClientError`: the sign-in failed."""
    given_up = Signal()
    left = Signal()
    """The session has ended; nothing of it comes after this."""

    def __init__(self, jobs: Jobs, api: SyncedApi, device: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._device = device
        self._job: Job | None = None
        self._leaving: Job | None = None
        self._asked: StaffSignIn | None = None
        self.person: Person | None = None
        """The person who is signed in."""
        self.names: tuple[str, ...] = ()
        """The names of sign-ins since the window opened, the last one first."""

    @property
    def running(self) -> bool:
        return self._job is not None or self._asked is not None

    def submit(self, name: str, pin: str) -> None:
        """Sign `name` in. Does nothing while an attempt is in progress: `give_up` that first."""
        if self.running:
            return
        self._asked = StaffSignIn(staff=name.strip(), pin=pin, device=self._device)
        self.started.emit()
        if self._leaving is None:  # or else the end of one session could meet the beginning of the next
            self._ask()

    def give_up(self) -> None:
        """Abort the attempt: however late the answer is, it starts no session."""
        if not self.running:
            return
        self._asked = None
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._leaving = self._jobs.run(self._api.give_up_sign_in, self._on_given_up, self._on_given_up)
        self.given_up.emit()

    def resume(self, person: Person) -> None:
        """Continue an earlier run's session, locked."""
        self.person = person
        self._remember(person.name)

    def leave(self) -> None:
        """End the session; the server is notified when it can be reached."""
        if self.person is not None:
            self.person = None
            self._leaving = self._jobs.run(self._api.sign_out, self._on_left, self._on_not_forgotten)

    def _ask(self) -> None:
        request, self._asked = self._asked, None
        if request is not None:
            self._job = self._jobs.run(partial(self._api.staff_sign_in, request), self._on_signed_in, self._on_refused)

    def _on_left(self, _result: object) -> None:
        self._leaving = None
        self.left.emit()
        self._ask()

    def _on_not_forgotten(self, error: ClientError) -> None:
        self.refused.emit(left_behind(error))
        self._on_left(None)

    def _on_given_up(self, _result: object) -> None:
        self._leaving = None
        self._ask()

    def _remember(self, name: str) -> None:
        self.names = (name, *(each for each in self.names if each != name))

    def _on_signed_in(self, tokens: Tokens) -> None:
        self._job = None
        self.person = tokens.person
        self._remember(tokens.person.name)
        self.signed_in.emit(tokens)

    def _on_refused(self, error: ClientError) -> None:
        self._job = None
        if isinstance(error, SignedOut):
            error = SignedOut(_("Try again, or ask the admin for a new PIN."), title=_("The name or the PIN is wrong"))
        elif isinstance(error, Unpaired):
            told = _("Ask an admin for a code: orderbell devices pair {device} --kind pos").format(device=self._device)
            error = Unpaired(told, title=_("Pair this POS first"))
        self.refused.emit(error)
