"""However a phone number is typed, it is one number."""

import subprocess

import pytest

from core.countries import likely_country
from core.domain.digits import ascii_digits, digits_of
from core.domain.people import Guest
from core.domain.phones import NoPhone, check_phone, normal, spellings
from core.own_process import python


@pytest.mark.parametrize(
    "typed",
    [
        "+49 170 1234567",
        "0049 170 1234567",
        "0170 1234567",
        "0170/12 34 567",
        "+49 (0)170 1234567",
        "(0170) 1234-567",
        "0170\u20131234567",
        "0170\u00a0123\u202f4567",
        "\u202a+49 170 1234567\u202c",
        "٠١٧٠ ١٢٣٤٥٦٧",
        "०१७०१२३४५६७",
        "０１７０－１２３４５６７",
        "＋49 170 1234567",
        "491701234567",
    ],
)
def test_all_spellings_of_a_number_are_one(typed: str) -> None:
    assert check_phone(typed, "DE") == "+491701234567"


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("(212) 555-0142", "US", "+12125550142"),
        ("1 212 555 0142", "US", "+12125550142"),
        ("011 49 170 1234567", "US", "+491701234567"),
        ("0049 170 1234567", "US", "+491701234567"),
        ("+1 212 555 0142", "DE", "+12125550142"),
        ("9812345678", "IN", "+919812345678"),
        ("06 1234567", "IT", "+39061234567"),
        ("0170 12345", "DE", "+4917012345"),
        ("555-0142", "US", "5550142"),
        ("4912", "DE", "4912"),
        ("0170 1234567", "", "01701234567"),
        ("+49 170 1234567", "", "+491701234567"),
        ("+1 555 0100", "US", "15550100"),
    ],
)
def test_a_number_is_read_as_where_it_was_typed(typed: str, country: str, kept: str) -> None:
    """A short one, and one in national form without a country, is its digits."""
    assert normal(typed, country) == kept
    assert normal(kept, country) == kept


@pytest.mark.parametrize("typed", ["", "Ada", "12", "0170 12345 Ada", "1" * 20, "ada@example.org"])
def test_what_is_no_number_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(NoPhone) as refused:
        check_phone(typed, "DE")
    assert refused.value.field == "phone"
    assert refused.value.message.endswith(".")


def test_digits_of_every_script_are_digits() -> None:
    assert ascii_digits("٤٢ ۴۲ ४२ ４２ 42 ½ Ⅷ ²") == "42 42 42 42 42 ½ Ⅷ ²"
    assert digits_of("Table ٧") == "7"


@pytest.mark.parametrize(
    ("time_zone", "currency", "country"),
    [
        ("Europe/Berlin", "EUR", "DE"),
        ("America/Guayaquil", "USD", "EC"),
        ("UTC", "GBP", "GB"),
        ("Etc/UTC", "INR", "IN"),
        ("UTC", "EUR", ""),
        ("UTC", "XOF", ""),
    ],
)
def test_the_country_is_that_of_the_zone_or_of_the_currency(time_zone: str, currency: str, country: str) -> None:
    assert likely_country(time_zone, currency) == country


def test_numbering_plans_are_loaded_by_the_first_number() -> None:
    """A window's start does not wait for them."""
    code = "import sys; import pos_app.window, customer_view.window; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run(python("-c", code), check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("kept", ["01701234567", "1701234567", "491701234567", "00491701234567", "4901701234567"])
@pytest.mark.parametrize("typed", ["+49 170 1234567", "0049 170 1234567", "0170 1234567", "٠١٧٠ ١٢٣٤٥٦٧"])
def test_what_was_kept_as_digits_is_a_spelling_of_its_number(kept: str, typed: str) -> None:
    assert kept in spellings(typed, "DE")
    assert "+491701234567" in spellings(kept, "DE")


def test_a_number_of_another_country_is_not_taken_for_one_of_the_place() -> None:
    assert "1701234567" not in spellings("+49 170 1234567", "US")
    assert "2125550142" in spellings("+1 (212) 555-0142", "US")
    assert "2125550142" not in spellings("+1 212 555 0142", "DE")


def test_nothing_has_no_spellings() -> None:
    assert spellings("", "DE") == spellings("Ada", "DE") == ()
    assert spellings("4912", "DE") == ("4912",)


@pytest.mark.parametrize(
    ("typed", "name", "phone"),
    [
        ("Jo (212)\u00a0555\u20130142", "Jo", "2125550142"),
        ("Jo \u202a+49 170 1234567\u202c", "Jo", "+491701234567"),
        ("Jo ＋49－170－1234567", "Jo", "+491701234567"),
        ("٠١٧٠ ١٢٣٤٥٦٧", "", "01701234567"),
        ("Table 7", "Table 7", ""),
    ],
)
def test_the_number_at_the_end_of_a_name_is_found_in_every_dress(typed: str, name: str, phone: str) -> None:
    assert Guest.of(typed) == Guest(name, phone)
