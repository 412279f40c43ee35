"""The rows of a table in a file of a spreadsheet: CSV of any encoding and separator, or a workbook (.xlsx)."""

import codecs
import csv
import io
import re
import warnings
from typing import Final

from core import spreadsheet

WINDOWS: Final = "cp1252"
"""The encoding of Excel's “CSV” in western Europe and America."""
_ENCODINGS: Final = {spreadsheet.ENCODING: "UTF-8", WINDOWS: "Windows-1252"}
_ZIP: Final = b"PK\x03\x04"
"""The first bytes of a workbook (.xlsx)."""
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED: Final = re.compile(r"\"?sep=([,;|\t])\"?[,;\t]*(?:\r\n?|\n)", re.IGNORECASE)
"""The first line of a file that says how its columns are separated, as spreadsheets write and read it."""


class Unreadable(Exception):
    """The file, or a line of it, cannot be read: why, and what to do."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read(content: bytes, encoding: str = spreadsheet.ENCODING) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with its line; of a workbook, those of its first sheet. `encoding` is a CSV
    file's. Raises `Unreadable`."""
    if content.startswith(_ZIP):
        return _workbook(content)
    if content.startswith(_OLD_WORKBOOK):
        raise Unreadable("This is a workbook of Excel 97 to 2003. Save it as .xlsx, or as “CSV UTF-8”.")
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else encoding)
    except UnicodeDecodeError:
        raise Unreadable(
            f"The file is not {_ENCODINGS.get(encoding, encoding)}. Save it as “CSV UTF-8”, or have it imported by "
            f"`orderbell menu import --encoding {WINDOWS}`."
        ) from None
    declared = _DECLARED.match(text)
    skipped = int(declared is not None)
    text = text[declared.end() :] if declared is not None else text
    sheet = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, declared), strict=True)
    try:
        return [(sheet.line_num + skipped, row) for row in sheet if any(cell.strip() for cell in row)]
    except csv.Error:
        message = 'This line cannot be read. Write each quotation mark (") in it twice.'
        raise Unreadable(message, sheet.line_num + skipped) from None


def is_text(content: bytes, encoding: str = spreadsheet.ENCODING) -> bool:
    """Whether a file can be read with an encoding, or needs none."""
    if content.startswith((_ZIP, _OLD_WORKBOOK, *_UTF_16)):
        return True
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _workbook(content: bytes) -> list[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # takes a quarter of a second, and few files are one

    try:
        with warnings.catch_warnings(action="ignore"):  # of styles and extensions that say nothing of its cells
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            (line, [_cell(value) for value in row]) for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
        ]
    except Exception:  # noqa: BLE001 (whatever a damaged file makes of a library for files)
        raise Unreadable("The file is no workbook (.xlsx), or is damaged. Save it again, or as “CSV UTF-8”.") from None
    return [(line, row) for line, row in rows if any(row)]


def _cell(value: object) -> str:
    """A workbook's cell as the text that a CSV file would have."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return format(value, ".12g")
        case _:
            return str(value).strip()


def _delimiter(text: str, declared: re.Match[str] | None) -> str:
    """The most frequent delimiter of the first line. A declared one has no precedence: a spreadsheet that does not know
    declarations keeps it as text and separates by its own."""
    first = text.lstrip().partition("\n")[0]
    return max(spreadsheet.SEPARATORS + (declared[1] if declared is not None else ""), key=first.count)
