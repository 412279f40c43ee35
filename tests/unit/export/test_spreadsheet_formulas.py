"""No file that is written for a spreadsheet has a cell that is computed, however the file is read."""

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.admin import menu_file
from core.domain.ids import ItemId
from core.domain.menu import Category, MenuItem
from core.spreadsheet import ENCODING, SEPARATORS, Cell, guarded, unguarded, write
from pos_app.history.export import write_orders, write_queue
from pos_app.sync.model import Exported
from tests.unit.export.test_orders_csv import order

SPECIAL = "ab1=+-@\uff1d\uff0b\uff0d\uff20\ufe66\u2212,;\t\"' \n\r\u00a0\u200b\u2028\x0b|."
TEXTS = st.text(SPECIAL, max_size=12) | st.text(max_size=8)
CELLS = TEXTS | st.integers(-999, 999) | st.decimals(-999, 999, places=2)
HOSTILE = (
    "Bob;=cmd|' /C calc'!A0;x",
    "Bob\t=1+1",
    "Bob,@SUM(1)",
    "\t=1",
    " =1",
    "\r=1",
    "two\n=lines",
    "two\r\n+lines",
    "\uff1d1+1",
    "\uff0b1",
    " \uff0d1",
    "\uff201",
    '";=1',
    'a;"=1"',
    "'=1",
    "\ufeff=1",
    "\u00a0=1",
    "-2+3",
)
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?")


def readings(content: str) -> Iterator[str]:
    """The cells of a file, read with each separator, with and without quotes."""
    for delimiter, skipping in itertools.product(SEPARATORS, (True, False)):
        quoted = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, skipinitialspace=skipping)
        plain = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
        yield from itertools.chain.from_iterable(itertools.chain(quoted, plain))


def computed(content: str) -> list[str]:
    """The cells that a spreadsheet would compute under one of the ways to read the file."""
    return [
        cell
        for cell in readings(content)
        if unicodedata.normalize("NFKC", re.sub(r"^[\s\u200b\ufeff\x00-\x1f]+", "", cell)[:1]) in set("=+-@")
        and not _NUMBER.fullmatch(cell.strip())
    ]


def written(rows: list[list[Cell]], *, semicolons: bool) -> str:
    file = io.StringIO()
    write(file, rows, semicolons=semicolons)
    return file.getvalue()


@pytest.mark.slow
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4).map(lambda cells: ["id", *cells]), max_size=3), st.booleans())
@example([["x", HOSTILE[0], Decimal("-0.05"), ";", "=1"]], False)
@settings(max_examples=1000, deadline=None)
def test_no_cell_is_a_formula_under_any_reading(rows: list[list[Cell]], semicolons: bool) -> None:
    assert computed(written(rows, semicolons=semicolons)) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_each_known_trick_is_text(text: str) -> None:
    assert computed(written([["id", text, "z"]], semicolons=False)) == []
    assert computed(written([["id", text, "z"]], semicolons=True)) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_without_the_guard_each_would_be_computed(text: str) -> None:
    assert computed(f"id,{text.lstrip(chr(39))},z")


@given(TEXTS)
def test_what_was_guarded_reads_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["Aisha", "two - three", "a+b@example.org", "O'Brien; 'n' more", "5 - 6; 7", ""])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_numbers_stay_numbers() -> None:
    amounts: list[list[Cell]] = [["x", Decimal("-0.05"), Decimal("12.34"), -3, Decimal(1234)]]
    assert written(amounts, semicolons=False) == "x,-0.05,12.34,-3,1234\r\n"
    assert written(amounts, semicolons=True) == "x;-0,05;12,34;-3;1234\r\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_each_file_of_ours_is_written_so(text: str, tmp_path: Path) -> None:
    orders, queue = tmp_path / "orders.csv", tmp_path / "queue.csv"
    hostile = msgspec.structs.replace(order(text, note=text), number=text, address=text, reason=text, tax_minor=-94)
    write_orders([hostile], orders)
    write_queue([msgspec.convert(dict.fromkeys(Exported.__struct_fields__, text) | {"tries": 3}, Exported)], queue)
    line = " ".join(text.split())
    item = MenuItem(ItemId("i"), line, 100, line)
    category = Category("c", line, (item,))
    for semicolons in (False, True):
        menu = menu_file.write([category], "EUR", semicolons=semicolons)
        assert computed(menu) == []
        back = menu_file.parse(menu.encode(), "EUR")
        assert (back.complaints, back.categories) == ((), (category,))
    for path in (orders, queue):
        assert computed(path.read_text(ENCODING)) == []
    (row,) = csv.DictReader(io.StringIO(orders.read_bytes().decode(ENCODING), newline=""))
    assert (row["tax"], row["total"]) == ("-0.94", "12.34")


def test_a_long_text_is_guarded_in_time() -> None:
    for text in (";" * 400_000, " '" * 200_000, ";=" * 100_000):
        assert unguarded(guarded(text)) == text
