"""Who is at the till: signing in by name and PIN, and who has been here before."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from core.client.api import StaffApi
from core.client.errors import ClientError, SignedOut
from core.domain.people import Person
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn
from core.ui.jobs import Job, Jobs
from core.ui.text import _


class SignIn(QObject):
    """Signs people in and out, one at a time."""

    started = Signal()
    signed_in = Signal(object)
    """The `Tokens` of the new session."""
    refused = Signal(object)
    """A `ClientError`: nobody is signed in by it."""

    def __init__(self, jobs: Jobs, api: StaffApi, device: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._device = device
        self._job: Job | None = None
        self.person: Person | None = None
        """Who is signed in."""
        self.names: tuple[str, ...] = ()
        """Who has signed in here since the window opened, the last one first."""

    @property
    def running(self) -> bool:
        return self._job is not None

    def submit(self, name: str, pin: str) -> None:
        """Try to sign `name` in. Does nothing while a try is under way."""
        if self._job is None:
            request = StaffSignIn(staff=name.strip(), pin=pin, device=self._device)
            self._job = self._jobs.run(partial(self._api.staff_sign_in, request), self._on_signed_in, self._on_refused)
            self.started.emit()

    def leave(self) -> None:
        """End the session; the server is told when it can be reached."""
        if self.person is not None:
            self.person = None
            self._jobs.run(self._api.sign_out, _nothing, _nothing)

    def _on_signed_in(self, tokens: Tokens) -> None:
        self._job = None
        self.person = tokens.person
        self.names = (tokens.person.name, *(name for name in self.names if name != tokens.person.name))
        self.signed_in.emit(tokens)

    def _on_refused(self, error: ClientError) -> None:
        self._job = None
        if isinstance(error, SignedOut):
            error = SignedOut(_("Try again, or ask the admin for a new PIN."), title=_("The name or the PIN is wrong"))
        self.refused.emit(error)


def _nothing(_result: object) -> None:
    """Signing out has no answer to wait for."""
