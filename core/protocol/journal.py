"""The day journal: what was sold, paid and moved, in double entry, for a bookkeeper.

It is made of documents that never change: the Zs of drawers, their supplements, and for each day what was booked
without a drawer. Each document balances, and so does each day.
"""

from typing import Final

import msgspec

from core.domain.ids import DeviceId
from core.protocol.reports import Day

SALES: Final = "sales"
TAX: Final = "tax"
TIPS: Final = "tips"
ROUNDING: Final = "rounding"
RECEIVABLES: Final = "receivables"
SAFE: Final = "safe"
PAID_IN: Final = "paid in"
PAID_OUT: Final = "paid out"
OVER_SHORT: Final = "over and short"
FLOAT: Final = "float"
ACCOUNTS: Final = {
    "tender:…": "what was paid by this tender, less change and what was given back; tender:cash is what is in drawers",
    SALES: "turnover without tax, by tax",
    TAX: "tax owed, by tax",
    TIPS: "tips owed to staff",
    ROUNDING: "what cash rounding has added or left out",
    RECEIVABLES: "owed for sales, less what was paid ahead for orders that are not paid whole",
    SAFE: "cash that was taken out of drawers, to the safe and at closings",
    PAID_IN: "cash put into drawers, with its reason",
    PAID_OUT: "cash taken out of drawers, with its reason",
    OVER_SHORT: "what was counted above (credit) or below (debit) what should have been there",
    FLOAT: "what was in a drawer when it was opened for the first time",
}
"""What each account is."""


def tender_account(tender: str) -> str:
    return f"tender:{tender}"


class JournalQuery(msgspec.Struct, frozen=True, kw_only=True):
    first: Day
    last: Day
    """Inclusive."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line: an amount on one side of one account. Amounts in minor units, not below zero."""

    day: str
    """The business day on which it was booked: on which the server had it. It is in no other day's journal."""
    document: str
    """`POS1 Z 12`, `POS1 Z 12, supplement 1`; of what was booked without a drawer, empty."""
    of_day: str
    """The business day that the document is of: that of the closing."""
    device: DeviceId = DeviceId("")
    account: str
    """Of `ACCOUNTS`."""
    group: str = ""
    """Of sales and tax: the taxes, `STD:8250` (1/1000 %), several joined by `+`."""
    debit_minor: int = 0
    credit_minor: int = 0
    text: str = ""


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    first: str
    last: str
    currency: str
    postings: tuple[Posting, ...]
    unclosed: tuple[DeviceId, ...] = ()
    """POS whose drawer is open now: what was booked in it is in the journal of the day on which it is closed."""
