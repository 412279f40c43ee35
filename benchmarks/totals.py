"""How long does it take to price an order?"""

import time
from datetime import date
from typing import Final

from benchmarks.measure import Claim, Result, Spread
from core.domain import pricing
from core.domain.discount import Discount
from core.domain.ids import ItemId
from core.domain.order import LineModifier, OrderLine
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.tax_table import Terms

LINES: Final = 50
CLAIMED_MS: Final = 1.0
_TAXES: Final = TaxTable(
    (
        TaxEntry("standard", (Tax("VAT", 19_000),)),
        TaxEntry("reduced", (Tax("VAT", 7_000),)),
        TaxEntry("two", (Tax("GST", 5_000), Tax("QST", 9_975))),
    )
)
_CATEGORIES: Final = ("", "reduced", "two")
_EXTRA: Final = LineModifier(name="Guacamole", price_minor=200)


def run(quick: bool) -> Result:
    rounds, times = (5, 20) if quick else (25, 100)
    rows, claims = [], []
    for title, inclusive, discount in (
        ("tax in the prices", True, None),
        ("tax on top", False, None),
        ("tax on top, a discount on each line and on the order", False, Discount(reason="regular", rate=12_345)),
    ):
        terms, lines = Terms("EUR", inclusive, _TAXES), tuple(_line(n, discount) for n in range(LINES))
        found = Spread.of([_taken_ms(lines, terms, discount, times) for _ in range(rounds)])
        rows.append((title, found.shown(2)))
        claims.append(Claim(f"ms for {LINES} lines, {title}", found.median, "most", CLAIMED_MS))
    return Result(
        name="totals",
        title=f"Totals: milliseconds for an order of {LINES} lines at three rates, each with an option",
        columns=("order", "ms (least-most)"),
        rows=tuple(rows),
        claims=tuple(claims),
    )


def _taken_ms(lines: tuple[OrderLine, ...], terms: Terms, discount: Discount | None, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        pricing.price(lines, terms, "dine_in", date(2026, 5, 4), discount)
    return (time.perf_counter() - began) * 1000 / times


def _line(n: int, discount: Discount | None) -> OrderLine:
    unit_price_minor, quantity = 795 + 13 * n, 1 + n % 3
    return OrderLine(
        item_id=ItemId(f"item-{n}"),
        name=f"Item {n}",
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        total_minor=unit_price_minor * quantity,
        modifiers=(_EXTRA,),
        tax_category=_CATEGORIES[n % 3],
        discount=discount,
    )
