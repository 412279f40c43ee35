"""Errors of calls to the backend, with a title and a sentence for a person."""

from datetime import UTC, datetime
from typing import Final

from core.domain.acts import Need
from core.domain.ids import OpId
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.payment import PaymentChange

_NO_OP: Final = OpId("")


class ClientError(Exception):
    """`title` is what happened, `message` what to do next. `field` is the invalid input, when there is one.

    `sentence` is the message before translation: with `{address}` where the message names the `address` that was tried.
    """

    title = "Something went wrong"

    def __init__(self, sentence: str, *, title: str = "", field: str = "", address: str = "") -> None:
        message = sentence.replace("{address}", address) if address else sentence
        super().__init__(message)
        self.title = title or self.title
        self.sentence = sentence
        self.message = message
        self.field = field
        self.address = address


class Unreachable(ClientError):
    """No answer: no network, no server, or none in time. A retry may succeed."""

    title = "No connection"

    def __init__(self, sentence: str, *, address: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(sentence, address=address)
        self.retry_after_s = retry_after_s


class Busy(Unreachable):
    """The server answers that it cannot do it now, with the reason: a full disk, a locked database, its shutdown."""

    title = "The server is busy"

    def __init__(self, message: str, *, title: str = "", retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.title = title or self.title


class OtherServer(Unreachable):
    """Another program answers at the address: a proxy, the sign-in page of a Wi-Fi. The request was not handled."""

    title = "Something else answers"

    def __init__(self, address: str) -> None:
        super().__init__(
            "Something else answers at {address}, not Orderbell. Check the address and the network: a proxy or the "
            "sign-in page of a Wi-Fi may be in between.",
            address=address,
        )


class Untrusted(Unreachable):
    """The server's certificate is not the shop's: nothing was sent to it."""

    title = "This is not the shop's server"

    def __init__(self, sentence: str, *, address: str = "") -> None:
        super().__init__(sentence, address=address)


class WrongClock(Untrusted):
    """The certificate is not valid at this machine's time `says`, aware UTC."""

    title = "This machine's clock may be wrong"

    def __init__(self, sentence: str, *, address: str = "") -> None:
        super().__init__(sentence, address=address)
        self.says = datetime.now(UTC)


class SignedOut(ClientError):
    """The session is over: it expired, was ended, or was never valid."""

    title = "Please sign in again"


class Left(SignedOut):
    """The person who made the call has signed out meanwhile. The current session is not affected."""

    def __init__(self) -> None:
        super().__init__("You were signed out meanwhile.")


class Refused(ClientError):
    """The backend refused: bad input, not allowed, not there. A retry changes nothing."""

    title = "Not possible"


class HalfACode(Refused):
    """The server encrypts, but the pairing code is of one that does not: its second part is missing."""

    def __init__(self) -> None:
        super().__init__("The code belongs to a server that encrypts: its address begins with https://.", field="code")


class Unpaired(Refused):
    """This machine has to be paired before anybody can sign in. The login was not checked."""

    title = "This device is not paired"


class TooManyAttempts(Refused):
    """Too many failed attempts to sign in or pair; further ones are refused for `retry_after_s`."""

    title = "Too many wrong tries"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoRight(Refused):
    """The person's role may not do this; somebody whose role may can allow it, this once. `needs` is what is missing,
    `op_id` the operation, and `about` the order or drawer session that it changes or makes."""

    title = "A manager has to allow this"

    def __init__(self, needs: tuple[Need, ...], message: str = "", *, op_id: OpId = _NO_OP, about: str = "") -> None:
        super().__init__(message or "Your role may not do this. Ask a manager to allow it.")
        self.needs = needs
        self.op_id = op_id
        self.about = about


class NotFound(Refused):
    title = "Not found"


ORDER_CHANGED: Final = "The order has changed"
"""The title of a `Conflict` where somebody else has changed the order; of others it is that of every refusal."""


class Conflict(Refused):
    """The order has changed, or its status, or that of a drawer or basket, does not allow it. `order` is the current
    order, if it is about one, and `payment` its last change of payment, where that was to be changed."""

    def __init__(
        self,
        message: str,
        *,
        order: Order | None,
        payment: PaymentChange | None = None,
        title: str = "",
        field: str = "",
    ) -> None:
        super().__init__(message, title=title, field=field)
        self.order = order
        self.payment = payment


class NumberTooFar(Conflict):
    """The number of a new order is beyond what its series can have reached. Orders before it may be still to come."""

    title = "The number was not taken"


class PriceChanged(Conflict):
    """Nothing was ordered: the price has changed. `order` is what it would be now."""

    title = "The price has changed"


class MenuMoved(Refused):
    """Somebody else has changed the menu. `menu` is the current one."""

    title = "The menu has changed"

    def __init__(self, message: str, menu: Menu) -> None:
        super().__init__(message)
        self.menu = menu


class NotKept(ClientError):
    """This machine's disk is full or broken. The request was not accepted."""

    title = "Nothing was saved"


class Fault(ClientError):
    """A bug in this program. It is logged with its traceback and never shown as being offline."""

    title = "A fault in this program"

    def __init__(self) -> None:
        super().__init__("This window made a mistake. It was written to the log.")


class Diverged(ClientError):
    """The server's history is not the one this window followed: it was restored from a backup."""

    title = "The server was restored"


class Gone(ClientError):
    """The server no longer has the events since this window was away."""

    title = "Away for long"


class ServerFault(ClientError):
    """A bug in the backend. It is never shown as being offline."""

    title = "The server had a problem"
