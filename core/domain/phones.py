"""Phone numbers: the one form in which they are kept and compared.

The numbering plans are the `phonenumbers` library's. It is imported by the first number, so that no window's start
waits for it.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from core import cards
from core.domain.digits import ascii_digits, digits_of
from core.domain.errors import DomainError

LEAST: Final = 4
"""The digits of the shortest number that is accepted: an extension, or a short number of the place."""
_LEAST_OF_A_PLAN: Final = 6
"""Numbers with fewer digits have no international form: extensions and short numbers."""
MOST: Final = 15
"""The digits of the longest (ITU-T E.164)."""
_SEPARATORS: Final = frozenset("+()./-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0b\uff0d ")

MARKS: Final = "\u200e\u200f\u202a\u202c\u202d\u2066\u2067\u2068\u2069\u2060\u200b"
"""Invisible marks that keep a number from being mirrored or broken."""


class NoPhone(DomainError):
    """The text is not a phone number; the message says what one looks like."""


def check_phone(typed: str, country: str, field: str = "phone") -> str:
    """A phone number in its one form (see `normal`). Raises `NoPhone` naming `field`."""
    text = ascii_digits(typed)
    if not all(sign.isdecimal() or is_separator(sign) for sign in text):
        raise NoPhone("A phone number has digits, and spaces, brackets or dashes between them.", field)
    found = normal(text, country)
    digits = digits_of(found)
    if len(digits) < LEAST:
        raise NoPhone(f"A phone number has at least {LEAST} digits.", field)
    if len(digits) > MOST:
        raise NoPhone(f"A phone number has at most {MOST} digits.", field)
    return found


@lru_cache(4096)
def normal(typed: str, country: str) -> str:
    """A phone number in international form (E.164): a plus sign, the country's code, and the number there.

    `country` (ISO 3166-1 alpha-2) is where it was typed: in `DE`, `0170 1234567`, `0049 170 1234567` and
    `+49 (170) 1234567` are all `+491701234567`. A number that only works in the place, one of no known plan, and
    any in national form while the country is unknown (empty) is its digits as typed. Empty without a digit.
    """
    text = ascii_digits(typed).replace("\uff0b", "+")
    digits = digits_of(text)
    if not LEAST <= len(digits) <= MOST + len("00"):
        return digits
    if "+" in text.partition(digits[0])[0]:
        return _parsed("+" + digits, "", must_be_valid=False) or digits
    # An international number is also typed without its plus sign, or with two zeros where those are no dialling prefix.
    # An ambiguous number is taken as a local one, which is more frequent, unless it begins with the country's own code.
    full = _parsed("+" + digits.removeprefix("00"), "", must_be_valid=True)
    if full and digits.startswith(_code(country)):
        return full
    local = _parsed(digits, country, must_be_valid=True)
    may_be_local = country and len(digits) >= _LEAST_OF_A_PLAN
    return local or full or (_parsed(digits, country, must_be_valid=False) if may_be_local else "") or digits


@lru_cache(4096)
def with_plus(typed: str) -> str:
    """`typed`, with a plus sign before a number in international form that was typed without it: one in ten of thirteen
    digits would otherwise pass for a card's. Everything else as it is."""
    digits = digits_of(ascii_digits(typed))
    if "+" in typed or len(digits) < cards.SHORTEST:
        return typed
    return _parsed("+" + digits.removeprefix("00"), "", must_be_valid=True) or typed


@lru_cache(4096)
def spellings(typed: str, country: str) -> tuple[str, ...]:
    """All forms in which this number may be kept, the likeliest first. Earlier releases kept the digits as they were
    typed: as those typed now, with the country's code or with two zeros before it, and, of this country, as dialled
    there. Empty without a digit.
    """
    kept = normal(typed, country)
    found = [digits_of(typed), kept]
    if kept.startswith("+"):
        full = kept.removeprefix("+")
        found += [full, f"00{full}", *_dialled(kept, country)]
    return tuple(dict.fromkeys(filter(None, found)))


def parts(typed: str) -> tuple[str, str]:
    """The country's code and the digits after it, of a number, or its beginning, that was typed with both (`+49 170 …`,
    `0049 (0)170 …`); empty for any other."""
    import phonenumbers

    text = ascii_digits(typed).replace("\uff0b", "+")
    digits = digits_of(text)
    if not digits or not ("+" in text.partition(digits[0])[0] or digits.startswith("00")):
        return "", ""
    try:
        found = phonenumbers.parse("+" + digits.removeprefix("00"))
    except phonenumbers.NumberParseException:
        return "", ""
    return str(found.country_code), phonenumbers.national_significant_number(found)


def is_separator(sign: str) -> bool:
    """Whether `sign` may stand between the digits of a phone number."""
    return sign in _SEPARATORS or _is_blank(sign)


def is_country(code: str) -> bool:
    """Whether `code` is a country (ISO 3166-1 alpha-2) whose phone numbers are known."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def _code(country: str) -> str:
    """A country's calling code; two zeros, as which all codes are dialled, when the country is unknown."""
    import phonenumbers

    return str(phonenumbers.country_code_for_region(country) or "00")


def _parsed(number: str, region: str, *, must_be_valid: bool) -> str:
    """`number` in international form; empty when it is none of the region, or not a valid one."""
    import phonenumbers

    try:
        found = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if must_be_valid:
        fits = phonenumbers.is_valid_number(found)
    else:
        fits = phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if fits else ""


def _dialled(kept: str, country: str) -> tuple[str, ...]:
    """A number in international form as it is dialled in its country, with and without what is dialled before it
    (`0170 1234567`, `170 1234567`), and with both codes (`+49 (0)170 1234567`); of another country, the last alone."""
    import phonenumbers

    found = phonenumbers.parse(kept)
    bare = phonenumbers.national_significant_number(found)
    local = digits_of(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL))
    both = f"{found.country_code}{local}"
    return (local, bare, both) if _code(country) == str(found.country_code) else (both,)


def _is_blank(sign: str) -> bool:
    """Spaces of every width, and the marks that keep a number from being mirrored."""
    return sign == "\t" or unicodedata.category(sign) == "Zs" or sign in MARKS
