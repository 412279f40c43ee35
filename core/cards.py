"""Detects payment card numbers, so that none is stored or logged."""

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 13
LONGEST: Final = 19
_LEAST_GROUP: Final = 3
"""Cards print groups of three to six digits. Pairs are phone numbers, dates and prices."""
_E164_MOST: Final = 15
"""Digits in the longest telephone number (ITU-T E.164); one is written with a plus sign."""
_BETWEEN: Final = r"[\s.\-\u2010-\u2015]"
_ENOUGH: Final = re.compile(rf"\d(?:{_BETWEEN}?\d){{{SHORTEST - 1}}}")
_RUN: Final = re.compile(rf"(?<!\d)(?P<plus>\+?)(?P<digits>\d+(?:{_BETWEEN}\d+)*)")
_UUID: Final = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
_GROUP: Final = re.compile(r"\d+")
_ISSUERS: Final = (
    # First digits, from and to, and how many there are in all: ISO/IEC 7812-1, as the networks have shared it out.
    ("4", "4", range(13, 20, 3)),  # Visa
    ("51", "55", range(16, 17)),  # Mastercard, and the next
    ("2221", "2720", range(16, 17)),
    ("34", "34", range(15, 16)),  # American Express, and the next
    ("37", "37", range(15, 16)),
    ("300", "305", range(14, 20)),  # Diners Club, and the next three
    ("3095", "3095", range(14, 20)),
    ("36", "36", range(14, 20)),
    ("38", "39", range(14, 20)),
    ("3528", "3589", range(16, 20)),  # JCB
    ("2200", "2204", range(16, 20)),  # Mir
    ("50", "50", range(16, 20)),  # Maestro, RuPay, Verve
    ("56", "69", range(16, 20)),  # Maestro, UnionPay, Discover
    ("81", "82", range(16, 17)),  # RuPay
    ("9792", "9792", range(16, 17)),  # Troy
)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each payment card number in `text`.

    13 to 19 digits in one piece or in groups, with a network's prefix and length, and a valid check digit (the Luhn
    formula, ISO/IEC 7812-1 annex B). A telephone number written with its plus sign is none, and nothing inside a UUID
    is.
    """
    if _ENOUGH.search(text) is None:
        return
    uuids: deque[tuple[int, int]] | None = None
    for run in _RUN.finditer(text):
        offset = run.start("digits")
        for start, end in _in_run(run["digits"], bool(run["plus"])):
            if uuids is None:
                uuids = deque(uuid.span() for uuid in _UUID.finditer(text))
            while uuids and uuids[0][1] <= offset + start:
                uuids.popleft()
            if not uuids or offset + end <= uuids[0][0]:
                yield offset + start, offset + end


def hidden(text: str, instead: str) -> str:
    """`text` with `instead` in place of payment card numbers."""
    found, at = [], 0
    for start, end in numbers(text):
        found += [text[at:start], instead]
        at = end
    return "".join([*found, text[at:]]) if found else text


def _in_run(run: str, plus: bool) -> Iterator[tuple[int, int]]:
    """A card number is a sequence of neighbouring groups; a following expiry date is not part of it."""
    groups = [match.span() for match in _GROUP.finditer(run)]
    at = 0
    while at < len(groups):
        end = _card_from(run, groups[at : at + LONGEST], plus and at == 0)
        if end:
            yield groups[at][0], groups[at + end - 1][1]
        at += end or 1


def _card_from(run: str, groups: list[tuple[int, int]], plus: bool) -> int:
    """The number of leading groups that form a card number; 0 for none."""
    digits = ""
    for count, (start, end) in enumerate(groups, 1):
        if end - start < _LEAST_GROUP or (not digits and run[start] in "017"):  # which no network begins with
            return 0
        digits += "".join(str(int(digit)) for digit in run[start:end])  # whatever script they are written in
        if len(digits) > LONGEST:
            return 0
        if not (plus and len(digits) <= _E164_MOST) and _is_issued(digits) and _luhn(digits):
            return count
    return 0


def _is_issued(digits: str) -> bool:
    return any(len(digits) in lengths and first <= digits[: len(first)] <= last for first, last, lengths in _ISSUERS)


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0
