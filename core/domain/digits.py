"""Digits as people write them: ASCII, Arabic-Indic, Persian, Devanagari, fullwidth and all others of Unicode."""

import unicodedata
from typing import Final


class _Ascii(dict[int, int]):
    """`str.translate`'s table: each decimal digit of any script to its ASCII one, made as digits are met."""

    def __missing__(self, code: int) -> int:
        value = unicodedata.decimal(chr(code), -1) if code > 0x7F else -1
        self[code] = found = ord("0") + value if value >= 0 else code
        return found


_ASCII: Final = _Ascii()


def ascii_digits(text: str) -> str:
    """`text` with every decimal digit in ASCII: `٤٢ ۴۲ ४२ ４２` → `42 42 42 42`. All else stays."""
    return text if text.isascii() else text.translate(_ASCII)


def digits_of(text: str) -> str:
    """The decimal digits of `text`, in ASCII: `(۰۳۰) 12-34` → `0301234`."""
    return "".join(filter(str.isdecimal, ascii_digits(text)))
