"""A shop's tax table, and how the shop prices. What is sold is taxed by its category, its fulfilment and the date."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from core.domain.errors import DomainError
from core.domain.money import Tax as OneRate
from core.domain.sale.rounding import PERCENT, rounded
from core.domain.sale.taxes import ANY, Tax, TaxEntry, TaxTable
from core.domain.status import Fulfilment
from core.instants import day_of, zone

STANDARD: Final = "standard"
"""The category of every item that names no other."""
DEFAULT_CODE: Final = "TAX"
"""The name of a tax that nobody has named."""
MAX_ENTRIES: Final = 200
MAX_TAXES: Final = 5
"""Of one entry."""
PER_BASIS_POINT: Final = 10
_CATEGORY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_CODE: Final = re.compile(r"[^\W_](?:[\w .%/-]{0,18}[^\W_])?")
FULFILMENTS: Final = (ANY, *map(str, Fulfilment))


class InvalidTaxes(DomainError):
    """The tax table is none that every order can be priced by."""


class Terms(msgspec.Struct, frozen=True):
    """A shop's terms of pricing."""

    currency: str
    """ISO 4217."""
    inclusive: bool
    """Whether prices contain the tax."""
    taxes: TaxTable
    time_zone: str = ""
    """IANA; empty: this machine's."""

    def tax_date(self, at: datetime) -> date:
        """The date that decides the rates of what is sold at that instant: the calendar's, where the shop is."""
        return day_of(at, zone(self.time_zone))


def of_one_rate(rate: int) -> TaxTable:
    """The table of a shop in which everything is taxed alike. `rate` is in 1/1000 %."""
    return TaxTable((TaxEntry(STANDARD, (Tax(DEFAULT_CODE, rate),)),))


def with_one_rate(table: TaxTable, rate: int) -> TaxTable:
    """The table with that rate for all that is in no category of its own, at any time."""
    others = tuple(each for each in table.entries if each.category != STANDARD)
    return TaxTable(of_one_rate(rate).entries + others)


def default_tax(terms: Terms, at: datetime) -> OneRate:
    """The rate for clients that know one only: the standard category's, in whole basis points."""
    rate = sum(each.rate for each in terms.taxes.taxes(STANDARD, ANY, terms.tax_date(at)).taxes)
    return OneRate(rounded(rate, PER_BASIS_POINT), terms.inclusive)


def categories(table: TaxTable) -> list[str]:
    """All of the table, the standard one first."""
    return [STANDARD, *dict.fromkeys(each.category for each in table.entries if each.category != STANDARD)]


def percent(rate: int) -> str:
    """`8.875` of 8875."""
    whole, rest = divmod(rate, 1_000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


def described(entry: TaxEntry) -> str:
    """`drinks dine_in from 2026-01-01: VAT 19 %`, for logs and commands."""
    rates = " + ".join(f"{tax.code} {percent(tax.rate)} %" for tax in entry.taxes)
    fulfilment = "" if entry.fulfilment == ANY else f" {entry.fulfilment}"
    since = "" if entry.since == date.min else f" from {entry.since.isoformat()}"
    return f"{entry.category}{fulfilment}{since}: {rates}"


def check_taxes(table: TaxTable, used: Iterable[str] = ()) -> None:
    """Checks that every order of the shop can be priced by it, whatever its date and fulfilment. `used` are the
    categories of the menu's items.

    Raises `InvalidTaxes`, which names the entry.
    """
    if len(table.entries) > MAX_ENTRIES:
        raise InvalidTaxes(f"A tax table has at most {MAX_ENTRIES} entries.", "taxes")
    for place, entry in enumerate(table.entries):
        for message in _faults(entry, table.entries[:place]):
            raise InvalidTaxes(message, f"taxes[{place}]")
    always = {each.category for each in table.entries if each.fulfilment == ANY and each.since == date.min}
    for category in (*categories(table), *used):
        if category not in always:
            raise InvalidTaxes(f"{category}: say its rate for any fulfilment, from the beginning on.", "taxes")


def _faults(entry: TaxEntry, before: Sequence[TaxEntry]) -> Iterator[str]:
    if not _CATEGORY.fullmatch(entry.category):
        yield "A category has up to 32 small letters, digits, dots, dashes and underscores."
    if entry.fulfilment not in FULFILMENTS:
        yield f"A fulfilment is one of {', '.join(FULFILMENTS)}."
    if not 1 <= len(entry.taxes) <= MAX_TAXES:
        yield f"An entry has 1 to {MAX_TAXES} taxes. For none, give it a rate of 0."
    if len({each.code for each in entry.taxes}) < len(entry.taxes):
        yield "Two taxes of an entry cannot have the same name."
    for tax in entry.taxes:
        if not _CODE.fullmatch(tax.code):
            yield "The name of a tax has up to 20 letters and digits."
        if not 0 <= tax.rate <= PERCENT:
            yield f"{tax.code}: a rate is between 0 and 100 %."
    if any(_key(entry) == _key(each) for each in before):
        yield f"{entry.category}: there are two entries for the same fulfilment from the same day on."


def _key(entry: TaxEntry) -> tuple[str, str, date]:
    return entry.category, entry.fulfilment, entry.since
