"""Money: integer counts of a currency's minor unit. No float ever holds an amount."""

import re
from typing import Final

import msgspec

from core.domain.digits import ascii_digits
from core.domain.errors import DomainError

# ISO 4217 minor units, where they are not two.
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST
    XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - as many lines of quotes would say no more
)
"""ISO 4217 codes of currencies in circulation; no metals, funds and units of account."""
_AMOUNT = re.compile(r"[^\d\s.,+-]{0,3}\s*(\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d+)(?:\.(\d+))?\s*")
"""Grouped by thousands, or as in India by thousands, lakhs and crores: 1,23,456."""


_SIGNS: Final = str.maketrans("\u066b\u066c\uff0e\uff0c", ".,.,")
"""Decimal points and commas that come with the digits of other scripts."""


def exponent(currency: str) -> int:
    """The number of decimals of `currency` (ISO 4217): 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def check_currency(code: str) -> str:
    """`"eur"` → `"EUR"`. Raises `DomainError` when `code` is not a currency."""
    found = code.strip().upper()
    if found not in CURRENCIES:
        raise DomainError(f"There is no currency {code!r}. Give its ISO 4217 code, such as USD or EUR")
    return found


def as_decimal(minor: int, currency: str) -> str:
    """`123450` → `1234.50` for USD, for files and scripts. Windows format amounts by locale."""
    digits = exponent(currency)
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def parse_minor(text: str, currency: str) -> int:
    """`"$1,234.5"` → 123450 for USD. Raises `DomainError` on anything that is not an amount of that currency."""
    match = _AMOUNT.fullmatch(ascii_digits(text).translate(_SIGNS).strip())
    digits = exponent(currency)
    fraction = (match[2] or "") if match else ""
    if match is None or len(fraction) > digits:
        raise DomainError(f"{text!r} is not an amount in {currency}")
    return int(match[1].replace(",", "") + fraction.ljust(digits, "0"))


class Tax(msgspec.Struct, frozen=True):
    """A shop's sales tax in one figure, as every client knows it; what is priced by is `core.domain.tax_table`.

    `rate_bp` is in basis points (825 = 8.25 %); `included`: prices contain it.
    """

    rate_bp: int = 0
    included: bool = True
