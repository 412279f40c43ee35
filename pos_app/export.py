"""Orders, and what waits to be sent, as a file for a spreadsheet: CSV (RFC 4180), one of them a row."""

import contextlib
import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

import msgspec

from core.domain.money import exponent
from core.domain.order import Order
from pos_app.models.queue import Exported

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
_SPREADSHEET: Final = "utf-8-sig"
"""With a byte order mark, for spreadsheets take a file without one for something older."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """`text` as a spreadsheet shows it and never computes it: what would begin a formula is quoted.

    The rule is OWASP's on CSV injection. A name like `=HYPERLINK(…)` comes from whoever placed the order.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def amount(minor: int, currency: str) -> str:
    """A plain decimal, the same in every country: 1234, USD → 12.34."""
    digits = exponent(currency)
    if not digits:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}d}"


def _row(order: Order) -> tuple[str, ...]:
    items = "; ".join(f"{line.quantity} {line.name}" for line in order.lines)
    return (
        cell(order.number),
        order.placed_at.astimezone().isoformat(sep=" ", timespec="seconds"),
        order.status.value,
        order.channel.value,
        order.fulfilment.value,
        cell(order.customer_name),
        cell(order.customer_phone),
        cell(order.address),
        cell(items),
        order.payment.value,
        order.tender.value,
        amount(order.subtotal_minor, order.currency),
        amount(order.tax_minor, order.currency),
        amount(order.total_minor, order.currency),
        order.currency,
        cell(order.note),
        cell(order.reason),
    )


def write_orders(orders: Iterable[Order], path: Path) -> None:
    """Write `orders` to `path`, all of them or, on an `OSError`, none: what was there before stays."""
    with _written(path, _SPREADSHEET) as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(_row(order) for order in orders)


def write_queue(operations: Iterable[Exported], path: Path) -> None:
    """Write `operations` to `path` as `write_orders` does; as JSON when that is how the path ends."""
    rows = [msgspec.structs.asdict(operation) for operation in operations]
    if path.suffix.lower() == ".json":
        with _written(path, "utf-8") as file:
            file.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    with _written(path, _SPREADSHEET) as file:
        writer = csv.writer(file)
        writer.writerow(Exported.__struct_fields__)
        writer.writerows([cell(str(value)) for value in row.values()] for row in rows)


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
