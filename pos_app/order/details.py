"""One order with its history, while it is shown."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.order_store import Changes
from core.client.sync.search import KeptDetails
from core.domain.amendment import Amendment
from core.domain.change_request import RequestStep
from core.domain.ids import OrderId
from core.domain.order import Order, RequestState, StatusChange
from core.domain.payment import PaymentChange
from core.protocol import routes
from core.protocol.replies import OrderDetails
from core.ui.jobs import Job
from pos_app.context import PosContext
from pos_app.order.card import Card, Own

Change = StatusChange | PaymentChange | Amendment | RequestStep


class Details(QObject):
    """Follows the store; requests the history when it is opened and with every new version of the order."""

    changed = Signal()

    def __init__(
        self, context: PosContext, order: Order, own: Callable[[OrderId], Own], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self._own = own
        self.order = order
        self.history: tuple[Change, ...] = ()
        """The changes of the order and its payment, and what its customer asked for, oldest first."""
        self._accepted: set[int] = set()
        self.error: ClientError | None = None
        self._job: Job | None = None
        self._asked_version = 0
        self._unsubscribe = self._store.subscribe(self._on_store_changed)
        self._ask(order.version)

    @property
    def card(self) -> Card:
        return Card(self.order, self._own(self.order.id))

    @property
    def loading(self) -> bool:
        return self._job is not None

    def after(self, amendment: Amendment) -> Order:
        """The version that followed an amendment: the one before the next, or the order as it is."""
        amendments = (each for each in self.history if isinstance(each, Amendment))
        return next((each.before for each in amendments if each.version > amendment.version), self.order)

    def is_asked_for(self, amendment: Amendment) -> bool:
        """Whether it was the customer's wish."""
        return amendment.version in self._accepted

    @Slot()
    def retry(self) -> None:
        self._ask(self.order.version)

    @Slot()
    def close(self) -> None:
        """Stop following; no answer comes back."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._unsubscribe()

    def _ask(self, version: int) -> None:
        if self._job is not None:
            self._job.cancel()
        self.error = None
        self._asked_version = version
        self._job = self._jobs.ask(
            partial(self._api.call, routes.DETAILS(self.order.id)), self._on_details_read, self._on_failed
        )
        self.changed.emit()

    def _on_details_read(self, details: OrderDetails) -> None:
        self._job = None
        if isinstance(details, KeptDetails):
            self.error = details.why  # the known history stays
        else:
            accepted = RequestState.ACCEPTED
            asked = (each for each in details.requests if each.request.state is not accepted)
            found: tuple[Change, ...] = (*details.history, *details.payments, *details.amendments, *asked)
            self._accepted = {each.version for each in details.requests if each.request.state is accepted}
            self.history = tuple(sorted(found, key=lambda change: change.at))
        if details.order.version >= self.order.version:
            self.order = details.order
            self._asked_version = details.order.version
            self._store.put_unlisted((details.order,))
        self.changed.emit()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.error = error
        self.changed.emit()

    def _on_store_changed(self, changes: Changes) -> None:
        if self.order.id not in (*changes.added, *changes.updated):
            return
        self.order = self._store.get(self.order.id) or self.order
        row = self._store.server_row(self.order.id)
        if row is not None and row.version > self._asked_version:
            self._ask(row.version)
        else:
            self.changed.emit()
