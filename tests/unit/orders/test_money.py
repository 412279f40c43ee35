from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DomainError
from core.domain.money import Tax, exponent, parse_minor, totals

amounts = st.integers(0, 10**12)
rates = st.integers(0, 10_000)


@given(amounts, rates)
def test_tax_on_top_is_rounded_half_up(subtotal: int, rate_bp: int) -> None:
    exact = Decimal(subtotal) * rate_bp / 10_000
    assert Tax(rate_bp, included=False).of(subtotal) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(amounts, rates)
def test_included_tax_is_what_the_net_price_was_taxed_with(subtotal: int, rate_bp: int) -> None:
    tax = Tax(rate_bp, included=True).of(subtotal)
    assert 0 <= tax <= subtotal
    # |tax - subtotal * r / (1 + r)| is at most half a minor unit
    assert abs(tax * (10_000 + rate_bp) - subtotal * rate_bp) * 2 <= 10_000 + rate_bp


@given(st.lists(amounts, min_size=1, max_size=20), rates, st.booleans())
def test_totals_add_up(lines: list[int], rate_bp: int, included: bool) -> None:
    found = totals(lines, Tax(rate_bp, included))
    assert found.subtotal_minor == sum(lines)
    assert found.total_minor == found.subtotal_minor + (0 if included else found.tax_minor)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("$2.39", "USD", 239),
        ("2.3", "USD", 230),
        ("1,234.56", "USD", 123456),
        ("€ 7", "EUR", 700),
        ("¥1200", "JPY", 1200),
        ("0.005", "KWD", 5),
        ("$0.00", "USD", 0),
    ],
)
def test_an_amount_is_read(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("", "USD"), ("1.234", "USD"), ("12.5", "JPY"), ("-1", "USD"), ("1,23", "USD"), ("nan", "USD"), ("1e3", "USD")],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(DomainError):
        parse_minor(text, currency)


@given(st.integers(0, 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
def test_an_amount_written_is_read_back(minor: int, currency: str) -> None:
    digits = exponent(currency)
    written = f"{minor // 10**digits:,}" + (f".{minor % 10**digits:0{digits}d}" if digits else "")
    assert parse_minor(written, currency) == minor
