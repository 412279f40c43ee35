"""Why a call to the backend did not do what was asked: a title and a sentence, made once, for a person to read."""

from datetime import UTC, datetime

from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.payment import PaymentChange


class ClientError(Exception):
    """`title` says what happened, `message` what to do next. `field` is the input to blame, when there is one.

    `sentence` is the message as it is translated: with `{address}` where the message names the `address` tried.
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
    """No answer: no network, no server, or none in time. Worth trying again by itself."""

    title = "No connection"

    def __init__(self, sentence: str, *, address: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(sentence, address=address)
        self.retry_after_s = retry_after_s


class Busy(Unreachable):
    """The server answers that it cannot do it now, and why: a full disk, a locked database, its own end."""

    title = "The server is busy"

    def __init__(self, message: str, *, title: str = "", retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.title = title or self.title


class OtherServer(Unreachable):
    """What answers at the address is not Orderbell: a proxy, the sign-in page of a Wi-Fi, another program. It says
    nothing of what was asked, nor of who asked it."""

    title = "Something else answers"

    def __init__(self, address: str) -> None:
        super().__init__(
            "Something else answers at {address}, not Orderbell. Check the address and the network: a proxy or the "
            "sign-in page of a Wi-Fi may be in between.",
            address=address,
        )


class Untrusted(Unreachable):
    """Something answers, but its certificate does not prove it to be the shop's server: nothing was said to it."""

    title = "This is not the shop's server"

    def __init__(self, sentence: str, *, address: str = "") -> None:
        super().__init__(sentence, address=address)


class WrongClock(Untrusted):
    """A certificate that is good at another time than this machine's clock says: `says`, aware UTC."""

    title = "This machine's clock may be wrong"

    def __init__(self, sentence: str, *, address: str = "") -> None:
        super().__init__(sentence, address=address)
        self.says = datetime.now(UTC)


class SignedOut(ClientError):
    """The session is over: it expired, was ended, or was never valid."""

    title = "Please sign in again"


class Left(SignedOut):
    """Whoever asked has left meanwhile. Whoever is here now has asked nothing, and is not signed out by it."""

    def __init__(self) -> None:
        super().__init__("You were signed out meanwhile.")


class Refused(ClientError):
    """The backend understood and said no: bad input, not allowed, not there. Trying again changes nothing."""

    title = "Not possible"


class HalfACode(Refused):
    """The server encrypts, and what was typed is the code of one that does not: its end is missing."""

    def __init__(self) -> None:
        super().__init__("The code belongs to a server that encrypts: its address begins with https://.", field="code")


class Unpaired(Refused):
    """Nobody signs in at this machine before it is paired, for the first time or again. Who it was to be was not
    looked at."""

    title = "This device is not paired"


class TooManyTries(Refused):
    """Signing in, or pairing, was wrong too often; for `retry_after_s` nothing more is looked at."""

    title = "Too many wrong tries"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotFound(Refused):
    title = "Not found"


class Conflict(Refused):
    """Somebody was faster, or the move is not legal from where the order is. `order` is the order as it is now, and
    `payment` what was last done to its payment, where that was asked to be changed."""

    title = "The order has changed"

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
    """The number of a new order is beyond what its series can have come to. Orders before it may be still to come."""

    title = "The number was not taken"


class PriceChanged(Conflict):
    """Nothing was ordered: it would cost something else by now. `order` is what it would be."""

    title = "The price has changed"


class MenuMoved(Refused):
    """Somebody else has changed the menu since it was read. `menu` is the menu as it is now."""

    title = "The menu has changed"

    def __init__(self, message: str, menu: Menu) -> None:
        super().__init__(message)
        self.menu = menu


class NotKept(ClientError):
    """This machine's own disk takes nothing: it is full, or broken. What was asked for was not accepted."""

    title = "Nothing was saved"


class Fault(ClientError):
    """A mistake in this program. It is logged with its traceback and never shown as being offline."""

    title = "A fault in this program"

    def __init__(self) -> None:
        super().__init__("This window made a mistake. It was written to the log.")


class Diverged(ClientError):
    """The server's history is not the one this window followed: it was restored from a backup."""

    title = "The server was restored"


class Gone(ClientError):
    """The server no longer remembers as far back as this window was away."""

    title = "Away for long"


class ServerFault(ClientError):
    """The backend itself failed. A bug is never shown as being offline."""

    title = "The server had a problem"
