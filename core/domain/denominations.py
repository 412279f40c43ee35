"""The coins and notes that are counted in a drawer, by currency."""

from typing import Final

from core.domain.money import exponent

_OWN: Final = {
    "EUR": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000),
    "GBP": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000),
    "USD": (1, 5, 10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
    "CAD": (5, 10, 25, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
    "AUD": (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
    "CHF": (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 100_000),
    "JPY": (1, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000),
}
_STEPS: Final = (1, 2, 5)
_DECADES: Final = 5


def coins_and_notes(currency: str) -> tuple[int, ...]:
    """Their values in minor units, the smallest first. Of a currency that is not known here: 1, 2, 5, 10 and so on."""
    if currency in _OWN:
        return _OWN[currency]
    smallest = 10 if exponent(currency) == 3 else 1
    return tuple(step * smallest * 10**decade for decade in range(_DECADES) for step in _STEPS)
