"""What is guessed first is not set."""

import secrets
from collections.abc import Callable

import pytest

from core.admin import setup
from core.domain.credentials import TooCommon, check_password, check_pin


@pytest.mark.parametrize(
    "pin",
    """0000 1234 1111 1212 7777 1004 2000 4444 2222 6969 9999 3333 5555 6666 1122 1313 8888 4321 2001 1010 2580
    000000 123456 654321 123123 121212 0123 9876 7890 112233 1234567890 9876543210 88888888""".split(),  # noqa: SIM905
)
def test_a_common_pin_is_refused(pin: str) -> None:
    with pytest.raises(TooCommon) as refused:
        check_pin(pin)
    assert refused.value.field == "pin"


@pytest.mark.parametrize("pin", ["4821", "246813", "11235813", "90210", "7305"])
def test_another_pin_is_taken(pin: str) -> None:
    assert check_pin(pin) == pin


@pytest.mark.parametrize(
    "password",
    """12345678 123456789 1234567890 password Password1 password123 Passw0rd! qwertyuiop QWERTY123 11111111 iloveyou
    sunshine princess1 football welcome1 Welcome2026! letmein123 admin123 trustno1 1q2w3e4r 1qaz2wsx abcd1234 aaaaaaaa
    abababab 87654321 starwars orderbell Orderbell1 changeme asdfghjkl zaq12wsx
    !!!!!!!! pass1234 test1234 abc12345 123password 1234qwer 12345678!""".split(),  # noqa: SIM905
)
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(TooCommon) as refused:
        check_password(password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["correct horse", "a long enough password", "s3cret-of-a-customer", "long enough"])
def test_another_password_is_taken(password: str) -> None:
    assert check_password(password, "Ada Lovelace", "+1 555 0100", "") == password


@pytest.mark.parametrize("password", ["+15550100", "1-555-0100", "ada lovelace", "ADA@example.org"])
def test_ones_own_name_and_number_are_no_password(password: str) -> None:
    with pytest.raises(TooCommon):
        check_password(password, "Ada Lovelace", "+1 555 0100", "ada@example.org")


def test_none_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter((111111, 123456, 24681))
    monkeypatch.setattr(secrets, "randbelow", lambda _most: next(numbers))
    assert setup.made_up_pin() == "024681"


def test_a_refusal_says_what_to_choose() -> None:
    common = "This {} is one of the first that are guessed. Choose another."
    refused: list[tuple[Callable[[], str], str, str]] = [
        (lambda: check_pin("1234"), common.format("PIN"), "pin"),
        (lambda: check_password("password"), common.format("password"), "password"),
        (
            lambda: check_password("ada lovelace", "Ada Lovelace"),
            "Choose a password that is not your name, number or address.",
            "password",
        ),
    ]
    for check, sentence, field in refused:
        with pytest.raises(TooCommon) as raised:
            check()
        assert (raised.value.message, raised.value.field) == (sentence, field)


@pytest.mark.parametrize("text", ["abcabcabcabc", "xyxyxyxyx1x", "zzzz zzzz"])
def test_what_repeats_is_told_from_what_only_nearly_does(text: str) -> None:
    if text == "abcabcabcabc":
        with pytest.raises(TooCommon):
            check_password(text)
    else:
        assert check_password(text) == text


def test_a_pattern_of_four_is_none() -> None:
    assert check_pin("48214821") == "48214821"
    assert check_password("abxyabxyabxy") == "abxyabxyabxy"


def test_a_number_with_letters_in_it_is_no_number_of_ones_own() -> None:
    assert check_password("room 15550100", "+1 555 0100") == "room 15550100"
