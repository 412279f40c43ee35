"""Files for spreadsheets that commands write."""

import argparse
import sys
from pathlib import Path
from typing import Final

from core import spreadsheet
from core.admin import console
from core.files import write_for_person
from core.spreadsheet import Separator

STANDARD: Final = "-"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the file's path and its column separator."""
    parser.add_argument("file", nargs="?", default=STANDARD, help="where to (default: standard output)")
    parser.add_argument("--yes", action="store_true", help="replace a file that is there, and do not ask")
    names = [each.name.lower() for each in Separator]
    parser.add_argument(
        "--separator", choices=names, default=names[0], help="semicolon: with decimal commas (default: comma)"
    )


def separator(options: argparse.Namespace) -> Separator:
    return Separator[options.separator.upper()]


def put(text: str, options: argparse.Namespace, done: str, *, private: bool = False) -> None:
    """Write `text` as the options of `add_flags` say, and print `done`. Raises `Failed` when an existing file must not
    be replaced."""
    if options.file == STANDARD:
        sys.stdout.buffer.write(text.encode())
        return
    if Path(options.file).is_file():
        console.confirm(f"Replace {options.file}, which is there already?", yes=options.yes)
    write_for_person(Path(options.file), text.encode(spreadsheet.ENCODING), private=private)
    console.show(done)
