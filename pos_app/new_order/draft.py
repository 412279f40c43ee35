"""The order that a basket would be, as its payment is asked for before it is placed."""

from core.domain.ids import OrderId, ShopId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.status import Fulfilment
from core.instants import now
from core.ui.ordering.basket import Basket


def draft(basket: Basket) -> Order:
    """It has no number yet, and is unpaid. A delivery is paid at the door, unless it is paid now."""
    amounts, at = basket.amounts(), now()
    return Order(
        id=OrderId(""),
        shop_id=ShopId(""),
        number="",
        channel=Channel.COUNTER,
        status=Channel.COUNTER.first_status,
        version=1,
        fulfilment=basket.fulfilment,
        tender=Tender.CASH_ON_DELIVERY if basket.fulfilment is Fulfilment.DELIVERY else Tender.CASH,
        payment=PaymentState.UNPAID,
        currency=basket.currency,
        subtotal_minor=amounts.subtotal_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
        placed_at=at,
        updated_at=at,
        discount=amounts.discount,
        discount_minor=amounts.discount_minor,
        service=amounts.service,
        service_minor=amounts.service_minor,
        lines=amounts.lines,
    )
