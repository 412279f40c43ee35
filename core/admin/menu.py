"""`orderbell menu`: exports the menu to a CSV file, imports it from one, and gives items pictures."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from core import spreadsheet
from core.admin import asking, console, menu_file, sheets, table_file
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed
from core.admin.menu_file import Complaint
from core.admin.sheets import STANDARD
from core.client.errors import Refused
from core.domain.ids import ItemId
from core.domain.menu import Category, Menu, MenuItem, normal_name
from core.domain.menu_changes import Change, Kind, changes
from core.domain.money import as_decimal
from core.domain.pictures import NONE
from core.domain.tax_table import categories
from core.protocol import routes
from core.protocol.pictures import KeepPicture
from core.protocol.requests import ReplaceMenu
from core.reasons import reason

_EXAMPLES: Final = """examples:
  orderbell menu export menu.csv             the menu as it is, for a spreadsheet
  orderbell menu export --semicolon menu.csv the same for a spreadsheet that writes 9,75
  orderbell menu import menu.csv --dry-run   what would change, and nothing does
  orderbell menu import menu.csv             the same, and then ask
  orderbell menu import menu.xlsx            the first sheet of a workbook
  orderbell menu import - --yes < menu.csv   for a script
  orderbell menu import menu.csv --encoding cp1252
  orderbell menu set "Green bowl" --picture bowl.jpg   a small copy of a PNG, JPEG or WebP file
  orderbell menu set green-bowl --no-picture

Each category, item, option group and option has a row of its own. The columns:

  type         category, item, option group or option
  category     of an item: its category's id; empty: the category above
  item         of an option group or an option: its item's id; empty: the item above
  group        of an option: its group's id; empty: the group above
  id           stays the same for as long as the row is there; empty: that of what has the same
               name at the same place of the menu, or a new one, made from the name
  name
  price        of an item, and what an option adds: 9.75, 9,75, 1.234,50 or € 4,50
  description
  available    yes, or no for sold out; empty: yes
  min, max     of an option group: how many of its options must and may be taken; empty: none, and any number
  tax          of an item: its category of the tax table (orderbell shop taxes); empty: the one it has
  colour       of a category: amber, blue, green, violet, pink, teal or auto, by its place; empty: the one it has
  picture      of an item: the id of its picture, or none; empty: the one it has. Chosen by menu set, or on a POS
  default      of an option: yes if it is taken unless somebody chooses otherwise, or no; empty: as it is

The file is the whole menu: what is not in it is not sold any more. Past orders keep what they had."""
_WORDS_SHOWN: Final = 8
_WORDS: Final = {
    Kind.ADDED: "new",
    Kind.REMOVED: "not sold any more",
    Kind.PRICE: "price",
    Kind.NAME: "name",
    Kind.DESCRIPTION: "description",
    Kind.CATEGORY: "category",
    Kind.CHOICES: "options",
    Kind.SOLD_OUT: "sold out",
    Kind.SOLD_AGAIN: "sold again",
    Kind.ORDER: "order",
    Kind.TAX: "tax",
    Kind.COLOUR: "colour",
    Kind.PICTURE: "picture",
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an import, and whether it was applied."""

    changes: tuple[Change, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    applied: bool = False
    version: int


def main(argv: Sequence[str]) -> int:
    """Returns 0, or 1 when the file has mistakes. Raises `Failed` when the menu was not changed."""
    parser = Parser("orderbell menu", __doc__, _EXAMPLES)
    out = parser.command("export", "write the menu to a CSV file", asked(_export), only=WHERE, shop=True, json=False)
    sheets.add_flags(out)
    out.add_argument("--semicolon", dest="separator", action="store_const", const="semicolon", help="the same, shorter")
    into = parser.command("import", "sell by the menu of a CSV file", asked(_import), only=WHERE, shop=True)
    into.add_argument("file", help="a CSV file or a workbook (.xlsx); - for standard input")
    told = f"of a CSV file that is not UTF-8, as {table_file.WINDOWS}: what Excel writes as “CSV” in western Europe"
    into.add_argument("--encoding", default=spreadsheet.ENCODING, type=_encoding, help=told)
    into.add_argument("--dry-run", action="store_true", help="show what would change, and leave it")
    into.add_argument("--yes", action="store_true", help="do not ask")
    item = parser.command("set", "give an item a picture, or take it away", asked(_set), only=WHERE, shop=True)
    item.add_argument("item", help="its name or its id")
    picture = item.add_mutually_exclusive_group(required=True)
    picture.add_argument("--picture", metavar="FILE", type=Path, help="PNG, JPEG or WebP, of at most 32 MB")
    picture.add_argument("--no-picture", action="store_true", help="take the one that it has away")
    return parser.run(argv)


def _export(api: Backend, options: argparse.Namespace) -> int:
    menu = _menu(api)
    text = menu_file.write(menu.categories, menu.currency, sheets.separator(options))
    sheets.put(text, options, f"Wrote {len(menu.items())} items to {options.file}.")
    return 0


def _import(api: Backend, options: argparse.Namespace) -> int:
    menu = _menu(api)
    content = _content(options.file)
    taxes = categories(menu.terms.taxes)
    parsed = menu_file.parse(content, menu.currency, menu.categories, _chosen_encoding(content, options), taxes)
    if parsed.complaints:
        _complain(parsed.complaints, menu, options)
        return 1
    found = changes(menu.categories, parsed.categories)
    report = Report(changes=found, version=menu.version)
    if not options.json:
        _show(found, menu.currency)
    if found and not options.dry_run:
        if options.json and not options.yes:
            raise Failed("With --json nobody is asked: add --yes, or --dry-run.", status=2)
        console.confirm("Sell by this menu from now on?", yes=options.yes)
        wanted = ReplaceMenu(version=menu.version, categories=parsed.categories)
        changed = api.call(routes.REPLACE_MENU(body=wanted))
        report = msgspec.structs.replace(report, applied=True, version=changed.version)
    if options.json:
        console.as_json(report)
    elif report.applied:
        console.show(f"Every screen has it: version {report.version}.")
    return 0


def _set(api: Backend, options: argparse.Namespace) -> None:
    content = b"" if options.no_picture else _small_picture(options.picture)
    menu = _menu(api)
    item = _item(menu, options.item)
    picture = api.call(routes.KEEP_PICTURE(body=KeepPicture(content=content))).id if content else NONE
    found: tuple[Change, ...] = ()
    version = menu.version
    if picture != (item.picture or NONE):
        categories = tuple(
            msgspec.structs.replace(each, items=_with_picture(each, item, picture)) for each in menu.categories
        )
        changed = api.call(routes.REPLACE_MENU(body=ReplaceMenu(version=menu.version, categories=categories)))
        found, version = changes(menu.categories, categories), changed.version
    if options.json:
        console.as_json(Report(changes=found, applied=bool(found), version=version))
    elif not found:
        console.show(f"{item.name} is so already.")
    else:
        console.show(f"{item.name} has {'no picture any more' if options.no_picture else 'this picture now'}.")


def _with_picture(category: Category, item: MenuItem, picture: str) -> tuple[MenuItem, ...]:
    return tuple(
        msgspec.structs.replace(each, picture=picture) if each.id == item.id else each for each in category.items
    )


def _item(menu: Menu, named: str) -> MenuItem:
    """By its id or its name. Raises `Failed`."""
    items = menu.items()
    if named in items:
        return items[ItemId(named)]
    same = [each for each in items.values() if normal_name(each.name) == normal_name(named)]
    if len(same) == 1:
        return same[0]
    if same:
        raise Failed(
            f"There are {len(same)} items {named!r}. Name one by its id: {', '.join(each.id for each in same)}."
        )
    close = get_close_matches(named, [each.name for each in items.values()], 1, 0.5)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    raise Failed(f"There is no item {named!r}.{meant} All of them: orderbell menu export -", status=2)


def _small_picture(path: Path) -> bytes:
    """The picture that is made of a file. Raises `Failed`."""
    # Of the windows' part, with Qt: named, not imported, as `core.admin.windows` does.
    made = importlib.import_module("core.ui.picture_file")
    small: Callable[[bytes], bytes] = made.for_command
    try:
        with path.open("rb") as file:
            content = file.read(made.MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Failed(f"{path} cannot be read: {reason(error)}", status=2) from None
    try:
        return small(content)
    except Refused as error:
        raise Failed(f"{path} is no picture that can be used. {error.message}", status=2) from None


def _menu(api: Backend) -> Menu:
    return api.call(routes.MENU())


def _content(file: str) -> bytes:
    if file == STANDARD:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {reason(error)}", status=2) from None


def _encoding(text: str) -> str:
    try:
        b"".decode(text)
    except LookupError:
        raise argparse.ArgumentTypeError(f"{text!r} is no encoding, as {table_file.WINDOWS}") from None
    return text


def _chosen_encoding(content: bytes, options: argparse.Namespace) -> str:
    """The encoding of `--encoding`; of a file that is not of it, what somebody at the terminal finds right."""
    chosen: str = options.encoding
    if table_file.is_text(content, chosen) or options.json or options.yes or not asking.is_interactive():
        return chosen
    words = dict.fromkeys(word for word in content.decode(table_file.WINDOWS, "replace").split() if not word.isascii())
    console.show(f"{options.file} is not UTF-8. Read as Windows-1252, as Excel writes in western Europe, it has:")
    console.show(f"  {'  '.join(list(words)[:_WORDS_SHOWN])}")
    console.confirm("Is that how it is spelt?")
    return table_file.WINDOWS


def _complain(complaints: Sequence[Complaint], menu: Menu, options: argparse.Namespace) -> None:
    if options.json:
        console.as_json(Report(complaints=tuple(complaints), version=menu.version))
        return
    console.table(("line", "column", "what to do"), [(each.line, each.column, each.message) for each in complaints])
    console.warn(f"{options.file} is no menu yet. Nothing was changed.")


def _show(found: Sequence[Change], currency: str) -> None:
    def shown(value: str | int | None) -> str:
        return as_decimal(value, currency) if isinstance(value, int) else value or ""

    rows = [
        (
            _WORDS[each.kind],
            "category" if each.is_category else "item",
            each.name,
            shown(each.before),
            shown(each.after),
        )
        for each in found
    ]
    console.table(("what", "of", "name", "before", "after"), rows, empty="The menu is as in the file already.")
