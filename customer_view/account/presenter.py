"""Sign-up, sign-in and sign-out of a customer."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, Conflict, Refused, SignedOut, TooManyAttempts, Unpaired
from core.client.sync.api import SyncedApi
from core.decoding import convert
from core.domain.phones import NoPhone, check_phone
from core.protocol.replies import Tokens
from core.protocol.requests import Email, Name, Password, SignIn, SignUp
from core.ui.jobs import Job, Jobs
from core.ui.problems import left_behind, patience
from core.ui.refresh import Refresher
from core.ui.text import N_, _

_RULES: Final[Mapping[str, tuple[object, str]]] = {
    "name": (Name, N_("Enter your name.")),
    "email": (Email, N_("This is not an e-mail address. You can leave it empty.")),
    "password": (Password, N_("Use at least 8 characters.")),
}
_REACH_S: Final = 15.0


class Account(QObject):
    """Signs in, signs up and signs out, one at a time. Passwords are not kept beyond the call."""

    busy_changed = Signal(bool)
    signed_in = Signal(object)
    """The `Tokens`; the session itself stays in the api."""
    signed_out = Signal()
    """The session has ended, and nothing of it comes any more."""
    refused = Signal(object)
    """A `ClientError`; its `field` is the invalid input."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._busy = False
        self._try: Job | None = None
        self.reach = Refresher(jobs, api.probe, _REACH_S, parent=self)
        """Whether the shop can be reached, checked while nobody is signed in, to warn in advance."""

    @property
    def trying(self) -> bool:
        """Whether an attempt is in progress."""
        return self._try is not None

    @property
    def busy(self) -> bool:
        return self._busy

    def sign_in(self, login: str, password: str) -> None:
        if not login.strip():
            return self.refused.emit(_blame("login", _("Enter your phone number or e-mail address.")))
        if not password:
            return self.refused.emit(_blame("password", _("Enter your password.")))
        request = SignIn(login=login.strip(), password=password)
        return self._run(lambda: self._api.sign_in(request))

    def sign_up(self, name: str, phone: str, email: str, password: str) -> None:
        given = {"name": name.strip(), "phone": phone.strip(), "email": email.strip(), "password": password}
        if not given["email"]:
            del given["email"]
        try:
            check_phone(given["phone"], "")
        except NoPhone as error:
            return self.refused.emit(_blame("phone", _(error.message)))
        for field, (rule, sentence) in _RULES.items():
            if field not in given:
                continue
            try:
                convert(given[field], rule)
            except msgspec.ValidationError:
                return self.refused.emit(_blame(field, _(sentence)))
        request = SignUp(**given)
        return self._run(lambda: self._api.sign_up(request))

    def sign_out(self) -> None:
        """End the session. Nobody can sign in before it has ended."""
        self._set_busy(True)
        self._jobs.run(self._api.sign_out, self._on_signed_out, self._on_not_forgotten)

    @Slot()
    def give_up(self) -> None:
        """Abort the attempt: however late the answer is, it starts no session, and the next person need not wait."""
        if self._try is not None:
            self._try.cancel()
            self._try = None
            self._set_busy(True)
            self._jobs.run(self._api.give_up_sign_in, self._on_given_up, self._on_given_up)

    def _run(self, call: Callable[[], Tokens]) -> None:
        if self._busy:
            return
        self._try = self._jobs.run(call, self._on_signed_in, self._on_refused)
        self._set_busy(True)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.busy_changed.emit(busy)

    def _on_signed_in(self, tokens: Tokens) -> None:
        self._try = None
        self._set_busy(False)
        self.signed_in.emit(tokens)

    def _on_refused(self, error: ClientError) -> None:
        self._try = None
        self._set_busy(False)
        if isinstance(error, SignedOut):
            error = Refused(error.message, title=_("You are not signed in"), field="password")
        elif isinstance(error, TooManyAttempts):
            error = patience(error)
        elif isinstance(error, Unpaired):
            error = Unpaired(
                _("Please tell the staff: it is to be paired again."), title=_("The shop does not know this screen")
            )
        elif isinstance(error, Conflict):
            error = Conflict(error.message, order=None, title=_("You already have an account"))
            error.field = "phone"
        self.refused.emit(error)

    def _on_signed_out(self, _result: object) -> None:
        self.signed_out.emit()
        self._set_busy(False)

    def _on_not_forgotten(self, error: ClientError) -> None:
        self._on_signed_out(None)
        self.refused.emit(left_behind(error))

    def _on_given_up(self, _result: object) -> None:
        self._set_busy(False)


def _blame(field: str, message: str) -> Refused:
    return Refused(message, title=_("Please check what you typed"), field=field)
