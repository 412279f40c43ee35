"""Amendments: a placed order is opened again while its business day lasts.

The new version replaces the old one whole, priced by the date of the order and, for lines that stay, by the prices and
rates that they were sold by. What was paid too much is given back at once; what is more is to be paid. The ledger says
both (`core.domain.booking.charges_of`), and every former version is kept (`core.store.amendments`). Lines of which
something was given back stay as they are: the rest is priced as if it were the order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.commands import AmendedLine, AmendOrder
from core.domain.discount import Discount, check_discount
from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import ItemId, LineId
from core.domain.menu import MenuItem, as_if_available
from core.domain.offer import Offer
from core.domain.order import (
    MAX_LINES,
    MAX_QUANTITY,
    ChangeRequest,
    LineChange,
    NewLine,
    Order,
    OrderLine,
    PaymentState,
    RequestState,
    check_delivery,
    price_lines,
)
from core.domain.payment import paid_minor, payments_of, with_payments
from core.domain.phones import check_phone
from core.domain.pricing import Amounts, price
from core.domain.refund import by_tender, line_ids, returned
from core.domain.sale.business_day import CUT, business_day
from core.domain.service import Service, amended_service
from core.domain.status import CALLED_OFF, Fulfilment
from core.domain.tax_table import Terms
from core.domain.texts import check_no_card, is_blank
from core.instants import act_time, zone

_CONTENT: Final = (
    *("lines", "discount", "service", "fulfilment", "customer_name", "customer_phone", "address", "note"),
    *("subtotal_minor", "discount_minor", "service_minor", "tax_minor", "total_minor"),
)
"""What an amendment replaces of an order."""
_FOLLOWS: Final = (
    *("tax_date", "amendments", "changed", "change_request", "payment", "payments", "tender", "given_minor"),
)
"""What follows from that."""
GIVEN_BACK: Final = "Something of this line was given back, so it stays as it is. Add more of it as a new line."
DISCOUNT_STAYS: Final = "Something of it was given back, so its discount stays as it is. Refund a part of it."
SERVICE_STAYS: Final = "Something of it was given back, so its service charge stays as it is. Refund a part of it."
_NOT_ASKED: Final = ("discount", "service", "fulfilment", "customer_name", "customer_phone", "address")
"""What a customer cannot ask for."""


class DayEnded(IllegalMove):
    """The order is of an earlier business day."""

    def __init__(self) -> None:
        super().__init__("Its business day has ended. Refund what is wrong, and take a new order.", "version")


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """One amendment of an order."""

    version: int
    """The version of the order that it made."""
    at: datetime
    client_at: datetime | None = None
    reason: str = ""
    by: str = ""
    """Who did it; empty when shown to a customer."""
    approver: str = ""
    """Who allowed it, where their own role does not."""
    device: str = ""
    before: Order
    """The version that it replaced."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of an amendment, for whoever ordered."""

    at: datetime
    lines: tuple[LineChange, ...] = ()
    before_minor: int
    total_minor: int
    """What the order came to then."""


def changes_of(amendments: Sequence[Amendment], order: Order) -> tuple[Changed, ...]:
    """The changes of these amendments, which are all of the order."""
    later = [each.before for each in amendments[1:]]
    return tuple(
        Changed(
            at=each.at,
            lines=line_changes(each.before, after),
            before_minor=each.before.total_minor,
            total_minor=after.total_minor,
        )
        for each, after in zip(amendments, [*later, order], strict=True)
    )


def check_amendable(order: Order, at: datetime, time_zone: str) -> None:
    """Checks that the order may be opened again at `at`. `time_zone` is the shop's. Raises `IllegalMove`."""
    if order.status in CALLED_OFF:
        raise IllegalMove("It was called off. Take a new order.", "version")
    if order.payment is PaymentState.REFUNDED:
        raise IllegalMove("All of it was given back. Take a new order.", "version")
    if order.refunded_minor and not all(line.taxes for line in order.lines):
        # An earlier release kept its tax as one sum, of which nobody can say what was not given back.
        raise IllegalMove("A part of it was given back. Take a new order for what is added.", "version")
    where = zone(time_zone)
    if business_day(order.placed_at, where, CUT).business_date < business_day(at, where, CUT).business_date:
        raise DayEnded


def amended(order: Order, asked: AmendOrder, offer: Offer, at: datetime) -> Order:
    """The order as `asked` wants it; the very same object where nothing differs. `offer` prices new lines, and says how
    what is given back in cash is rounded.

    Raises `IllegalMove`, `InvalidOrder`, `ReasonRequired` and `CardNumber`.
    """
    terms = offer.terms
    check_amendable(order, act_time(asked.moved_at_client, at), terms.time_zone)
    if asked.answers:
        check_answerable(order, asked.answers)
    check_delivery(asked.fulfilment, asked.address)
    check_discount(asked.discount, "discount")
    if asked.discount != order.discount and _is_given_back(order):
        raise InvalidOrder(DISCOUNT_STAYS, "discount")
    phone = asked.customer_phone.strip()
    if phone and phone != order.customer_phone:
        phone = check_phone(phone, offer.country, "customer_phone")
    check_no_card(
        note=asked.note,
        address=asked.address,
        customer_name=asked.customer_name,
        customer_phone=phone,
        reason=asked.reason,
    )
    tax_date = order.tax_date or terms.tax_date(order.placed_at)
    lines = _lines(order, asked.lines, offer.items)
    terms = _terms(order, asked.lines, terms)
    amounts = repriced(order, lines, terms, asked.fulfilment, asked.discount, _service(order, asked, offer))
    after = msgspec.structs.replace(
        order,
        lines=amounts.lines,
        discount=asked.discount,
        fulfilment=asked.fulfilment,
        customer_name=asked.customer_name.strip(),
        customer_phone=phone,
        address=asked.address.strip(),
        note=asked.note.strip(),
        subtotal_minor=amounts.subtotal_minor,
        discount_minor=amounts.discount_minor,
        service=amounts.service,
        service_minor=amounts.service_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
    )
    if asked.answers:
        _check_granted(order, after, asked, offer)
    if all(getattr(after, name) == getattr(order, name) for name in _CONTENT):
        return order
    back_minor = max(0, paid_minor(order) - after.total_minor)
    if (back_minor or takes_off(order, after)) and is_blank(asked.reason) and not asked.answers:
        raise ReasonRequired("Say why it is changed.", "reason")
    after = msgspec.structs.replace(
        after,
        tax_date=tax_date,
        amendments=order.amendments + 1,
        changed=tuple(_changed(order, after)),
        change_request=answered(order, RequestState.ACCEPTED, at) if asked.answers else order.change_request,
        version=order.version + 1,
        updated_at=at,
    )
    paid = payments_of(order)
    if not paid:
        return after
    back = by_tender(order, back_minor, asked.tender)
    nothing_left = after.total_minor == order.refunded_minor
    added = offer.coins.amended_back(order, asked, back, empties=nothing_left)
    made = with_payments(after, tuple(returned(paid, back, added)))
    if nothing_left and order.refunded_minor:
        return msgspec.structs.replace(made, payment=PaymentState.REFUNDED)
    is_due = made.payment is PaymentState.UNPAID  # then the tender is the one by which the rest is to be paid
    return msgspec.structs.replace(made, tender=order.tender) if is_due else made


def check_answerable(order: Order, version: int) -> None:
    """Checks that this is the request that its customer waits for. Raises `IllegalMove`."""
    waits = order.open_request
    if waits is None:
        raise IllegalMove("Nobody waits for that any more.", "answers")
    if waits.version != version:
        raise IllegalMove("The customer has asked for something else meanwhile.", "answers")


def is_granted(before: Order, after: Order, request: ChangeRequest) -> bool:
    """Whether an amendment made of `before` what its customer has asked for, at the price that they were told, and
    nothing else."""
    had = {each: line.discount for each, line in zip(line_ids(before), before.lines, strict=True)}
    return (
        line_changes(before, after) == request.changes
        and (after.note, after.total_minor) == (request.note, request.total_minor)
        and all(getattr(after, name) == getattr(before, name) for name in _NOT_ASKED)
        and all(line.discount == had.get(line.id) for line in after.lines)
    )


def _check_granted(order: Order, after: Order, asked: AmendOrder, offer: Offer) -> None:
    """A till whose menu is another than that of the request cannot say what it comes to: the server does."""
    request, by_its_menu = order.open_request, asked.menu_version in (None, offer.menu_version)
    if request is not None and by_its_menu and not is_granted(order, after, request):
        words = "That is not what the customer has asked for. Decline it, or change the order itself and say why."
        raise IllegalMove(words, "answers")


def answered(order: Order, state: RequestState, at: datetime, reason: str = "") -> ChangeRequest | None:
    """The change request with its answer."""
    request = order.change_request
    return request and msgspec.structs.replace(request, state=state, answered_at=at, reason=reason)


def _terms(order: Order, asked: Sequence[AmendedLine], terms: Terms) -> Terms:
    """The terms that price the order: with its tax in its prices, or on top of them, as it was sold. Raises
    `InvalidOrder` for new lines where the menu says that otherwise now."""
    if not order.tax_minor or order.tax_included is terms.inclusive:
        return terms
    if any(not line.id for line in asked):
        words = "The shop has changed whether prices contain the tax. Take a new order for what is added."
        raise InvalidOrder(words, "lines")
    return msgspec.structs.replace(terms, inclusive=order.tax_included)


def repriced(
    order: Order,
    lines: Sequence[OrderLine],
    terms: Terms,
    fulfilment: Fulfilment,
    discount: Discount | None,
    service: Service | None,
) -> Amounts:
    """The amounts of an order with these lines. Lines with a refund stay as they were sold; the rest is priced by
    itself, by the date of the order, and by the rates that it was sold by. Raises `InvalidOrder`."""
    tax_date = order.tax_date or terms.tax_date(order.placed_at)
    kept = {line.id: line.taxes for line in order.lines if order.fulfilment is fulfilment}
    fixed, inclusive = [line for line in lines if line.is_given_back], terms.inclusive
    if not fixed:
        return price(lines, terms, fulfilment, tax_date, discount, kept, service)
    before = (order.fulfilment, order.discount, _rate(order.service), _priced_by(order.lines))
    if before == (fulfilment, discount, _rate(service), _priced_by(lines)):
        # Nothing is sold otherwise: the rest, priced by itself, could come to a unit more or less.
        return _amounts(lines, discount, service, inclusive=inclusive)
    rest = [line for line in lines if not line.is_given_back]
    left = discount
    if discount is not None and discount.amount_minor is not None:
        off_minor = discount.amount_minor - sum(line.order_discount_minor for line in fixed)
        left = msgspec.structs.replace(discount, amount_minor=off_minor) if off_minor > 0 else None
    new = price(rest, terms, fulfilment, tax_date, left, kept, service) if rest else Amounts()
    priced = iter(new.lines)
    whole = [line if line.is_given_back else next(priced) for line in lines]
    return _amounts(whole, discount, service, inclusive=inclusive)


def _amounts(
    lines: Sequence[OrderLine], discount: Discount | None, service: Service | None, *, inclusive: bool
) -> Amounts:
    """The sums of lines that are priced already."""
    subtotal_minor = sum(line.total_minor for line in lines)
    discount_minor = sum(line.discount_minor + line.order_discount_minor for line in lines)
    service_minor, tax_minor = sum(line.service_minor for line in lines), sum(line.tax_minor for line in lines)
    left_minor = subtotal_minor - discount_minor + service_minor
    return Amounts(
        tuple(lines),
        subtotal_minor,
        discount_minor,
        discount,
        tax_minor,
        left_minor + (0 if inclusive else tax_minor),
        service,
        service_minor,
    )


def _priced_by(lines: Iterable[OrderLine]) -> list[tuple[LineId, int, Discount | None]]:
    """The values that the amounts of sold lines depend on."""
    return [(line.id, line.quantity, line.discount) for line in lines]


def _is_given_back(order: Order) -> bool:
    return any(line.is_given_back for line in order.lines)


def _rate(service: Service | None) -> int:
    return service.rate if service is not None else 0


def _service(order: Order, asked: AmendOrder, offer: Offer) -> Service | None:
    is_moved = asked.fulfilment is not order.fulfilment
    if _is_given_back(order):
        if asked.service is not None and asked.service.rate != _rate(order.service):
            raise InvalidOrder(SERVICE_STAYS, "service")
        return order.service
    return amended_service(order.service, asked.service, offer.services, asked.fulfilment, is_moved=is_moved)


def overlaid(order: Order, made: Order) -> Order:
    """`order` with what an amendment made of it, as `made` has it."""
    content = {name: getattr(made, name) for name in (*_CONTENT, *_FOLLOWS)}
    return msgspec.structs.replace(order, **content, version=order.version + 1, updated_at=made.updated_at)


def difference_minor(before: Order, after: Order) -> int:
    """The amount that an amendment leaves to pay, in minor units; below zero, to give back."""
    return after.total_minor - paid_minor(before)


def _lines(order: Order, asked: Sequence[AmendedLine], items: Mapping[ItemId, MenuItem]) -> list[OrderLine]:
    """The lines, unpriced: those that stay as they were sold, then the new ones, at the menu's prices."""
    if len(asked) > MAX_LINES:
        raise InvalidOrder(f"An order has at most {MAX_LINES} lines.", "lines")
    known = dict(zip(line_ids(order), order.lines, strict=True))
    kept: dict[LineId, OrderLine] = {}
    for position, line in enumerate(asked):
        field = f"lines[{position}]"
        check_discount(line.discount, f"{field}.discount")
        if not line.id:
            continue
        if line.id not in known:
            raise InvalidOrder("The order has no such line.", f"{field}.id")
        if line.id in kept:
            raise InvalidOrder("A line is named twice.", f"{field}.id")
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise InvalidOrder(f"A quantity is between 1 and {MAX_QUANTITY}.", f"{field}.quantity")
        check_no_card(**{f"{field}.note": line.note})
        was = known[line.id]
        if was.is_given_back and (line.quantity, line.discount) != (was.quantity, was.discount):
            raise InvalidOrder(GIVEN_BACK, f"{field}.quantity")
        kept[line.id] = msgspec.structs.replace(
            was,
            id=line.id,
            quantity=line.quantity,
            total_minor=was.unit_price_minor * line.quantity,
            note=line.note.strip(),
            discount=line.discount,
        )
    if any(line.is_given_back and key not in kept for key, line in known.items()):
        raise InvalidOrder(GIVEN_BACK, "lines")
    new = [
        NewLine(
            item_id=line.item_id,
            quantity=line.quantity,
            modifier_ids=line.modifier_ids,
            note=line.note,
            discount=line.discount,
        )
        for line in asked
        if not line.id
    ]
    first = (order.amendments + 1) * MAX_LINES  # no position is used twice, whatever was removed
    added = price_lines(as_if_available(items), new, order.id, first) if new or not kept else ()
    return [*(kept[each] for each in known if each in kept), *added]


def takes_off(before: Order, after: Order) -> bool:
    """Whether there is less of a line than there was."""
    left = {line.id: line.quantity for line in after.lines}
    return any(left.get(each, 0) < line.quantity for each, line in zip(line_ids(before), before.lines, strict=True))


def line_changes(before: Order, after: Order) -> tuple[LineChange, ...]:
    """The differences between the lines of two versions."""
    return tuple(_changed(msgspec.structs.replace(before, changed=()), after))


def _changed(before: Order, after: Order) -> Iterator[LineChange]:
    """The differences from the order as it was when it came to its status."""
    known = {each.id: each for each in before.changed}
    then = dict(zip(line_ids(before), before.lines, strict=True))
    now = {line.id: line for line in after.lines}
    for each in dict.fromkeys((*then, *known, *now)):
        was, old, new = known.get(each), then.get(each), now.get(each)
        if was is not None and old is new is None:
            yield was
            continue
        shown = new or old
        assert shown is not None
        at_first = was.before if was is not None else old.quantity if old is not None else 0
        left = new.quantity if new is not None else 0
        noted = old is not None and new is not None and old.note != new.note
        noted = noted or (was is not None and was.before == was.now)
        if at_first != left or (noted and left):
            yield LineChange(each, shown.name, at_first, left, shown.modifiers, shown.note)
