"""Prices as people and spreadsheets write them."""

import re
from typing import Final

from core.domain.digits import ascii_digits
from core.domain.money import exponent

_DOLLARS: Final = "USD AUD ARS BBD BMD BND BRL BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SGD SRD"
_SIGNS: Final = {
    "€": "EUR",
    "£": "GBP EGP LBP",
    "$": f"{_DOLLARS} TTD TWD UYU XCD",
    "¥": "JPY CNY",
    "₹": "INR",
    "₺": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "₴": "UAH",
    "₽": "RUB",
    "฿": "THB",
    "₫": "VND",
    "₱": "PHP",
    "₦": "NGN",
    "kr": "SEK NOK DKK ISK",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "fr": "CHF",
}
"""Currency signs, and the currencies that each may stand for."""
_PRICE: Final = re.compile(
    r"(?P<before>[^\d\s.,'’-]{0,3})\s?(?P<minus>-?)"
    r"(?P<whole>[0-9]{1,3}(?P<group>[.,'’\s])[0-9]{3}(?:(?P=group)[0-9]{3}){0,2}|[0-9]{1,10})"
    r"(?:(?P<point>[.,])(?P<fraction>[0-9]{1,4}))?\s?(?P<after>[^\d\s.,'’-]{0,3})"
)


def minor_of(text: str, currency: str) -> int | None:
    """Minor units of a price, with or without the currency's sign or code, and a sign for thousands; None for an
    invalid one. Point and comma are both decimal: where one of them stands alone before three digits, whether it means
    a thousand can be known only in a currency that has no decimals."""
    match = _PRICE.fullmatch(ascii_digits(text).strip().replace("\u066b", "."))
    if match is None:
        return None
    for sign in filter(None, (match["before"], match["after"])):
        if sign.upper() != currency and currency not in _SIGNS.get(sign.casefold(), "").split():
            return None
    digits = exponent(currency)
    whole, group, fraction = match["whole"], match["group"] or "", match["fraction"] or ""
    if group and group in ".," and not fraction and whole.count(group) == 1 and digits:
        whole, fraction = whole.split(group)
    elif group == match["point"]:
        return None
    if len(fraction) > digits:
        return None
    minor = int("".join(filter(str.isdecimal, whole)) + fraction.ljust(digits, "0"))
    return -minor if match["minus"] else minor
