"""The menu as a file: out and in again it is the same, and every mistake is shown where it is."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.admin.menu_file import COLUMNS, parse, write
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, MenuItem, Modifier, ModifierGroup, items_of, mistakes
from core.spreadsheet import Separator
from tests.support.menus import CHIPS, MENU

NAMES = st.text("aB9é=+-@'\",;. 中ש\u00a0", min_size=1, max_size=12).map(str.strip).filter(bool)
CHOICES = st.lists(st.tuples(NAMES, st.integers(0, 99_999)), min_size=1, max_size=3)
GROUPS = st.lists(st.tuples(NAMES, CHOICES, st.booleans()), max_size=2)
ITEMS = st.lists(st.tuples(NAMES, st.integers(0, 10**9), NAMES | st.just(""), st.booleans(), GROUPS), max_size=3)


def group(at: str, name: str, choices: list[tuple[str, int]], must: bool) -> ModifierGroup:
    modifiers = tuple(Modifier(ModifierId(f"{at}m{n}"), *each) for n, each in enumerate(choices))
    return ModifierGroup(at, name, modifiers, int(must), len(choices) if must else None)


@st.composite
def menus(draw: st.DrawFn) -> tuple[Category, ...]:
    categories = []
    for c, (name, items) in enumerate(draw(st.lists(st.tuples(NAMES, ITEMS), max_size=3))):
        made = tuple(
            MenuItem(
                ItemId(f"i{c}{i}"), called, price, text, sold, tuple(group(f"g{n}", *g) for n, g in enumerate(groups))
            )
            for i, (called, price, text, sold, groups) in enumerate(items)
        )
        categories.append(Category(f"c{c}", name, made))
    return tuple(categories)


@given(menus(), st.sampled_from(["USD", "JPY", "KWD"]), st.sampled_from(Separator), st.booleans())
@settings(max_examples=200)
def test_out_and_in_again_it_is_the_same(
    categories: tuple[Category, ...], currency: str, separator: Separator, mark: bool
) -> None:
    assert mistakes(categories) == ()
    content = write(categories, currency, separator).encode("utf-8-sig" if mark else "utf-8")
    parsed = parse(content, currency)
    assert parsed.complaints == ()
    assert parsed.categories == categories


def test_the_demo_menus_go_out_and_in() -> None:
    assert parse(write(MENU.categories, "USD").encode(), "USD").categories == MENU.categories


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'=1", "''=1", "'s Avonds", "'", "''", "'-"])
def test_no_text_becomes_a_formula(text: str) -> None:
    named = (Category("c", text, (MenuItem(ItemId("i"), text, 1, text),)),)
    content = write(named, "USD")
    rows = list(csv.DictReader(io.StringIO(content)))
    cells = [row[column] or "" for row in rows for column in COLUMNS]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert parse(content.encode(), "USD").categories == named


BY_HAND = """\
Type;Name;Price;Least;Most
category;Mains;;;
item;Burrito;9,75;;
group;Salsa;;1;1
choice;Mild;;;
choice;Hot;0,5;;
item;Taco;3;;
;;;;
category;Drinks;;;
item;Water;0;;
"""


def test_who_writes_it_by_hand_needs_no_ids() -> None:
    parsed = parse(BY_HAND.encode(), "EUR")
    assert parsed.complaints == ()
    salsa = ModifierGroup(
        "salsa", "Salsa", (Modifier(ModifierId("mild"), "Mild"), Modifier(ModifierId("hot"), "Hot", 50)), 1, 1
    )
    assert parsed.categories == (
        Category(
            "mains",
            "Mains",
            (MenuItem(ItemId("burrito"), "Burrito", 975, groups=(salsa,)), MenuItem(ItemId("taco"), "Taco", 300)),
        ),
        Category("drinks", "Drinks", (MenuItem(ItemId("water"), "Water", 0),)),
    )
    assert parse(BY_HAND.replace(";", "\t").encode("utf-8-sig"), "EUR") == parsed


TRAILING = "\n".join(f"{line};;" for line in BY_HAND.splitlines())
SHORT = BY_HAND.replace(";;;\n", "\n")
WITHIN = "\n".join(line.replace(";", ";;", 1) for line in BY_HAND.splitlines())


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    "content",
    [
        TRAILING,
        SHORT,
        WITHIN,
        f";;;;\n{BY_HAND}",
        f"\n{BY_HAND}\n\n;;;;;;;\n",
        f"sep=;\n{BY_HAND}",
        f"SEP=;\n{TRAILING}",
        f'"sep=;"\n{BY_HAND}',
        f"sep=;;;;;\n{BY_HAND}",
        "sep=\t\n" + BY_HAND.replace(";", "\t"),
        "sep=|\n" + BY_HAND.replace(";", "|"),
        "sep=;\t\t\t\t\n" + BY_HAND.replace(";", "\t"),
        '"sep=;",,,,\n' + BY_HAND.replace("9,75", "9.75").replace("0,5", "0.5").replace(";", ","),
    ],
)
def test_what_spreadsheets_add_to_a_file_changes_no_menu(content: str, mark: bytes, ending: str) -> None:
    """Empty columns and rows, and a first line that says how columns are separated."""
    parsed = parse(mark + content.replace("\n", ending).encode(), "EUR")
    assert parsed.complaints == ()
    assert parsed == parse(BY_HAND.encode(), "EUR")


def test_a_line_after_a_declared_separator_has_its_own_number() -> None:
    parsed = parse(f"sep=,\n{HEAD}category,,,,c,C,,,,,\nitem,,,,a,A,dear,,,,".encode(), "USD")
    assert [(each.line, each.column) for each in parsed.complaints] == [(4, "price")]


def test_text_in_a_column_without_a_name_is_not_lost_in_silence() -> None:
    (complaint,) = parse(b"type,name,,price\ncategory,C,,\nitem,A,remember,1\n", "USD").complaints
    assert (complaint.line, complaint.column) == (3, "")


GREEK = """\
type,name,price
category,Κυρίως,
item,Μουσακάς,9
group,Σάλτσα,
choice,Πράσινη,
choice,Κόκκινη,1
item,Γύρος,7
group,Σάλτσα,
choice,Πράσινη,
category,Ποτά,
item,Ούζο,5
item,Γύρος,2
"""


def identities(categories: tuple[Category, ...]) -> dict[tuple[str, ...], str]:
    """The id of each thing by its path of names."""
    found: dict[tuple[str, ...], str] = {}
    for category in categories:
        found[category.name,] = category.id
        for item in category.items:
            found[category.name, item.name] = item.id
            for each in item.groups:
                found[category.name, item.name, each.name] = each.id
                found |= {(category.name, item.name, each.name, m.name): m.id for m in each.modifiers}
    return found


def test_a_row_on_top_changes_nobodys_id() -> None:
    first = parse(GREEK.encode(), "EUR")
    assert first.complaints == ()
    on_top = "category,Σούπες,\nitem,Φασολάδα,4\ncategory,Κυρίως,\nitem,Παστίτσιο,8\n"
    added = GREEK.replace("category,Κυρίως,\n", on_top).replace("choice,Πράσινη,\n", "choice,Λευκή,\nchoice,Πράσινη,\n")
    for current in (first.categories, ()):
        second = parse(added.encode(), "EUR", current)
        assert second.complaints == ()
        before, after = identities(first.categories), identities(second.categories)
        assert {path: after[path] for path in before} == before
        assert mistakes(second.categories) == ()
        assert len(items_of(second.categories)) == 6


def test_ids_of_an_earlier_release_stay_with_their_names() -> None:
    """Which were given by position."""
    mint, sugar = Modifier(ModifierId("item"), "نعناع"), Modifier(ModifierId("item-2"), "سكر")
    tea = MenuItem(ItemId("item"), "شاي", 100, groups=(ModifierGroup("item", "إضافات", (mint, sugar)),))
    known = (Category("item", "مشروبات", (tea, MenuItem(ItemId("item-2"), "قهوة", 200))),)
    things = ("category,مشروبات,", "item,ماء,1", "item,قهوة,2", "item,شاي,1", "group,إضافات,", "choice,ليمون,")
    rows = "\n".join(("type,name,price", *things, "choice,سكر,", "choice,نعناع,"))
    parsed = parse(rows.encode(), "EUR", known)
    assert parsed.complaints == ()
    (category,) = parsed.categories
    water, *others = category.items
    assert (category.id, [each.id for each in others]) == ("item", ["item-2", "item"])
    assert water.id not in ("item", "item-2", "item-3")
    (extras,) = others[1].groups
    assert (extras.id, [each.id for each in extras.modifiers][1:]) == ("item", ["item-2", "item"])
    exported = parse(write(known, "EUR").encode(), "EUR", known)
    assert exported.categories == known


def test_a_new_dish_never_takes_the_id_of_one_that_is_there() -> None:
    known = (Category("soups", "Soups", (MenuItem(ItemId("soup"), "Stew", 100),)),)
    parsed = parse(b"type,name,price\ncategory,Soups,\nitem,Soup,1\n", "EUR", known)
    assert [item.id for item in parsed.categories[0].items] == ["soup-2"], "somebody has a stew in the basket"
    named = parse(b"type,id,name,price\ncategory,,Soups,\nitem,soup,Bouillon,1\nitem,,Stew,2\n", "EUR", known)
    assert [item.id for item in named.categories[0].items] == ["soup", "stew"], "what a row says stands first"


def test_the_same_name_is_another_thing_in_another_place() -> None:
    known = parse(GREEK.encode(), "EUR").categories
    ids = identities(known)
    assert ids["Κυρίως", "Γύρος"] != ids["Ποτά", "Γύρος"]
    only = GREEK.partition("category,Ποτά")[2]
    parsed = parse(f"type,name,price\ncategory,Ποτά{only}".encode(), "EUR", known)
    assert identities(parsed.categories) == {path: each for path, each in ids.items() if path[0] == "Ποτά"}


CURRY = "item,Curry,8\ngroup,Spice,\noption,Hot,\n"
MOVED = f"type,name,price\ncategory,Soups,\nitem,Ramen,9\ncategory,Mains,\n{CURRY}item,Stew,7\n"


def test_an_item_that_was_moved_to_another_category_stays_itself() -> None:
    known = parse(MOVED.encode(), "EUR").categories
    curry = items_of(known)[ItemId("curry")]
    rows = f"{MOVED.replace(CURRY, '')}category,Spicy,\n{CURRY}"
    parsed = parse(rows.encode(), "EUR", known)
    assert parsed.complaints == ()
    (moved,) = parsed.categories[-1].items
    assert (moved.id, moved.groups) == (curry.id, curry.groups)
    first = rows.replace("type,name,price\n", "").partition("category,Spicy")
    upwards = parse(f"type,name,price\ncategory,Spicy{first[2]}{first[0]}".encode(), "EUR", known)
    assert upwards.categories[0].items == (moved,), "wherever its new category stands in the file"


def test_of_which_item_a_moved_one_is_is_not_guessed() -> None:
    known = parse(MOVED.encode(), "EUR").categories
    both = parse((MOVED + "category,Spicy,\nitem,Curry,9\n").encode(), "EUR", known)
    assert both.categories[-1].items[0].id == "curry-2", "it is where it was; this is another one"
    gone = MOVED.replace(CURRY, "")
    twice = parse(f"{gone}category,Spicy,\nitem,Curry,9\ncategory,Mild,\nitem,Curry,8\n".encode(), "EUR", known)
    assert {"curry"} & {item.id for item in items_of(twice.categories).values()} == set()
    wines = (
        Category("red", "Red", (MenuItem(ItemId("a"), "House", 300),)),
        Category("white", "White", (MenuItem(ItemId("b"), "House", 300),)),
    )
    one = parse(b"type,name,price\ncategory,Wine,\nitem,House,3\n", "EUR", wines)
    assert [item.id for item in one.categories[0].items] == ["house"]


def test_which_of_two_is_meant_is_asked() -> None:
    twice = b"type,name,price\ncategory,Wine,\nitem,Red,3\nitem,RED ,6\n"
    assert [(each.line, each.column) for each in parse(twice, "EUR").complaints] == [(4, "id")]
    known = (Category("wine", "Wine", (MenuItem(ItemId("a"), "Red", 300), MenuItem(ItemId("b"), "Red", 600))),)
    once = b"type,name,price\ncategory,Wine,\nitem,Red,3\n"
    assert [(each.line, each.column) for each in parse(once, "EUR", known).complaints] == [(3, "id")]
    said = b"type,id,name,price\ncategory,,Wine,\nitem,b,Red,3\nitem,,Red,3\n"
    assert [item.id for item in parse(said, "EUR", known).categories[0].items] == ["b", "a"]


def test_prices_and_counts_are_read_in_every_digits() -> None:
    rows = BY_HAND.replace("9,75", "٩٫٧٥").replace("0,5", "०,५").replace(";1;1", ";１;１")
    assert parse(rows.encode(), "EUR") == parse(BY_HAND.encode(), "EUR")


def test_a_sheet_that_was_sorted_keeps_what_belongs_together() -> None:
    header, *rows = write(MENU.categories, "USD").splitlines()
    parsed = parse("\n".join([header, *sorted(rows)]).encode(), "USD")
    assert parsed.complaints == ()
    assert {category.id for category in parsed.categories} == {category.id for category in MENU.categories}
    for category in parsed.categories:
        for item in category.items:
            known = MENU.items()[item.id]
            assert {g.id for g in item.groups} == {g.id for g in known.groups}
            assert msgspec.structs.replace(item, groups=()) == msgspec.structs.replace(known, groups=())


HEAD = "type,category,item,group,id,name,price,description,available,min,max\n"


def complaints(rows: str, currency: str = "USD") -> list[tuple[int, str]]:
    parsed = parse((HEAD + rows).encode(), currency)
    assert parsed.categories == ()
    assert all(each.message.endswith(".") for each in parsed.complaints)
    return [(each.line, each.column) for each in parsed.complaints]


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ("thing,,,,a,A,,,,,", [(2, "type")]),
        ("item,,,,a,A,1,,,,", [(2, "category")]),
        ("category,,,,c,C,,,,,\nitem,x,,,a,A,1,,,,", [(3, "category")]),
        ("category,,,,c,C,,,,,\ngroup,,,,g,G,,,,,", [(3, "item")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,,,,,", [(3, "price")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,free,,,,", [(3, "price")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1.234,,,,", [(3, "price")]),
        ('category,,,,c,C,,,,,\nitem,,,,a,A,"1,23.00",,,,', [(3, "price")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,-1,,,,", [(3, "price")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,maybe,,", [(3, "available")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,,1,,,,", [(3, "name")]),
        ("category,,,,c,C,,,,,\ncategory,,,,c,D,,,,,", [(3, "id")]),
        ("category,,,,c,C,,,,,\nitem,,,,a b,A,1,,,,", [(3, "id")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\ngroup,,,,g,G,,,,x,\nchoice,,,,m,M,,,,,", [(4, "min")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\ngroup,,,,g,G,,,,,0\nchoice,,,,m,M,,,,,", [(4, "max")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\ngroup,,,,g,G,,,,,", [(4, "type")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\nchoice,,,,m,M,,,,,", [(4, "group")]),
        ("category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\ngroup,,,,g,G,,,,,\nchoice,,,,m,M,x,,,,", [(5, "price")]),
        ("category,,,,c,C,,,,,,,,,too,many", [(2, "")]),
        ('category,,,,c,"C"x,,,,,', [(2, "")]),
        (
            "category,,,,c,,,,,,\nitem,,,,a,A,,,no way,,\nthing",
            [(2, "name"), (3, "available"), (3, "price"), (4, "type")],
        ),
    ],
)
def test_every_mistake_has_its_line_and_column(rows: str, where: list[tuple[int, str]]) -> None:
    assert complaints(rows) == where


def test_a_file_of_an_earlier_release_is_read_as_one_of_this() -> None:
    rows = "category,,,,c,C,,,,,\nitem,,,,a,A,1,,,,\n{},,,,g,G,,,,1,2\n{},,,,m,M,,,,,\n{},,,,n,N,,,,,\n"
    new = parse((HEAD + rows.format("option group", "option", "option")).encode(), "USD")
    assert new.categories[0].items[0].groups[0].least == 1
    assert new.categories[0].items[0].groups[0].most == 2
    old = HEAD.replace("min,max", "least,most") + rows.format("group", "choice", "choice")
    assert parse(old.encode(), "USD") == new


def test_a_cell_of_several_lines_is_counted_right() -> None:
    rows = 'category,,,,c,C,,,,,\nitem,,,,a,A,1,"two\nlines",,,\nitem,,,,b,B,x,,,,'
    assert complaints(rows) == [(4, "description"), (5, "price")]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", "größe".encode("latin-1"), b"name\nx\n", b"type,name,name\n", b"type,name,shade\n", b"\x00"],
)
def test_what_is_no_such_file_is_said_in_a_sentence(content: bytes) -> None:
    (complaint,) = parse(content, "USD").complaints
    assert complaint.line == 1
    assert complaint.message.endswith(".")


@given(
    st.binary(max_size=200)
    | st.text("type,nameciorg;\n\"'=1.-", max_size=200).map(lambda t: HEAD.encode() + t.encode())
)
@settings(max_examples=300)
def test_whatever_the_file_is_it_is_a_menu_or_complaints(content: bytes) -> None:
    parsed = parse(content, "USD")
    assert parsed.complaints or mistakes(parsed.categories) == ()


def test_where_prices_have_no_decimals_none_are_written() -> None:
    yen = (Category("c", "C", (msgspec.structs.replace(CHIPS, price_minor=1200),)),)
    assert ",1200," in write(yen, "JPY")
    assert complaints("category,,,,c,C,,,,,\nitem,,,,a,A,1.0,,,,", "JPY") == [(3, "price")]
    dinar = parse((HEAD + 'category,,,,c,C,,,,,\nitem,,,,a,A,"1,234",,,,').encode(), "KWD")
    assert dinar.categories[0].items[0].price_minor == 1234


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("4,50 €", "EUR", 450),
        ("€ 4.50", "EUR", 450),
        ("4,50\xa0€", "EUR", 450),
        ("EUR 4,5", "EUR", 450),
        ("$12", "USD", 1200),
        ("12 Kč", "CZK", 1200),
        ("1.234,50", "EUR", 123_450),
        ("1,234.50", "USD", 123_450),
        ("1 234,50", "EUR", 123_450),
        ("1\u202f234,50 €", "EUR", 123_450),
        ("1'234.50", "CHF", 123_450),
        ("1.234.567,89", "EUR", 123_456_789),
        ("1,234,567", "USD", 123_456_700),
        ("1,234", "JPY", 1234),
        ("¥1,200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("-4,50", "EUR", -450),
        ("1,234", "USD", None),
        ("1.234", "EUR", None),
        ("1.234.50", "EUR", None),
        ("12,34,56", "EUR", None),
        ("1.234,567", "EUR", None),
        ("$4.50", "EUR", None),
        ("4.50 USD", "EUR", None),
        ("4,50 each", "EUR", None),
        ("1.50", "JPY", None),
        ("€", "EUR", None),
    ],
)
def test_prices_as_spreadsheets_write_them(written: str, currency: str, minor: int | None) -> None:
    """A sign for thousands is one where it can be nothing else; another currency is never taken for the shop's."""
    parsed = parse(f'type,name,price\ncategory,C,\nitem,A,"{written}"\n'.encode(), currency)
    if minor is None or minor < 0:
        assert [(each.line, each.column) for each in parsed.complaints] == [(3, "price")]
    else:
        assert not parsed.complaints
        assert parsed.categories[0].items[0].price_minor == minor


ROWS = (
    ("type", "name", "price", "available"),
    ("category", "Getränke", None, None),
    ("item", "Crème brûlée", 4.5, True),
)


def workbook(rows: Sequence[tuple[Any, ...]]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.create_sheet("Notes").append(["anything"])
    book.save(content)
    return content.getvalue()


def test_a_workbook_is_its_first_sheet() -> None:
    parsed = parse(workbook(ROWS), "EUR")
    assert not parsed.complaints
    (drinks,) = parsed.categories
    assert (drinks.name, drinks.items[0].name, drinks.items[0].price_minor) == ("Getränke", "Crème brûlée", 450)
    wrong = parse(workbook((*ROWS, (), ("item", "Tea", 1.234), ("item", "Cake", "4,50 €"))), "EUR")
    assert [(each.line, each.column) for each in wrong.complaints] == [(5, "price")]


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_workbook_of_today(content: bytes) -> None:
    (complaint,) = parse(content, "EUR").complaints
    assert "or as “CSV UTF-8”" in complaint.message


def test_encodings() -> None:
    text = "type;name;price\r\ncategory;Getränke;\r\nitem;Crème brûlée;4,50 €\r\n"
    (complaint,) = parse(text.encode("cp1252"), "EUR").complaints
    assert "not UTF-8" in complaint.message
    assert "--encoding cp1252" in complaint.message
    expected = parse(text.encode(), "EUR")
    assert not expected.complaints
    assert parse(text.encode("cp1252"), "EUR", encoding="cp1252") == expected
    assert parse(text.replace(";", "\t").encode("utf-16"), "EUR") == expected, "Excel's “Unicode text”"


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("type,name,Preis", "There is no column “preis”. The first line names the columns: type, category"),
        ("type,name,name", "The column “name” is there twice."),
        ("type,price", "The column “name” is missing."),
        ("", "The column “type” is missing."),
    ],
)
def test_what_the_first_line_lacks_is_named(first: str, said: str) -> None:
    (complaint,) = parse(f"{first}\n".encode(), "EUR").complaints
    assert complaint.message.startswith(said)


def test_colours_and_defaults_go_out_and_in_and_may_be_left_out() -> None:
    hot = Modifier(ModifierId("hot"), "Hot", 0, default=True)
    salsa = ModifierGroup("salsa", "Salsa", (Modifier(ModifierId("mild"), "Mild"), hot), 1, 1)
    menu = (Category("c", "C", (MenuItem(ItemId("i"), "I", 100, groups=(salsa,)),), "teal"), Category("d", "D", ()))
    content = write(menu, "USD")
    assert parse(content.encode(), "USD").categories == menu
    hot_row = next(line for line in content.splitlines() if ",Hot," in line)
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["colour"] for row in rows if row["type"] == "category"] == ["teal", "auto"]
    assert [row["default"] for row in rows if row["type"] == "option"] == ["no", "yes"]
    old = parse(
        b"type,name,price\ncategory,C,\nitem,I,1\noption group,Salsa,\noption,Mild,\noption,Hot,\n", "USD", menu
    )
    (category,) = old.categories
    assert (category.colour, category.items[0].groups[0].defaults) == ("", ()), "which leaves what there is"
    none = parse(
        content.replace("teal", "auto").replace(hot_row, hot_row.replace("yes", "no")).encode(), "USD", menu
    ).categories
    assert (none[0].colour, none[0].items[0].groups[0].modifiers[1].default) == ("auto", False)
    wrong = parse(
        content.replace("teal", "mauve").replace(hot_row, hot_row.replace("yes", "often")).encode(), "USD", menu
    )
    assert [each.column for each in wrong.complaints] == ["colour", "default"]


def test_pictures_go_out_and_in_by_their_ids_and_may_be_left_out() -> None:
    name = "0123456789abcdef" * 2
    menu = (Category("c", "C", (MenuItem(ItemId("i"), "I", 100, picture=name), MenuItem(ItemId("j"), "J", 1))),)
    content = write(menu, "USD")
    assert parse(content.encode(), "USD", menu).categories == menu
    old = parse(b"type,name,price\ncategory,C,\nitem,I,1\nitem,J,1\n", "USD", menu).categories
    assert [item.picture for item in old[0].items] == ["", ""], "which leaves what there is"
    none = parse(content.replace(name, "none").encode(), "USD", menu).categories
    assert [item.picture for item in none[0].items] == ["none", ""]
    wrong = parse(content.replace(name, "chips.png").encode(), "USD", menu)
    assert [each.column for each in wrong.complaints] == ["picture"]
