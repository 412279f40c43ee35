"""Export of orders, and of the queue, as a CSV file (RFC 4180), one row each."""

import io
import itertools
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from core import spreadsheet
from core.domain.money import as_decimal
from core.domain.order import Order
from core.files import write_for_person
from pos_app.sync.model import Exported

_COLUMNS: Final = (
    "number",
    "placed_at",
    "status",
    "channel",
    "fulfilment",
    "customer",
    "phone",
    "address",
    "items",
    "payment",
    "tender",
    "subtotal",
    "tax",
    "total",
    "currency",
    "note",
    "reason",
)


def _row(order: Order) -> tuple[spreadsheet.Cell, ...]:
    items = "; ".join(f"{line.quantity} {line.name}" for line in order.lines)
    return (
        order.number,
        order.placed_at.astimezone().isoformat(sep=" ", timespec="seconds"),
        order.status.value,
        order.channel.value,
        order.fulfilment.value,
        order.customer_name,
        order.customer_phone,
        order.address,
        items,
        order.payment.value,
        order.tender.value,
        *(
            Decimal(as_decimal(minor, order.currency))
            for minor in (order.subtotal_minor, order.tax_minor, order.total_minor)
        ),
        order.currency,
        order.note,
        order.reason,
    )


def write_orders(orders: Iterable[Order], path: Path) -> None:
    """Write `orders` to `path` atomically: on an `OSError` the previous file stays."""
    _write_sheet(itertools.chain([_COLUMNS], map(_row, orders)), path)


def write_queue(operations: Iterable[Exported], path: Path) -> None:
    """Write `operations` to `path` as `write_orders` does; as JSON when the path ends so."""
    rows = [msgspec.structs.asdict(operation) for operation in operations]
    if path.suffix.lower() == ".json":
        write_for_person(path, msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n", private=True)
    else:
        _write_sheet([Exported.__struct_fields__, *(tuple(row.values()) for row in rows)], path)


def _write_sheet(rows: Iterable[Sequence[spreadsheet.Cell]], path: Path) -> None:
    sheet = io.StringIO(newline="")
    spreadsheet.write(sheet, rows)
    write_for_person(path, sheet.getvalue().encode(spreadsheet.ENCODING), private=True)
