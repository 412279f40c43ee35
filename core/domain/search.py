"""Search: how texts are compared, and which orders a typed text finds.

Windows search their cached orders with `Sought.finds`. The server looks up the keys of orders (docs/adr/0053), which
only narrow where to look, and then uses `finds` too, so that both find the same orders.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from core.domain.digits import ascii_digits, digits_of
from core.domain.numbers import LAST
from core.domain.order import Order, is_table
from core.domain.phones import parts as parts_of_a_phone

WHOLE_NUMBER: Final = re.compile(r"[A-Za-z0-9]+-[0-9]{6,}")
"""A complete order number as a scanner reads it, in either case."""
LEAST_OF_A_PHONE: Final = 4
"""Fewer digits are not compared with phone numbers: most numbers contain them."""
LEAST_OF_A_NUMBER: Final = 3
"""Shorter parts of an order number have no key: so many numbers contain them that reading orders finds them."""
TABLE_WORDS: Final = ("table", "mesa", "طاولة")
"""The words for `Table` in the windows' languages, by which an order named 7 is found as `Table 7`."""
_TABLE: Final = TABLE_WORDS[0]
_LONGEST_WORD: Final = 40
_MOST_COUNT_DIGITS: Final = 18
_COUNT_WIDTH: Final = 6
_LAST_LISTED: Final = 2_000
"""Times ten for each digit of a part: up to this count, those with the part are few enough to look them up."""

_LETTERS: Final = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("'`´\u2018\u2019\u02bc\u0640", "")  # O’Brien is typed as OBrien; a tatweel stretches a word
)
"""Replacements of letters that Unicode does not decompose, and of signs inside of words that people do not type."""
_UNSPACED: Final = re.compile("[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\U0010ffff]")
"""Scripts that write names without spaces: Thai to Burmese, Hangul, Khmer, Chinese, Japanese."""


@lru_cache(8192)
def folded(text: str) -> str:
    """`text` as it is compared: without case and accents, and with ASCII digits. `Ömer` → `omer`, `Straße` → `strasse`,
    `Жанна` → `жанна`, `٤٢` → `42`."""
    if text.isascii():
        return text.lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", ascii_digits(text)).casefold())
    return "".join(sign for sign in plain if not _is_unheard(sign)).translate(_LETTERS)


@lru_cache(8192)
def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`, folded: its runs of letters and digits."""
    return tuple("".join(sign if _is_written(sign) else " " for sign in folded(text)).split())


def _is_unheard(sign: str) -> bool:
    """Whether a sign is ignored: accents, vowel points, joiners, and marks of the text's direction."""
    return unicodedata.combining(sign) != 0 or unicodedata.category(sign) == "Cf"


def _is_written(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign)[0] == "M"  # Indic vowels are marks


def name_key(name: str) -> str:
    """The key by which a name is found and sorted."""
    return " ".join(words_of(name))


@lru_cache(8192)
def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a name at whose beginning a sought word may match: its words and, in a script without spaces, each
    of their ends."""
    words = words_of(name)
    if not _UNSPACED.search(name):
        return words
    return tuple(word[at:] for word in words for at in range(len(word) if _UNSPACED.search(word) else 1))


def begins_words(name: str, words: Iterable[str]) -> bool:
    """Whether each of the folded `words` begins a word of `name`."""
    parts = parts_of(name)
    return all(any(part.startswith(word) for part in parts) for word in words)


class Facts(NamedTuple):
    """The facts of an order by which it is found."""

    number: str
    name: str
    phone: str
    fulfilment: str

    @classmethod
    def of(cls, order: Order) -> "Facts":
        return cls(order.number, order.customer_name, order.customer_phone, order.fulfilment)

    @property
    def series(self) -> tuple[str, ...]:
        """The words of its number's series; all words of a number without a count."""
        series, _, count = self.number.rpartition("-")
        return words_of(series if count.isdecimal() else self.number)

    @property
    def counted(self) -> str:
        """The counter's digits in its number: `000042`."""
        count = self.number.rpartition("-")[2]
        return count if count.isdecimal() else ""

    @property
    def names(self) -> tuple[str, ...]:
        words = parts_of(self.name)
        return (*words, _TABLE) if is_table(self.name, self.fulfilment) else words


class Keys(NamedTuple):
    """The keys of which an order that a word of the query finds has one."""

    beginnings: tuple[str, ...] = ()
    """Those with a prefix."""
    wholes: tuple[str, ...] = ()
    """Those that are equal."""
    counts: tuple[int, ...] = ()
    """Those of these counts, ascending."""
    phones: tuple[str, ...] = ()
    """Those of phone numbers that contain one of these parts."""


class Sought(msgspec.Struct, frozen=True):
    """A typed query for orders.

    - A complete order number finds its order alone.
    - Digits alone find orders with them in their number, in their phone number (from four on), or as words of their
      name.
    - Of all else every word begins a word of the order's name, or its series. Digits among words are whole words of the
      name, or, beside a series, part of the number; they are never part of a phone number.
    """

    words: tuple[str, ...] = ()
    """Folded."""
    numbers: tuple[str, ...] = ()
    """The spellings of a complete number."""
    is_anything: bool = False
    """Whether nothing was typed: then everything matches."""
    digits: str = ""
    """The typed digits, if nothing but digits and separators was typed; else empty."""
    phones: tuple[str, ...] = ()
    """The parts of a phone number that these digits may be."""
    national: str = ""
    """They without their country's code: part of a phone number that was kept as it is dialled there."""
    meanings: tuple[tuple[str, ...], ...] = ()
    """The alternatives of each word."""

    @classmethod
    def of(cls, typed: str) -> "Sought":
        text = ascii_digits(typed).strip()
        words = tuple(dict.fromkeys(words_of(text)))
        if WHOLE_NUMBER.fullmatch(text):
            return cls(words, numbers=(text, text.upper()))
        digits = "".join(words_of(text)) if all(map(str.isdecimal, words)) else ""
        code, national = parts_of_a_phone(text) if digits else ("", "")
        return cls(
            words,
            is_anything=not text,
            digits=digits,
            phones=_of_a_phone(digits, code + national),
            national=national if len(national) >= LEAST_OF_A_PHONE else "",
            meanings=tuple(map(_meanings, words)),
        )

    def finds(self, order: Order) -> bool:
        return self.finds_facts(Facts.of(order))

    def finds_facts(self, facts: Facts) -> bool:
        if self.is_anything:
            return True
        if self.numbers:
            return facts.number in self.numbers
        if self.digits:
            return (
                _is_part(self.digits, facts.counted)
                or (bool(self.phones) and _has_any(digits_of(facts.phone), self.phones))
                or (bool(self.national) and _is_dialled(self.national, facts.phone))
                or all(word in facts.names for word in self.words)
            )
        names = facts.names
        for word, meanings in zip(self.words, self.meanings, strict=True):
            if word.isdecimal():
                if word not in names and not (self.names_series(facts.series) and _is_part(word, facts.counted)):
                    return False
            elif not _begin(meanings, names) and not _begin(meanings, facts.series):
                return False
        return bool(self.words)

    def names_series(self, series: tuple[str, ...]) -> bool:
        """Whether one of several words begins a word of a number's series: then digits may mean the number."""
        typed = [word for word in self.words if not word.isdecimal()]
        return any(each.startswith(word) for word in typed for each in series)

    def is_exactly(self, number: str) -> bool:
        """Whether an order's number is the typed one, with or without leading zeros. It is listed first."""
        if self.numbers:
            return number in self.numbers
        series, _, count = number.rpartition("-")
        return (
            count.isdecimal()
            and int(count) == self.count
            and (bool(self.digits) or self.names_series(words_of(series)))
        )

    @property
    def count(self) -> int | None:
        """The counter of a typed order number: 42 for `42`, `0042` and `pos1 42`; None when none was typed."""
        counts = [self.digits] if self.digits else [word for word in self.words if word.isdecimal()]
        return int(counts[0]) if len(counts) == 1 and len(counts[0]) <= _MOST_COUNT_DIGITS else None

    def keys(self, series: Mapping[str, int]) -> list[Keys]:
        """For each word of the query, the keys of which every order that it finds has at least one. A word that can
        match without any key is left out. `series` has the last count of every number series."""
        last = max(series.values(), default=0)
        if digits := self.digits:
            counts = _counts_with(digits, last)
            whole = (f"w{self.words[0]}",)
            phones = tuple(part for part in (*self.phones, self.national) if part)
            return [] if counts is None else [Keys((f"o{digits}",), whole, counts, phones)]
        is_named = any(self.names_series(words_of(each)) for each in series)
        found = []
        for word in self.words:
            whole = (f"w{word[:_LONGEST_WORD]}",)
            if not word.isdecimal():
                found.append(Keys(tuple(f"w{meant[:_LONGEST_WORD]}" for meant in _meanings(word))))
            elif not is_named:
                found.append(Keys((), whole))
            elif (counts := _counts_with(word, last)) is not None:
                found.append(Keys((f"o{word}",), whole, counts))
        return found


def count_key(count: str | int) -> str:
    """The key of orders with this count, which an order number has with its zeros."""
    return f"n{int(count):0{_COUNT_WIDTH}d}"


def phone_key(phone: str) -> str:
    """The key of orders with this phone number."""
    return f"p{digits_of(phone)}"


def part_key(part: str) -> str:
    """The common prefix of the keys of all phone numbers with a part: see `end_keys`."""
    return f"e{part}"


def phone_of(end_key: str) -> str:
    """The phone number of one of its `end_keys`."""
    return end_key.rpartition(" ")[2]


def end_keys(phone: str) -> list[str]:
    """The keys under which a phone number is found by its parts: `e` and each end of it, and the number. Every part is
    the beginning of an end."""
    digits = digits_of(phone)
    return [f"e{digits[at:]} {digits}" for at in range(len(digits) - LEAST_OF_A_PHONE + 1)]


def index_keys(facts: Facts) -> set[str]:
    """The keys under which an order is found: `w` and a word of its name or series, `n` and its count, `p` and its
    phone number. What no series counts, which earlier releases let pass, has `o` and each end of it."""
    found = {f"w{part[:_LONGEST_WORD]}" for part in (*facts.names, *facts.series)}
    count = facts.counted
    if count and count_key(count) == f"n{count}" and int(count) <= LAST:
        found.add(count_key(count))
    else:
        found |= {f"o{count[at:]}" for at in range(len(count) - LEAST_OF_A_NUMBER + 1)}
    if len(digits_of(facts.phone)) >= LEAST_OF_A_PHONE:
        found.add(phone_key(facts.phone))
    return found


def _counts_with(digits: str, last: int) -> tuple[int, ...] | None:
    """All counts up to `last` of whose number `digits` are a part. None for so many that reading orders finds one soon:
    for one digit and for two, and for three beyond two million."""
    if len(digits) < LEAST_OF_A_NUMBER or last > _LAST_LISTED * 10 ** len(digits):
        return None
    found = {int(digits)} if int(digits) <= last else set()
    for width in range(max(_COUNT_WIDTH, len(digits)), max(_COUNT_WIDTH, len(str(last))) + 1):
        lowest = 0 if width == _COUNT_WIDTH else 10 ** (width - 1)
        for behind in range(width - len(digits) + 1):
            begin, whole = int(digits) * 10**behind, 10 ** (len(digits) + behind)
            for before in range(min(10 ** (width - len(digits) - behind), last // whole + 1)):
                low = before * whole + begin
                found.update(range(max(low, lowest), min(low + 10**behind, last + 1)))
    return tuple(sorted(found))


def _is_part(digits: str, count: str) -> bool:
    return digits in count or (bool(count) and digits.lstrip("0") == count.lstrip("0"))


def _of_a_phone(digits: str, full: str) -> tuple[str, ...]:
    """The parts of a stored phone number that `digits` may be: as typed, without zeros that are dialled before an area
    or a country code, and as `full`, with its country's code alone."""
    parts = dict.fromkeys((digits, digits.lstrip("0"), full))
    return tuple(part for part in parts if len(part) >= LEAST_OF_A_PHONE)


def _has_any(phone: str, parts: tuple[str, ...]) -> bool:
    return any(part in phone for part in parts)


def _is_dialled(digits: str, phone: str) -> bool:
    """Whether they are part of a number that is kept without its country's code; with it, it is compared as a whole."""
    return not phone.startswith("+") and digits in digits_of(phone)


def _begin(meanings: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(word.startswith(meanings) for word in words)


def _meanings(word: str) -> tuple[str, ...]:
    """The alternatives of a word: itself, and `_TABLE` where it begins a window's word for a table."""
    is_table = any(each.startswith(word) for each in map(folded, TABLE_WORDS))
    return (word, _TABLE) if is_table and not _TABLE.startswith(word) else (word,)
