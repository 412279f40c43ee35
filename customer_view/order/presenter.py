"""Placing a customer's basket once, with fulfilment and tender."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject

from core.client.sync.api import SyncedApi
from core.domain.commands import PlaceOrder
from core.domain.order import Tender
from core.domain.status import Fulfilment
from core.domain.tenders import ShopTender
from core.protocol import routes
from core.ui.jobs import Jobs
from core.ui.ordering.checkout import Handover
from core.ui.ordering.placing import Placing


def tenders(fulfilment: Fulfilment, usable: Sequence[ShopTender]) -> Sequence[Tender]:
    """A customer's tenders: cash at the counter or on delivery, a card anywhere, where the shop takes them; or else
    what it takes first."""
    cash = Tender.CASH_ON_DELIVERY if fulfilment is Fulfilment.DELIVERY else Tender.CASH
    ids = [each.id for each in usable]
    return [tender for tender in (cash, Tender.CARD) if tender in ids] or ids[:1] or [cash]


class PlaceOrderPresenter(Placing[PlaceOrder]):
    """Places the order at the price that the customer was shown."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(
            jobs,
            partial(api.call, routes.MENU()),
            lambda op_id, request: api.call(routes.PLACE(body=request, op_id=op_id)),
            parent,
        )

    def place(self, handover: Handover) -> None:
        basket = self.ordering.basket.basket
        request = PlaceOrder(
            lines=basket.wanted,
            fulfilment=handover.fulfilment,
            tender=handover.tender,
            address=handover.address,
            note=handover.note,
            expected_total_minor=basket.amounts().total_minor,
            service=basket.service,
        )
        self.send(handover, request)
