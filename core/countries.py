"""The country that a shop is probably in."""

import zoneinfo
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from core.domain.phones import is_country

_TABLE: Final = "zone.tab"
"""The time-zone database's own list of countries (ISO 3166-1 alpha-2) and their zones."""


def likely_country(time_zone: str, currency: str) -> str:
    """The country (ISO 3166-1 alpha-2) of a time zone (IANA), else the one whose currency (ISO 4217) it is: the first
    two letters of `GBP` are its country. Empty when neither says: `UTC` and `EUR`."""
    found = _countries().get(time_zone) or currency[:2]
    return found if is_country(found) else ""


@cache
def _countries() -> dict[str, str]:
    """The country of each time zone; none where the system has no such table."""
    rows = (line.split("\t") for line in _table().splitlines() if line and not line.startswith("#"))
    return {zone: country for country, _coordinates, zone, *_comments in rows}


def _table() -> str:
    for folder in zoneinfo.TZPATH:
        if (path := Path(folder, _TABLE)).is_file():
            return path.read_text(encoding="utf-8")
    try:
        return files("tzdata").joinpath("zoneinfo", _TABLE).read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        return ""
