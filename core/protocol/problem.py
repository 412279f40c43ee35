"""Errors on the wire: RFC 9457 problem bodies, with the invalid field and, on a conflict, the current order."""

import re
from typing import Final

import msgspec

from core.domain.acts import Need
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.payment import PaymentChange
from core.reasons import expected

CONTENT_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`type` is a stable name to branch on; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    detail: str = ""
    field: str = ""
    """The JSON path of the invalid value: `lines[0].quantity`."""
    order: Order | None = None
    """On a 409: the current order; on `price_changed` the order as it would be made now."""
    payment: PaymentChange | None = None
    """On a 409 about a payment: its last change, and by whom."""
    menu: Menu | None = None
    """On a 409 about the menu: the current menu."""
    needs: tuple[Need, ...] = ()
    """On a 403 `right`: what the person's role may not do."""


_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?\Z", re.DOTALL)


def blame(error: msgspec.ValidationError) -> tuple[str, str]:
    """The sentence and the field path of a msgspec validation error.

    A missing field is blamed on itself rather than on the object that lacks it.
    """
    match = _PATH.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    missing = re.search(r"missing required field `([^`]+)`", what)
    if missing:
        path = f"{path}.{missing[1]}".lstrip(".")
    return expected(what), path
