"""A new order as the server will make it: what a window shows, and prints, before anybody has answered."""

from datetime import datetime

import msgspec

from core.client.errors import PRICE_CHANGED, PriceChanged, Refused
from core.domain.errors import DomainError
from core.domain.ids import CustomerId, ShopId
from core.domain.menu import Menu, as_if_available
from core.domain.money import totals
from core.domain.order import Channel, Order, PaymentState, Tender, check_delivery, price_lines
from core.domain.payment import check_first_payment
from core.domain.people import Person, Role
from core.domain.texts import check_no_card
from core.protocol.requests import PlaceOrder, TakeOrder

Request = PlaceOrder | TakeOrder


def foreseen(request: Request, person: Person, menu: Menu, at: datetime) -> tuple[Request, Order]:
    """What `person` asks for, at the prices of `menu`, the one known here: as it is sent, saying what it was told to
    cost, and as it will be. `request` has an id.

    Raises `Refused`, and `PriceChanged` when it says already what it was told to cost, and that is not so.
    """
    try:
        if isinstance(request, TakeOrder):
            check_first_payment(request.payment)
        check_delivery(request.fulfilment, request.address)
        check_no_card(note=request.note, address=request.address, customer_name=getattr(request, "customer_name", ""))
        items = as_if_available(menu.items()) if isinstance(request, TakeOrder) else menu.items()
        lines = price_lines(items, request.lines)
    except DomainError as error:
        raise Refused(error.message, field=error.field) from None
    amounts = totals([line.total_minor for line in lines], menu.tax)
    at_counter = isinstance(request, TakeOrder)
    is_customer = person.role is Role.CUSTOMER
    channel = Channel.COUNTER if at_counter else Channel.ONLINE
    assert request.id is not None
    order = Order(
        id=request.id,
        shop_id=ShopId(""),
        number=getattr(request, "number", ""),
        channel=channel,
        status=channel.first_status,
        version=1,
        fulfilment=request.fulfilment,
        tender=Tender(request.tender),
        payment=request.payment if isinstance(request, TakeOrder) else PaymentState.UNPAID,
        currency=menu.currency,
        subtotal_minor=amounts.subtotal_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
        placed_at=at,
        updated_at=at,
        customer_id=CustomerId(person.id) if is_customer else getattr(request, "customer_id", None),
        customer_name=person.name if is_customer else getattr(request, "customer_name", ""),
        customer_phone=person.phone if is_customer else "",
        address=request.address.strip(),
        note=request.note.strip(),
        lines=lines,
    )
    if isinstance(request, TakeOrder):
        return msgspec.structs.replace(request, menu_version=request.menu_version or menu.version), order
    if request.expected_total_minor not in (None, order.total_minor):
        raise PriceChanged(PRICE_CHANGED, order=order)
    return msgspec.structs.replace(request, expected_total_minor=order.total_minor), order
