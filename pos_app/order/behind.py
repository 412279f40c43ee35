"""The orders behind a pressed figure of a report."""

import msgspec

from core.protocol.reports import By


class Behind(msgspec.Struct, frozen=True):
    """A row of a report of sales, of which the orders are wanted."""

    by: By
    row: str
    first: str
    last: str
    words: str
    """What it is, for people."""
