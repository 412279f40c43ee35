"""Enums whose values go over the wire, and values that only a newer release knows.

A server refuses an unknown value. A client of a newer server (`core.decoding.reader`) gets a new member for it: it
equals its text, is none of the known ones, and has a readable name. So no table of actions contains it, and everything
else works.
"""

import contextlib
import threading
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

from typing_extensions import override

LONGEST: Final = 60
"""The longest value. Longer ones are refused."""
MOST: Final = 1_000
"""The number of unknown values of one enum that are kept, so that a server cannot fill the memory."""


class _Reading(threading.local):
    newer = False


_reading: Final = _Reading()
_made: Final[dict[tuple[type, str], "WireEnum"]] = {}


class WireEnum(StrEnum):
    """An enum with unknown members. See the module."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> Self | None:
        return cls.newer(value) if _reading.newer and isinstance(value, str) else None

    @classmethod
    def newer(cls, value: str) -> Self:
        """The member of this value, known or not. Raises `ValueError` for an invalid one."""
        known = cls._value2member_map_.get(value) or _made.get((cls, value))
        if isinstance(known, cls):
            return known
        if not 0 < len(value) <= LONGEST or not value.isprintable():
            raise ValueError(f"{value[:LONGEST]!r} is no {cls.__name__}")
        made = str.__new__(cls, value)
        made._name_ = value
        made._value_ = value
        if len(_made) < MOST:
            made = _made.setdefault((cls, value), made)  # type: ignore[assignment]
        return made

    @property
    def is_known(self) -> bool:
        """Whether this release knows it."""
        return self._value_ in type(self)._value2member_map_

    @property
    def readable(self) -> str:
        """A readable name: `out_for_delivery` → `Out for delivery`."""
        words = self._value_.replace("_", " ").strip()
        return words[:1].upper() + words[1:]


@contextlib.contextmanager
def newer_values() -> Iterator[None]:
    """Accept unknown values in what this thread decodes in the block."""
    before, _reading.newer = _reading.newer, True
    try:
        yield
    finally:
        _reading.newer = before
