"""Export of orders, and of the queue, to a file, one row each."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Final

import msgspec

from core import spreadsheet
from core.client.every_order import EveryOrder
from core.domain import order_sheet
from core.files import write_for_person
from core.spreadsheet import Separator
from core.ui.text import N_
from pos_app.sync.model import Exported

KINDS: Final = {
    Separator.COMMA: N_("CSV with commas (*.csv)"),
    Separator.SEMICOLON: N_("CSV with semicolons and decimal commas (*.csv)"),
    Separator.TAB: N_("CSV with tabs (*.csv)"),
}
"""The kinds of file, as a person chooses among them."""


def write_orders(found: EveryOrder, path: Path, separator: Separator, zone: tzinfo | None) -> None:
    """Write orders to `path` atomically: on an `OSError` the previous file stays. `zone` is the shop's."""
    _write_sheet(order_sheet.rows(found.orders, found.cashiers, zone), path, separator)


def write_queue(operations: Iterable[Exported], path: Path) -> None:
    """Write `operations` to `path` as `write_orders` does; as JSON when the path ends so."""
    rows = [msgspec.structs.asdict(operation) for operation in operations]
    if path.suffix.lower() == ".json":
        write_for_person(path, msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n", private=True)
    else:
        table = [Exported.__struct_fields__, *(tuple(row.values()) for row in rows)]
        _write_sheet(table, path, Separator.COMMA)


def _write_sheet(rows: Iterable[Sequence[spreadsheet.Cell]], path: Path, separator: Separator) -> None:
    write_for_person(path, spreadsheet.text_of(rows, separator).encode(spreadsheet.ENCODING), private=True)
