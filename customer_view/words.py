"""Words for a customer: an order's title and times, and errors, which they cannot fix."""

from datetime import datetime
from typing import Final

from core.client.errors import Busy, ClientError, Unreachable
from core.domain.order import Order
from core.ui.text import N_, _, clock, day

AT_THE_COUNTER: Final = N_("Please order at the counter, or try again later.")
"""For somebody without an order in progress."""
KEPT: Final = N_("What you have sent is kept here, and goes on by itself. The staff at the counter can help you.")
_UNREACHABLE: Final = N_("The shop cannot be reached just now")
_BUSY: Final = N_("The shop cannot take this just now")


def when(at: datetime, now: datetime) -> str:
    """`Today 12:01`, as the reader writes it."""
    return _("{day} {time}").format(day=day(at, now), time=clock(at))


def title(order: Order) -> str:
    """The title of an order: its number, once the shop has given it one."""
    return order.number or _("New order")


def for_customer(error: ClientError, advice: str = KEPT) -> ClientError:
    """`error`, without the address, the machine and tasks of the server's admins. `advice` is translated where it is
    shown."""
    if not isinstance(error, Unreachable):
        return error
    if isinstance(error, Busy):
        return Busy(advice, title=_BUSY, retry_after_s=error.retry_after_s or 0.0)
    plain = Unreachable(advice, retry_after_s=error.retry_after_s)
    plain.title = _UNREACHABLE
    return plain
