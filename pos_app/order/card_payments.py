"""Payments and refunds at this till's card terminal, for its windows."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.client.terminals.attempt import Attempt
from core.client.terminals.driver import ByHand, CardTerminal, Word
from core.domain.commands import AmendOrder, NewPayment, RefundOrder
from core.domain.ids import OpId, OrderId
from core.ui.jobs import Jobs


class CardPayments(QObject):
    """`terminal` None: none is connected, and a card is recorded as other tenders are."""

    changed = Signal(object)
    """An `Attempt`, as it is known now."""
    failed = Signal(object)
    """A `ClientError`: nothing was asked of the terminal."""
    found = Signal(object)
    """The `Attempt`s that are unknown or not booked."""

    def __init__(
        self, jobs: Jobs, api: SyncedApi, terminal: CardTerminal | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._terminal = terminal
        self.under_way = False
        """Whether the terminal is being waited for."""

    @property
    def is_there(self) -> bool:
        return self._terminal is not None

    def pay(self, order_id: OrderId, payment: NewPayment) -> None:
        self._run(lambda terminal: self._api.cards.pay(terminal, order_id, payment))

    def give_back(self, order_id: OrderId, amount_minor: int, refund: RefundOrder | None, reason: str) -> None:
        self._run(lambda terminal: self._api.cards.give_back(terminal, order_id, amount_minor, refund, reason))

    def amend(self, order_id: OrderId, amount_minor: int, request: AmendOrder) -> None:
        self._run(lambda terminal: self._api.cards.amend(terminal, order_id, amount_minor, request))

    def reverse(self, key: OpId) -> None:
        self._run(lambda terminal: self._api.cards.reverse(terminal, key))

    def ask(self, key: OpId) -> None:
        self._run(lambda terminal: self._api.cards.ask(terminal, key))

    def cancel(self, key: OpId) -> None:
        """Also while the terminal is being waited for."""
        self._run(lambda terminal: self._api.cards.cancel(terminal, key))

    def record(self, key: OpId, word: Word, reference: str) -> None:
        def record(terminal: CardTerminal) -> Attempt:
            return self._api.record_card(key, word, reference, has_line=not isinstance(terminal, ByHand))

        self._run(record)

    def look(self) -> None:
        """Find those that are unknown: after a start, and when somebody signs in."""
        self.under_way = False  # of somebody who has left
        if self.is_there:
            self._jobs.run(lambda: self._api.cards.open, self.found.emit, self.failed.emit)

    def _run(self, call: Callable[[CardTerminal], Attempt]) -> None:
        terminal = self._terminal
        if terminal is None:
            return
        self.under_way = True
        self._jobs.run(partial(call, terminal), self._on_done, self._on_failed)

    def _on_done(self, attempt: Attempt) -> None:
        self.under_way = False
        self.changed.emit(attempt)

    def _on_failed(self, error: ClientError) -> None:
        self.under_way = False
        self.failed.emit(error)
