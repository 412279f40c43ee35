"""Export of orders, and of the queue, to a file, one row each."""

import base64
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Final

import msgspec

from core import spreadsheet
from core.client.every_order import EveryOrder
from core.client.operations import Kind, Operation
from core.domain import order_sheet
from core.files import write_for_person
from core.spreadsheet import Separator
from core.ui.text import N_

_WHAT: Final = {
    Kind.TAKE: "order taken",
    Kind.PLACE: "order placed",
    Kind.CHANGE_STATUS: "status",
    Kind.RECALL: "recall",
    Kind.CHANGE_PAYMENT: "payment",
    Kind.TAKE_PAYMENT: "payment taken",
    Kind.UNDO_PAYMENT: "payment taken back",
    Kind.REFUND: "refund",
    Kind.AMEND: "changed",
    Kind.CANCEL: "cancel",
}


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One operation in an export."""

    op_id: str
    order_id: str
    order: str
    customer: str
    what: str
    accepted_at: str
    state: str
    shop: str
    tries: int
    problem: str
    server_status: str
    request: str
    sealed: str
    """Content that only the server can open, in base64; `request` and `customer` are empty then."""


def exported(operation: Operation) -> Exported:
    return Exported(
        op_id=operation.op_id,
        order_id=operation.order_id,
        order=operation.seen.number,
        customer=operation.seen.customer_name,
        what=_WHAT[operation.kind],
        accepted_at=operation.created_at.isoformat(timespec="seconds"),
        state=operation.state.value,
        shop=operation.shop_name,
        tries=operation.failed_attempts,
        problem=operation.problem,
        server_status=operation.theirs.status.value if operation.theirs is not None else "",
        request=operation.request.decode(),
        sealed=base64.b64encode(operation.sealed).decode(),
    )


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
