import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DomainError
from core.domain.money import as_decimal, check_currency, exponent, parse_minor

amounts = st.integers(0, 10**12)


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
        ("١٬٢٣٤٫٥٦", "USD", 123456),
        ("۱۲٫۵", "USD", 1250),
        ("￥１２００", "JPY", 1200),
        ("９．７５", "EUR", 975),
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


def test_a_currency_is_known_by_its_code() -> None:
    assert check_currency(" eur ") == "EUR"
    with pytest.raises(DomainError, match=r"^There is no currency 'XAU'\. Give its ISO 4217 code, such as USD or EUR$"):
        check_currency("XAU")


def test_amounts_in_files_have_a_point_and_a_minus() -> None:
    assert [as_decimal(minor, "USD") for minor in (0, 1, -1, -123450)] == ["0.00", "0.01", "-0.01", "-1234.50"]
    assert [as_decimal(minor, "JPY") for minor in (0, 1, -7)] == ["0", "1", "-7"]
    assert as_decimal(5, "KWD") == "0.005"


def test_what_is_no_amount_is_repeated_to_whoever_typed_it() -> None:
    with pytest.raises(DomainError, match=r"^'12\.345' is not an amount in USD$"):
        parse_minor("12.345", "USD")
