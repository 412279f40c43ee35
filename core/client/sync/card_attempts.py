"""Payments and refunds at a card terminal (ADR 69): each is on this machine's disk before the terminal is asked, is
asked about after silence and never repeated, and is booked once the terminal says that it is done.

Its key is the operation's, so that a window that was killed anywhere books it once.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from core.client.errors import ClientError, Conflict, NoRight, NotFound, Refused
from core.client.http.api import SessionApi
from core.client.storage import attempt_table
from core.client.storage.lease import Store
from core.client.sync.outbox import Outbox
from core.client.sync.own_rights import OwnRights
from core.client.terminals.attempt import Attempt
from core.client.terminals.driver import CardTerminal, Silence, TerminalReply, Word
from core.domain.acts import Act
from core.domain.commands import AmendOrder, ChangePayment, NewPayment, RefundOrder, TakePayment
from core.domain.errors import DomainError
from core.domain.ids import OpId, OrderId, ShopId, new_op_id
from core.domain.order import Order, PaymentState
from core.domain.payment import check_take, needed_minor
from core.domain.refund import refunded
from core.protocol import routes
from core.protocol.route import Request

_ASKS: Final = 3
"""How often it is asked by itself after silence; then a person says when."""


class CardAttempts:
    """The attempts of one session's POS. Calls block as long as the terminal does; they raise `ClientError`."""

    def __init__(
        self,
        api: SessionApi,
        store: Store,
        outbox: Outbox,
        row: Callable[[OrderId], Order],
        call: Callable[[Request[Any]], Any],
        rights: OwnRights,
        predict: Callable[[OrderId, AmendOrder], tuple[Order, Order]],
    ) -> None:
        self._api = api
        self._store = store
        self._outbox = outbox
        self._row = row
        self._call = call
        self._rights = rights
        self._predict = predict

    @property
    def open(self) -> tuple[Attempt, ...]:
        """The attempts with an unknown result, and those done and not booked. None is ever dropped."""
        with self._store.reading() as db:
            return attempt_table.open_ones(db, self._shop)

    def pay(self, terminal: CardTerminal, order_id: OrderId, payment: NewPayment) -> Attempt:
        """Have the terminal charge this payment of the order."""
        row = self._row(order_id)
        try:
            check_take(row, payment)
        except DomainError as error:
            raise Conflict(error.message, order=row) from None
        amount_minor = needed_minor(row, payment)
        payment = msgspec.structs.replace(payment, amount_minor=amount_minor - payment.tip_minor)
        attempt = self._begin(row, amount_minor, payment=payment)
        return self._send(terminal, attempt, lambda: terminal.start(attempt.key, amount_minor, row.currency))

    def give_back(
        self, terminal: CardTerminal, order_id: OrderId, amount_minor: int, refund: RefundOrder | None, reason: str
    ) -> Attempt:
        """Have the terminal give back this amount, the card's part of a refund."""
        row = self._row(order_id)
        asked = refund or ChangePayment(payment=PaymentState.REFUNDED, version=row.version, reason=reason)
        self._rights.check(asked, row, refunded(row, refund), op_id=OpId(""), about=row.id)
        attempt = self._begin(row, amount_minor, refund=refund, reason=reason)
        return self._send(terminal, attempt, lambda: terminal.refund(attempt.key, amount_minor, row.currency))

    def amend(self, terminal: CardTerminal, order_id: OrderId, amount_minor: int, asked: AmendOrder) -> Attempt:
        """Have the terminal give back this amount, the card's part of what a change of the order gives back."""
        row, after = self._predict(order_id, asked)
        self._rights.check(asked, row, after, op_id=OpId(""), about=row.id)
        attempt = self._begin(row, amount_minor, amend=asked, amendments=row.amendments)
        return self._send(terminal, attempt, lambda: terminal.refund(attempt.key, amount_minor, row.currency))

    def reverse(self, terminal: CardTerminal, key: OpId) -> Attempt:
        """Give back a payment that the terminal made and that could not be booked."""
        wrong = self._get(key)
        if wrong.ended or wrong.word is not Word.DONE or wrong.gives_back:
            raise Refused("There is nothing to give back.")
        again = next((each for each in self.open if each.reverses == key), None)
        if again is not None:
            return self.ask(terminal, again.key)
        attempt = self._begin(self._row(wrong.order_id), wrong.amount_minor, reverses=key)
        amount_minor, currency = wrong.amount_minor, wrong.currency
        return self._send(terminal, attempt, lambda: terminal.refund(attempt.key, amount_minor, currency))

    def ask(self, terminal: CardTerminal, key: OpId) -> Attempt:
        """Ask the terminal what became of an attempt, and book it where it is done."""
        attempt = self._get(key)
        return self._book(attempt) if attempt.word.is_last else self._ask_until_known(terminal, attempt, 1)

    def cancel(self, terminal: CardTerminal, key: OpId) -> Attempt:
        """Ask the terminal to give up; it may have been faster."""
        attempt = self._get(key)
        if attempt.word.is_last:
            return self._book(attempt)
        try:
            return self._keep_word(attempt, terminal.cancel(key))
        except Silence:
            return attempt

    def record(
        self, key: OpId, word: Word, reference: str = "", *, has_line: bool = False, approval: str = ""
    ) -> Attempt:
        """Record a result that somebody read at a terminal that has no line or does not answer. For
        one that could have said it itself (`has_line`) a right is needed: raises `NoRight` without an `approval`."""
        attempt = self._get(key)
        if has_line and not approval:
            self._rights.check_act(Act.RECORD_CARD, op_id=key, about=attempt.order_id)
        attempt = msgspec.structs.replace(attempt, by_hand=has_line, approval=approval)
        return self._keep_word(attempt, TerminalReply(word, reference.strip()))

    # -- inside

    @property
    def _shop(self) -> ShopId:
        return ShopId(self._outbox.owner.shop)

    def _begin(self, row: Order, amount_minor: int, **more: Any) -> Attempt:
        """Keep a new attempt, before the terminal hears of it. One at a time: there is one terminal."""
        attempt = Attempt(
            key=new_op_id(),
            order_id=row.id,
            number=row.number,
            amount_minor=amount_minor,
            currency=row.currency,
            at=self._api.client.server_now(),
            **more,
        )
        with self._store.transaction(accepting=True) as db:
            for other in attempt_table.open_ones(db, self._shop):
                if other.key != attempt.reverses:
                    raise Conflict("What became of a card is not known. Ask about that first.", order=row)
            attempt_table.keep(db, self._shop, attempt)
        return attempt

    def _send(self, terminal: CardTerminal, attempt: Attempt, say: Callable[[], TerminalReply]) -> Attempt:
        try:
            said = say()
        except Silence:
            return self._ask_until_known(terminal, attempt, _ASKS)
        return self._keep_word(attempt, said)

    def _ask_until_known(self, terminal: CardTerminal, attempt: Attempt, times: int) -> Attempt:
        for _ in range(times):
            try:
                said = terminal.ask(attempt.key)
                if said.word is Word.UNHEARD:  # what was sent may still arrive: it is to be refused then
                    said = terminal.cancel(attempt.key)
            except Silence:
                continue
            return self._keep_word(attempt, said)
        return self._get(attempt.key)

    def _keep_word(self, attempt: Attempt, said: TerminalReply) -> Attempt:
        """Keep the terminal's word; its first last one stays."""
        with self._store.transaction(accepting=True) as db:
            held = attempt_table.get(db, attempt.key) or attempt
            if held.is_unknown and said.word.is_last:
                held = msgspec.structs.replace(
                    attempt, word=said.word, reference=said.reference, ended=held.ended, problem=held.problem
                )
                attempt_table.keep(db, self._shop, held)
        return self._book(held)

    def _book(self, attempt: Attempt) -> Attempt:
        """Accept the operation of one that is done, once, and end it. One that is refused stays open, and says why."""
        if attempt.is_unknown or attempt.ended:
            return attempt
        problem = ""
        if attempt.word is Word.DONE and attempt.reverses is None and not self._is_booked(attempt.key):
            try:
                self._call(self._request(attempt))
            except ClientError as error:
                if not isinstance(error, Refused | Conflict | NotFound | NoRight):
                    raise
                problem = error.message
        done = msgspec.structs.replace(attempt, ended=not problem, problem=problem)
        with self._store.transaction(accepting=True) as db:
            attempt_table.keep(db, self._shop, done)
            wrong = attempt_table.get(db, attempt.reverses) if attempt.reverses is not None else None
            if wrong is not None and attempt.word is Word.DONE:
                attempt_table.keep(db, self._shop, msgspec.structs.replace(wrong, ended=True))
        return done

    def _request(self, attempt: Attempt) -> Request[Order]:
        row = self._row(attempt.order_id)
        version = row.version
        if attempt.amend is not None:
            # It says what the whole order is to be: what it has not seen is not undone by it.
            same = row.amendments == attempt.amendments
            amend = msgspec.structs.replace(attempt.amend, version=version) if same else attempt.amend
            return routes.AMEND(attempt.order_id, body=amend, op_id=attempt.key)
        if attempt.payment is not None:
            paid = msgspec.structs.replace(attempt.payment, reference=attempt.reference or attempt.payment.reference)
            by_hand, approval = attempt.by_hand, attempt.approval
            asked = TakePayment(**msgspec.structs.asdict(paid), version=version, by_hand=by_hand, approval=approval)
            return routes.TAKE_PAYMENT(attempt.order_id, body=asked, op_id=attempt.key)
        if attempt.refund is not None:
            refund = msgspec.structs.replace(attempt.refund, version=version)
            return routes.REFUND(attempt.order_id, body=refund, op_id=attempt.key)
        whole = ChangePayment(payment=PaymentState.REFUNDED, version=version, reason=attempt.reason)
        return routes.CHANGE_PAYMENT(attempt.order_id, body=whole, op_id=attempt.key)

    def _get(self, key: OpId) -> Attempt:
        with self._store.reading() as db:
            attempt = attempt_table.get(db, key)
        if attempt is None:
            raise NotFound("There is no such attempt.")
        return attempt

    def _is_booked(self, key: OpId) -> bool:
        """Whether anybody's operation books it: a window may have been killed before it knew."""
        with self._store.reading() as db:
            return attempt_table.is_booked(db, key)
