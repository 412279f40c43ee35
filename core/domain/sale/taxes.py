"""Which taxes apply to what is sold: by category, fulfilment and date."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Final

import msgspec

from core.domain.sale.errors import Refused
from core.domain.sale.rounding import PERCENT

ANY: Final = "*"
"""The fulfilment of an entry that holds for each of them."""


class Tax(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tax of a set. `rate` is in 1/1000 % (8.875 % is 8875)."""

    code: str
    rate: int
    compound: bool = False
    """Computed on the price with the taxes before it in the set, not on the price alone."""

    @property
    def key(self) -> str:
        """The name of its total: `VAT:19000`."""
        return f"{self.code}:{self.rate}"


class TaxSet(msgspec.Struct, frozen=True):
    """The taxes of one item, in order."""

    taxes: tuple[Tax, ...] = ()
    combined: bool = False
    """Their sum is rounded, not each of them."""

    @property
    def key(self) -> str:
        """`GST:5000+QST:9500c`; `-` for what is not taxed."""
        return "+".join(tax.key + "c" * tax.compound for tax in self.taxes) or "-"

    def factors(self, *, inclusive: bool) -> list[Fraction]:
        """Each tax as a fraction of the amount in the price mode."""
        effective: list[Fraction] = []
        for tax in self.taxes:
            base = 1 + sum(effective, Fraction(0)) if tax.compound else Fraction(1)
            effective.append(base * Fraction(tax.rate, PERCENT))
        whole = 1 + sum(effective, Fraction(0)) if inclusive else Fraction(1)
        return [each / whole for each in effective]


UNTAXED: Final = TaxSet()


class TaxEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a shop's tax table. Exempt and zero-rated items have an entry of their own, with rate 0."""

    category: str
    taxes: tuple[Tax, ...]
    fulfilment: str = ANY
    since: date = date.min
    combined: bool = False


class TaxTable(msgspec.Struct, frozen=True):
    """All the rates a shop has had and will have."""

    entries: tuple[TaxEntry, ...] = ()

    def check(self) -> None:
        """Raises `Refused` for a rate outside of 0 to 100 %."""
        for entry in self.entries:
            for tax in entry.taxes:
                if type(tax.rate) is not int or not 0 <= tax.rate <= PERCENT:
                    raise Refused("bad_rate", f"{tax.code}: a rate is between 0 and 100 %.")

    def taxes(self, category: str, fulfilment: str, on: date) -> TaxSet:
        """The taxes due on a day. An entry for this very fulfilment goes before one for any.

        Raises `Refused`: no entry is a mistake, never 0 %.
        """
        found = _newest(self.entries, category, fulfilment, on) or _newest(self.entries, category, ANY, on)
        if found is None:
            raise Refused(
                "no_tax", f"There is no tax rate for {category!r} on {on:%Y-%m-%d}. Add one to the tax table."
            )
        return TaxSet(found.taxes, found.combined)


def _newest(entries: Sequence[TaxEntry], category: str, fulfilment: str, on: date) -> TaxEntry | None:
    matching = [
        each for each in entries if each.category == category and each.fulfilment == fulfilment and each.since <= on
    ]
    return max(matching, key=lambda each: each.since, default=None)
