"""CSV files (RFC 4180) for spreadsheets, all written here, without formulas.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula (OWASP, CSV injection). Where a cell
begins depends on the reader: the same file is read with commas, semicolons or tabs as separators, and with or without
quotes, by country and settings. So an apostrophe is inserted before a formula's first character, at the beginning of a
text and after every separator and line break in it. Numbers are written as they are.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Final

Cell = str | int | Decimal


class Separator(Enum):
    """The separator of a row's cells."""

    COMMA = ","
    SEMICOLON = ";"
    """With decimal commas, as spreadsheets in much of Europe expect."""
    TAB = "\t"


ENCODING: Final = "utf-8-sig"
"""With a byte order mark: without one, spreadsheets take a file for an older encoding."""
GUARD: Final = "'"
_FORMULA: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
"""First characters of formulas, with their fullwidth and small forms and the minus sign, which some spreadsheets
accept."""
SEPARATORS: Final = "".join(each.value for each in Separator)
_ENDS: Final = SEPARATORS + "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters that may end a cell."""
_SKIPPED: Final = rf"\s\x00-\x1f\x7f\"'{SEPARATORS}\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
"""Characters that may be skipped at a cell's beginning."""
_MAY_BE_SKIPPED: Final = re.compile(rf"[{_SKIPPED}]")
_BEFORE_FORMULA: Final = re.compile(rf"(?<![{_SKIPPED}])[{_SKIPPED}]*+(?=[{_FORMULA}])")


def text_of(rows: Iterable[Sequence[Cell]], separator: Separator = Separator.COMMA) -> str:
    """The file of `rows`. Its line ends are part of it: it is written without translation."""
    file = io.StringIO(newline="")
    sheet = csv.writer(file, delimiter=separator.value, lineterminator="\r\n")
    sheet.writerows(_written(row, decimal_comma=separator is Separator.SEMICOLON) for row in rows)
    return file.getvalue()


def guarded(text: str) -> str:
    """`text` without formulas, however the file is split into cells."""
    return _BEFORE_FORMULA.sub(lambda run: run[0] + GUARD if _begins_cell(run) else run[0], text)


def unguarded(cell: str) -> str:
    """The inverse of `guarded`."""
    return _BEFORE_FORMULA.sub(lambda run: run[0].removesuffix(GUARD) if _begins_cell(run) else run[0], cell)


def _begins_cell(run: re.Match[str]) -> bool:
    return run.start() == 0 or any(character in _ENDS for character in run[0])


def _written(row: Sequence[Cell], *, decimal_comma: bool) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if isinstance(cell, str):
            cells.append(guarded(cell))
        else:
            number = format(cell, "f") if isinstance(cell, Decimal) else str(cell)
            number = number.replace(".", ",") if decimal_comma else number
            cells.append(GUARD + number if cell < 0 and _ends_cell("".join(cells)) else number)
    return cells


def _ends_cell(text: str) -> bool:
    """Whether another reading may begin a cell after `text`, and go on with the next one in it: `Bowl;`, tab, `-1`."""
    return any(character in _ENDS for character in itertools.takewhile(_MAY_BE_SKIPPED.match, reversed(text)))
