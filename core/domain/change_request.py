"""Change requests: a customer asks the shop to change their own order, and a member of staff accepts or declines.

A request changes nothing of the order. It is priced when it is asked; accepting it is an amendment that names it
(`AmendOrder.answers`), by the prices that the customer was told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.amendment import amended, answered, check_amendable, check_answerable, line_changes
from core.domain.commands import AmendedLine, AmendOrder, AskChange, DeclineChange
from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.menu import ChangesUntil
from core.domain.offer import Offer
from core.domain.order import ChangeRequest, Order, RequestedLine, RequestState
from core.domain.refund import line_ids
from core.domain.status import OrderStatus
from core.domain.texts import check_no_card, is_blank

_WHILE: Final = {
    ChangesUntil.CONFIRMED: frozenset({OrderStatus.PENDING}),
    ChangesUntil.PREPARING: frozenset({OrderStatus.PENDING, OrderStatus.CONFIRMED}),
}


class RequestStep(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the append-only history of an order's change requests."""

    version: int
    """The version of the order that it made."""
    request: ChangeRequest
    """As it was then; its state says what was done."""
    at: datetime
    by: str = ""
    device: str = ""


def may_ask(order: Order, until: ChangesUntil, at: datetime, time_zone: str) -> bool:
    """Whether its customer may ask for a change of the order at `at`. `time_zone` is the shop's."""
    try:
        check_amendable(order, at, time_zone)
    except IllegalMove:
        return False
    return order.status in _WHILE.get(until, ())


def _check_ask(order: Order, wanted: AskChange, offer: Offer, at: datetime) -> None:
    """Checks that a customer may ask for this now. Raises `IllegalMove` and `InvalidOrder`."""
    if not may_ask(order, offer.changes_until, at, offer.terms.time_zone):
        raise IllegalMove("It can no longer be changed from here. Please ask at the counter.", "version")
    for place, line in enumerate(wanted.lines):
        if line.discount is not None:
            raise InvalidOrder("A discount is given at the counter.", f"lines[{place}].discount")
        item = offer.items.get(line.item_id) if not line.id else None
        if item is not None and not item.available:
            raise InvalidOrder(f"{item.name} is sold out.", f"lines[{place}].item_id")


def asked(
    order: Order,
    wanted: AskChange,
    offer: Offer,
    at: datetime,
) -> Order:
    """The order with this request in place of what was asked before; the very same object where that is the same. What
    was asked may be withdrawn, or asked again, as long as the shop may accept it. `offer` prices new lines.

    Raises `IllegalMove`, `InvalidOrder` and `CardNumber`.
    """
    waits, note = order.open_request, wanted.note.strip()
    lines = tuple(
        RequestedLine(
            id=line.id,
            item_id=line.item_id,
            quantity=line.quantity,
            modifier_ids=line.modifier_ids,
            note=line.note.strip(),
        )
        for line in wanted.lines
    )
    if waits is not None and (waits.lines, waits.note) == (lines, note):
        return order
    if _is_so_already(order, lines, note):
        return order if waits is None else _with(order, answered(order, RequestState.WITHDRAWN, at), at)
    _check_ask(order, wanted, offer, at)
    request = ChangeRequest(
        version=order.version + 1,
        amendments=order.amendments,
        at=at,
        lines=lines,
        note=note,
        menu_version=offer.menu_version,
        total_minor=order.total_minor,
    )
    amendment = msgspec.structs.replace(granting(order, request), answers=0, reason="asked")
    made = amended(order, amendment, offer, at)
    changes = line_changes(order, made)
    return _with(order, msgspec.structs.replace(request, changes=changes, total_minor=made.total_minor), at)


def _is_so_already(order: Order, lines: Sequence[RequestedLine], note: str) -> bool:
    there = {each: (line.quantity, line.note) for each, line in zip(line_ids(order), order.lines, strict=True)}
    wanted = {line.id: (line.quantity, line.note) for line in lines}
    return (wanted, len(lines), note) == (there, len(there), order.note)


def _with(order: Order, request: ChangeRequest | None, at: datetime) -> Order:
    return msgspec.structs.replace(order, change_request=request, version=order.version + 1, updated_at=at)


def granting(order: Order, request: ChangeRequest) -> AmendOrder:
    """The amendment that a request asks for. What the customer cannot ask for stays as it is."""
    given = {each: line.discount for each, line in zip(line_ids(order), order.lines, strict=True)}
    return AmendOrder(
        version=order.version,
        lines=tuple(AmendedLine(**msgspec.structs.asdict(line), discount=given.get(line.id)) for line in request.lines),
        fulfilment=order.fulfilment,
        discount=order.discount,
        customer_name=order.customer_name,
        customer_phone=order.customer_phone,
        address=order.address,
        note=request.note,
        menu_version=request.menu_version or None,
        answers=request.version,
    )


def declined(order: Order, asked: DeclineChange, at: datetime) -> Order:
    """The order whose customer is told no. Raises `IllegalMove`, `ReasonRequired` and `CardNumber`."""
    check_answerable(order, asked.answers)
    check_no_card(reason=asked.reason)
    if is_blank(asked.reason):
        raise ReasonRequired("Say why it stays as it is.", "reason")
    return _with(order, answered(order, RequestState.DECLINED, at, asked.reason.strip()), at)
