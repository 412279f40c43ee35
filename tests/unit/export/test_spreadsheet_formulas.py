"""No file that is written for a spreadsheet has a cell that is computed, however the file is read."""

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.admin import menu_file
from core.client.every_order import EveryOrder
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, MenuItem, Modifier, ModifierGroup
from core.domain.order import LineModifier
from core.spreadsheet import ENCODING, SEPARATORS, Cell, Separator, guarded, text_of, unguarded
from pos_app.export import Exported, write_orders, write_queue
from tests.unit.export.test_orders_csv import order

SPECIAL = "ab1=+-@\uff1d\uff0b\uff0d\uff20\ufe66\u2212,;\t\"' \n\r\u00a0\u200b\u2028\x0b|."
TEXTS = st.text(SPECIAL, max_size=12) | st.text(max_size=8)
CELLS = TEXTS | st.integers(-999, 999) | st.decimals(-999, 999, places=2)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4).map(lambda cells: ["id", *cells]), max_size=3)
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


@pytest.mark.slow
@given(ROWS, st.sampled_from(Separator))
@example([["x", HOSTILE[0], Decimal("-0.05"), ";", "=1"]], Separator.COMMA)
@example([["id", ";", "", -1, "1"]], Separator.TAB)
@settings(max_examples=300)
def test_no_cell_is_a_formula_under_any_reading(rows: list[list[Cell]], separator: Separator) -> None:
    assert computed(text_of(rows, separator)) == []


@pytest.mark.parametrize("separator", Separator)
@pytest.mark.parametrize("text", HOSTILE)
def test_each_known_trick_is_text(text: str, separator: Separator) -> None:
    assert computed(text_of([["id", text, "z"]], separator)) == []


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
    assert text_of(amounts) == "x,-0.05,12.34,-3,1234\r\n"
    assert text_of(amounts, Separator.SEMICOLON) == "x;-0,05;12,34;-3;1234\r\n"
    assert text_of(amounts, Separator.TAB) == "x\t-0.05\t12.34\t-3\t1234\r\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_each_file_of_ours_is_written_so(text: str, tmp_path: Path) -> None:
    orders, queue = tmp_path / "orders.csv", tmp_path / "queue.csv"
    hostile = msgspec.structs.replace(order(text, note=text), number=text, address=text, reason=text, tax_minor=-94)
    choice = LineModifier(text)
    line = msgspec.structs.replace(hostile.lines[0], name=text, modifiers=(choice, choice), note=text)
    found = EveryOrder((msgspec.structs.replace(hostile, lines=(line, line)),), {hostile.id: text})
    for separator in Separator:
        write_orders(found, orders, separator, UTC)
        assert computed(orders.read_text(ENCODING)) == []
    write_orders(found, orders, Separator.COMMA, UTC)
    write_queue([msgspec.convert(dict.fromkeys(Exported.__struct_fields__, text) | {"tries": 3}, Exported)], queue)
    name = " ".join(text.split())
    item = MenuItem(ItemId("i"), name, 100, name)
    category = Category("c", name, (item,))
    for separator in Separator:
        menu = menu_file.write([category], "EUR", separator)
        assert computed(menu) == []
        back = menu_file.parse(menu.encode(), "EUR")
        assert (back.complaints, back.categories) == ((), (category,))
    assert computed(queue.read_text(ENCODING)) == []
    (row,) = csv.DictReader(io.StringIO(orders.read_bytes().decode(ENCODING), newline=""))
    assert (row["tax"], row["total"]) == ("-0.94", "12.34")


def test_a_reduction_after_a_separator_is_read_back() -> None:
    choice = Modifier(ModifierId("m"), "Small;", -100)
    category = Category("c", "C", (MenuItem(ItemId("i"), "I", 100, groups=(ModifierGroup("g", "G", (choice,)),)),))
    for separator in Separator:
        assert menu_file.parse(menu_file.write([category], "EUR", separator).encode(), "EUR").categories == (category,)


def test_a_long_text_is_guarded_in_time() -> None:
    for text in (";" * 400_000, " '" * 200_000, ";=" * 100_000):
        assert unguarded(guarded(text)) == text
