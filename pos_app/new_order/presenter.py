"""Taking an order at the counter once: customer, fulfilment, payment."""

from functools import partial
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from typing_extensions import override

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.client.sync.engine import SyncStatus
from core.domain.commands import NewPayment, TakeOrder
from core.domain.ids import BasketId
from core.domain.order import PaymentState, Tender
from core.domain.people import Customer, Guest
from core.protocol import routes
from core.protocol.replies import CustomerList
from core.protocol.requests import CustomerQuery
from core.ui.jobs import Job, Jobs
from core.ui.ordering.checkout import Handover
from core.ui.ordering.placing import Placing

NO_BASKET: Final = BasketId("")
LOOK_UP_MS: Final = 250
_LEAST_SOUGHT: Final = 2
_LEAST_NUMBER: Final = 4
"""The least digits of a phone number that is looked up: parts of one find nobody."""


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """The customer of an order: a known one who was chosen, or the typed guest."""

    customer: Customer | None = None
    guest: Guest = Guest()


class TakeOrderPresenter(Placing[TakeOrder]):
    """By the prices of the till's menu, for a known customer or a walk-in."""

    customers_found = Signal(object)
    """The known customers, at most a few, that match the last text."""
    lookup_failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(
            jobs,
            partial(api.call, routes.MENU()),
            lambda op_id, request: api.call(routes.TAKE(body=request, op_id=op_id)),
            parent,
        )
        self._jobs = jobs
        self._api = api
        self._sought = ""
        self._lookup: Job | None = None
        self._unanswered = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(LOOK_UP_MS)
        self._pause.timeout.connect(self._on_typing_paused)

    # -- taking it

    def take(
        self, whom: Whom, handover: Handover, tender: Tender, payment: NewPayment | None, held: BasketId = NO_BASKET
    ) -> None:
        """`payment` is what is paid of it at once, None for nothing; `tender` how it is paid, or is likely to be;
        `held` the held basket that it is."""
        basket = self.ordering.basket.basket
        total_minor = basket.amounts().total_minor
        is_paid = payment is not None and payment.amount_minor == total_minor
        parts: tuple[NewPayment, ...] = ()
        if payment is not None:
            exact_minor = (payment.amount_minor or 0) + payment.tip_minor
            added_minor = self.ordering.coins.added_minor(tender, exact_minor)
            if not is_paid or payment.tip_minor or payment.reference or added_minor:
                parts = (msgspec.structs.replace(payment, rounding_minor=added_minor),)
        request = TakeOrder(
            lines=basket.wanted,
            fulfilment=handover.fulfilment,
            tender=tender,
            payment=PaymentState.PAID if is_paid else PaymentState.UNPAID,
            address=handover.address,
            note=handover.note,
            customer_id=whom.customer.id if whom.customer else None,
            customer_name="" if whom.customer else whom.guest.name,
            customer_phone="" if whom.customer else whom.guest.phone,
            menu_version=basket.menu_version,
            discount=basket.discount,
            service=basket.service,
            given_minor=payment.given_minor if payment is not None and is_paid and not payment.tip_minor else None,
            payments=parts,
            basket=held,
            follows=basket.follows,
        )
        self.send(handover, request)

    # -- for whom

    def look_up(self, typed: str) -> None:
        """Search known customers once typing pauses, by the phone number if there is one; only the last text is
        answered."""
        self.stop_looking()
        guest = Guest.of(typed)
        self._sought = guest.phone or guest.name
        is_number = not any(letter.isalpha() for letter in self._sought)
        if len(self._sought) < (_LEAST_NUMBER if is_number else _LEAST_SOUGHT):
            self.customers_found.emit(())
        else:
            self._pause.start()

    def stop_looking(self) -> None:
        """The page is hidden, or a customer was chosen: no timer and no answer from here on."""
        self._pause.stop()
        self._unanswered = False
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None

    @Slot()
    def _on_typing_paused(self) -> None:
        sought = self._sought
        self._unanswered = False
        self._lookup = self._jobs.ask(
            partial(self._api.call, routes.CUSTOMERS(query=CustomerQuery(q=sought))),
            self._on_found,
            self._on_lookup_failed,
        )

    def _on_found(self, found: CustomerList) -> None:
        self._lookup = None
        self.customers_found.emit(found.customers)

    @Slot(object)
    def set_sync_status(self, sync_status: SyncStatus) -> None:
        """Repeat a failed look-up once the server answers again."""
        if self._unanswered and sync_status.answering:
            self._on_typing_paused()

    def _on_lookup_failed(self, error: ClientError) -> None:
        self._lookup = None
        self._unanswered = True
        self.lookup_failed.emit(error)

    @override
    def clear(self) -> None:
        self.stop_looking()
        super().clear()
