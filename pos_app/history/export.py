"""Orders, and what waits to be sent, as a file for a spreadsheet: CSV (RFC 4180), one of them a row."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, TextIO

import msgspec

from core import spreadsheet
from core.domain.money import as_decimal
from core.domain.order import Order
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
    """Write `orders` to `path`, all of them or, on an `OSError`, none: what was there before stays."""
    with _written(path, spreadsheet.ENCODING) as file:
        spreadsheet.write(file, itertools.chain([_COLUMNS], map(_row, orders)))


def write_queue(operations: Iterable[Exported], path: Path) -> None:
    """Write `operations` to `path` as `write_orders` does; as JSON when that is how the path ends."""
    rows = [msgspec.structs.asdict(operation) for operation in operations]
    if path.suffix.lower() == ".json":
        with _written(path, "utf-8") as file:
            file.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    with _written(path, spreadsheet.ENCODING) as file:
        spreadsheet.write(file, [Exported.__struct_fields__, *(tuple(row.values()) for row in rows)])


@contextlib.contextmanager
def _written(path: Path, encoding: str) -> Iterator[TextIO]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
