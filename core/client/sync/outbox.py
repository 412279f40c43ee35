"""The outbox: operations that this machine has accepted. They are on its disk before a screen says so, and stay until
they are answered.

Operations of one order go in their order, one at a time; orders do not wait for each other. One that is held (parked or
in conflict) holds up its own order only.
"""

import heapq
import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

import msgspec

from core.client.operations import (
    Asked,
    Kind,
    Operation,
    Owner,
    State,
    cash_moved_minor,
    named_version,
    predict,
    without_lines,
)
from core.client.storage import operation_table
from core.client.storage.lease import Store
from core.domain.ids import OpId, OrderId
from core.domain.order import Channel, Order, Tender
from core.domain.payment import PaymentChange, money_of
from core.protocol.headers import Outcome

RIGHT_REFUSED: Final = "right refused"
"""Its person's role may not do it, and nobody has allowed it who may."""
NUMBER_REFUSED: Final = "number taken"
"""The outcome of a new order whose number the server refuses: another order has it, or its series cannot have come so
far. Two tills have one name, or a till's file was lost."""
NOT_OPENED: Final = "not opened"
"""The outcome of an operation that the server could not open: it was sealed to another server's key."""
ORDER_MISSING: Final = "order missing"
"""The outcome of a change to an order that the server does not have: its creator may yet send it again."""
KEPT_FOR: Final = timedelta(days=90)
"""How long an answered operation is kept, to be sent again to a server that is restored from a backup."""

_encode: Final = msgspec.json.Encoder().encode


class Counts(msgspec.Struct, frozen=True):
    """The numbers of one person's operations: waiting, parked, in conflict."""

    waiting: int = 0
    parked: int = 0
    conflicts: int = 0

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Self:
        """Counts unanswered `operations`."""
        states = [operation.state for operation in operations]
        parked, conflicts = states.count(State.PARKED), states.count(State.CONFLICT)
        return cls(len(states) - parked - conflicts, parked, conflicts)

    @property
    def held(self) -> int:
        """The number that need a person's decision."""
        return self.parked + self.conflicts

    @property
    def open(self) -> int:
        return self.waiting + self.held


class Outbox:
    """One person's operations at one shop. Operations of other persons are kept, but neither visible nor sent; those
    for other shops are kept, may be seen and discarded, and are not sent.

    Thread-safe. Every change is one transaction of the local store, or part of its caller's; the queues here are
    updated after its commit.
    """

    def __init__(self, store: Store, owner: Owner, shop_name: str = "") -> None:
        self.owner = owner
        self._shop_name = shop_name
        self.in_drawer: Collection[Tender] = (Tender.CASH,)
        """The tenders whose money lies in a drawer: whoever knows the shop's says."""
        self._store = store
        self._queues: dict[OrderId, deque[Operation]] = {}
        self._ready: deque[OrderId] = deque()
        self._later: list[tuple[float, OrderId]] = []
        self._last: set[OrderId] = set()
        """Those of which the next operation waits for all that were accepted before it."""
        self._sending: dict[OrderId, int] = {}
        """The orders with an operation being sent, and by which thread."""
        with store.transaction() as db:
            operation_table.adopt(db, owner)
            for operation in operation_table.open_ones(db, owner):
                self._queue(operation.order_id).append(operation)
        self._ready.extend(self._queues)

    # -- accepting

    def accept(  # noqa: PLR0913 (a record: one for each part of an operation)
        self,
        kind: Kind,
        op_id: OpId,
        order_id: OrderId,
        request: Asked,
        seen: Order,
        at: datetime,
        *,
        series: str = "",
        made: Order | None = None,
    ) -> Operation:
        """Store the operation: on the disk when this returns. The same `op_id` again changes nothing. `made`: see
        `Operation.made`.

        With a `series` the new order gets its next number, in the same transaction; the server numbers it when the
        series' last number is unknown.
        """
        with self._store.lock:
            known = self.find(op_id)
            if known is not None:
                return known
            with self._store.transaction(accepting=True) as db:
                if series:
                    number = operation_table.next_number(db, series)
                    request = msgspec.structs.replace(request, number=number)
                    seen = msgspec.structs.replace(seen, number=number)
                operation = Operation(
                    position=0,
                    op_id=op_id,
                    owner=self.owner,
                    shop_name=self._shop_name,
                    order_id=order_id,
                    kind=kind,
                    request=_encode(request),
                    seen=seen if kind.makes_order else without_lines(seen),
                    made=made,
                    created_at=at,
                )
                position = operation_table.insert(db, operation, cash_moved_minor(seen, operation, self.in_drawer))
                operation = msgspec.structs.replace(operation, position=position)
                self._store.after_commit(partial(self._append, operation))
            return operation

    def series_at(self, series: str, last: int) -> None:
        """The server's last number of this till's `series` is `last`. See `operation_table.series_at`."""
        with self._store.transaction() as db:
            operation_table.series_at(db, series, last)

    def numbers_seen(self, orders: Iterable[Order]) -> None:
        """The server has these orders, so their numbers are used."""
        with self._store.transaction() as db:
            for order in orders:
                if order.channel is Channel.COUNTER:
                    operation_table.number_seen(db, order.number)

    # -- sending

    def take(self, now_s: float) -> Operation | None:
        """The next operation to send, marked as being sent; None when nothing is due. `now_s` is by `core.clock`."""
        with self._store.lock:
            while self._later and self._later[0][0] <= now_s:
                self._ready.append(heapq.heappop(self._later)[1])
            while self._ready:
                order_id = self._ready.popleft()
                queue = self._queues.get(order_id)
                if queue and order_id not in self._sending and not (queue[0].held or queue[0].sealed):
                    if queue[0].kind is Kind.CLOSE_DRAWER and self._is_preceded(queue[0]):
                        self._last.add(order_id)
                        continue
                    self._sending[order_id] = threading.get_ident()
                    return queue[0]
            return None

    def _is_preceded(self, closing: Operation) -> bool:
        """Whether something that was accepted before a drawer's closing is yet to be sent: its report is to have it."""
        heads = (queue[0] for queue in self._queues.values() if queue)
        return any(head.position < closing.position and not (head.held or head.sealed) for head in heads)

    def due_in(self, now_s: float) -> float | None:
        """Seconds until `take` may have something; None when only a change here will give it something."""
        with self._store.lock:
            if self._ready:
                return 0.0
            return max(0.0, self._later[0][0] - now_s) if self._later else None

    def acknowledge(
        self, operation: Operation, outcome: Outcome, row: Order | None, at: datetime, number: str = ""
    ) -> None:
        """The server has answered: `row` is the order afterwards. Call it in the transaction that stores the row.
        `number` becomes `Operation.number`."""
        with self._store.transaction() as db:
            queue = self._queues[operation.order_id]
            following = self._rebased(queue[1], row) if len(queue) > 1 and row is not None else None
            operation_table.close(db, [operation.op_id], State.DONE, outcome, "", at)
            if number:
                operation_table.set_number_proof(db, operation.op_id, number)
            if following is not None:
                self._replace(following)
            self._store.after_commit(partial(self._remove, (operation,)))
            self._store.after_commit(partial(self._sent, operation.order_id))

    def hold(
        self,
        operation: Operation,
        state: State,
        problem: str,
        theirs: Order | None = None,
        outcome: str = "",
        payment: PaymentChange | None = None,
    ) -> None:
        """Park it, or mark its conflict, for a person to decide. Not when something before it has to be sent again
        first."""
        kept = msgspec.structs.replace(
            operation,
            state=state,
            outcome=outcome or ("conflict" if state is State.CONFLICT else "rejected"),
            problem=problem,
            theirs=theirs,
            payment=payment,
            failed_attempts=operation.failed_attempts + 1,
        )
        with self._store.transaction():
            if not self._yielded(operation):
                self._replace(kept)
            self._store.after_commit(partial(self._sent, operation.order_id))

    def send_on(self, operation: Operation, row: Order) -> None:
        """The order has changed without effect on the operation: send it on `row` instead, at once."""
        with self._store.transaction():
            if not self._yielded(operation):
                self._replace(
                    msgspec.structs.replace(
                        operation.on(row), state=State.WAITING, problem="", theirs=None, payment=None
                    )
                )
            self._store.after_commit(partial(self._sent, operation.order_id))

    def postpone(self, operation: Operation, until_s: float, problem: str = "") -> None:
        """Send it again at `until_s`. With a `problem` it was a failed attempt of the operation."""
        with self._store.lock:
            if self._yielded(operation):
                self._sent(operation.order_id)
                return
            try:
                if problem:
                    self._replace(
                        msgspec.structs.replace(
                            operation, failed_attempts=operation.failed_attempts + 1, problem=problem
                        )
                    )
            finally:  # a full disk must not hold it up once there is room
                self._sending.pop(operation.order_id, None)
                heapq.heappush(self._later, (until_s, operation.order_id))

    def let_go(self, operation: Operation) -> None:
        """This thread has finished with what it took. Where its result could not be stored, because of a full disk or a
        bug, it is sent again."""
        with self._store.lock:
            if self._sending.get(operation.order_id) == threading.get_ident():
                self._yielded(operation)
                self._sent(operation.order_id)

    def hurry(self) -> None:
        """Whatever was postponed is due now: the server is back, or somebody pressed Try now."""
        with self._store.lock:
            self._ready.extend(order_id for _until, order_id in self._later)
            self._later.clear()

    # -- operations that were sealed while their person was away

    def sealed(self) -> tuple[Operation, ...]:
        """Operations that the server has to open before they can be sent, in order of acceptance."""
        return tuple(each for each in self.open() if each.sealed and each.outcome != NOT_OPENED)

    def unseal(self, answers: Mapping[OpId, bytes | None]) -> None:
        """Store the operations that the server has opened. Those that it could not open (None) wait for a person."""
        with self._store.transaction() as db:
            for operation in self.open():
                if operation.op_id not in answers:
                    continue
                changed = self._unsealed(operation, answers[operation.op_id])
                if changed.sealed:
                    operation_table.rewrite(db, changed)
                else:
                    operation_table.unseal(db, changed)
                self._store.after_commit(partial(self._put, changed))
                self._store.after_commit(partial(self._ready.append, changed.order_id))

    @staticmethod
    def _unsealed(operation: Operation, content: bytes | None) -> Operation:
        if content is not None:
            return operation.opened(content)
        return msgspec.structs.replace(
            operation,
            state=State.PARKED,
            outcome=NOT_OPENED,
            problem="This server lacks the key that it was sealed to. Restore the shop from a backup, or give it up.",
        )

    # -- a person decides

    def retry(self, op_id: OpId, approval: str = "") -> Operation:
        """Send a held operation again: one in conflict on the current order; with the approval that it was refused for
        not having. Raises `KeyError`."""
        with self._store.transaction():
            operation = self._held(op_id)
            again = msgspec.structs.replace(
                operation, state=State.WAITING, problem="", theirs=None, payment=None, failed_attempts=0
            )
            if operation.theirs is not None:
                again = again.on(operation.theirs)
            if operation.outcome in (NOT_OPENED, RIGHT_REFUSED):
                again = msgspec.structs.replace(again, outcome="")
            if approval:
                again = again.approved(approval)
            self._replace(again)
            self._store.after_commit(partial(self._ready.append, operation.order_id))
            return again

    def renumber(self, op_id: OpId) -> Operation:
        """Give a new order, whose number the server refuses, the next one, and send it again. Nothing else ever changes
        a number: the customer knows it, and has to learn the new one. Raises `KeyError`."""
        with self._store.transaction(accepting=True) as db:
            operation = self._held(op_id)
            if operation.outcome != NUMBER_REFUSED:
                raise KeyError(op_id)
            again = msgspec.structs.replace(operation, state=State.WAITING, outcome="", problem="", failed_attempts=0)
            again = again.numbered(operation_table.next_number(db, operation.seen.number.rpartition("-")[0]))
            self._replace(again)
            self._store.after_commit(partial(self._ready.append, operation.order_id))
            return again

    def discard(self, op_id: OpId, reason: str, at: datetime) -> tuple[Operation, ...]:
        """Discard a held operation, or one for another shop, with a reason. With a new order all its operations are
        discarded.

        Returns what was discarded; it stays in the file for 90 days. Raises `KeyError`.
        """
        with self._store.lock:
            if gone := self._discard_elsewhere(op_id, reason, at):
                return gone
            operation = self._held(op_id)
            queue = self._queues[operation.order_id]
            gone = tuple(queue) if operation.kind.makes_order else (operation,)
            with self._store.transaction() as db:
                op_ids = [each.op_id for each in gone]
                operation_table.close(db, op_ids, State.DISCARDED, "discarded", reason, at)
                self._store.after_commit(partial(self._remove, gone))
                if operation.order_id not in self._sending:
                    self._store.after_commit(partial(self._sent, operation.order_id))
            return gone

    def _discard_elsewhere(self, op_id: OpId, reason: str, at: datetime) -> tuple[Operation, ...]:
        kept = {each.op_id: each for each in self.elsewhere()}
        if (operation := kept.get(op_id)) is None:
            return ()
        order_id = operation.order_id if operation.kind.makes_order else None
        gone = tuple(each for each in kept.values() if each.op_id == op_id or each.order_id == order_id)
        with self._store.transaction() as db:
            operation_table.close(db, [each.op_id for each in gone], State.DISCARDED, "discarded", reason, at)
        return gone

    def reconsider(self, discarded: Operation, row: Order | None) -> None:
        """Check the operations behind a `discarded` one, which were meant for the order that it would have made. `row`
        is the current order: where it is equivalent they continue; otherwise they are in conflict."""
        with self._store.lock:
            queue = self._queues.get(discarded.order_id)
            if not queue or row is None or queue[0].held or queue[0].sealed:
                return
            if queue[0].position < discarded.position:
                return
            if not _comes_to_the_same(queue[0].seen, row):
                self.hold(queue[0], State.CONFLICT, "What it was to follow was discarded.", row)
            elif (rebased := self._rebased(queue[0], row)) is not None:
                self._replace(rebased)

    # -- after the server has lost something

    def send_again(self) -> int:
        """Make every kept acknowledged operation wait again, before newer ones.

        Idempotency makes that harmless where the server still has it. Returns their number.
        """
        with self._store.transaction() as db:
            done = operation_table.reopen(db, self.owner)
            self._store.after_commit(partial(self._reopen, done))
            return len(done)

    def reached(self, row: Order) -> None:
        """The server's order is now `row`. An operation that was too early for it, because others had not yet sent
        theirs again, may fit now."""
        with self._store.lock:
            queue = self._queues.get(row.id)
            if not queue or row.id in self._sending or queue[0].sealed:
                return
            head = queue[0]
            if head.held:
                named = named_version(head.asked)
                if head.state is State.CONFLICT:
                    fits = named == row.version and _comes_to_the_same(head.seen, row)
                else:  # only the server knows what became of a missing order
                    fits = head.outcome == ORDER_MISSING and (named is None or named <= row.version)
                if not fits:
                    return
                with self._store.transaction():
                    self._replace(
                        msgspec.structs.replace(
                            head,
                            state=State.WAITING,
                            outcome="",
                            problem="",
                            theirs=None,
                            payment=None,
                            failed_attempts=0,
                        )
                    )
                    self._store.after_commit(partial(self._ready.append, row.id))
            else:
                self._ready.append(row.id)

    def forget_before(self, at: datetime) -> None:
        """Delete what was answered before `at`, by the server's clock: ours may be wrong."""
        with self._store.transaction() as db:
            operation_table.forget_before(db, at)

    def last_done_s(self) -> float:
        """When the last accepted answered operation was answered, seconds since 1970; 0 for none."""
        with self._store.reading() as db:
            return operation_table.last_done_s(db)

    # -- reading

    def find(self, op_id: OpId) -> Operation | None:
        """One of this person's operations, in any state."""
        with self._store.reading() as db:
            return operation_table.find(db, self.owner, op_id)

    def open(self) -> tuple[Operation, ...]:
        """The unanswered operations, in order of acceptance."""
        with self._store.lock:
            found = [each for queue in self._queues.values() for each in queue]
            under_way = {self._queues[order_id][0].op_id for order_id in self._sending}
        return tuple(
            msgspec.structs.replace(each, state=State.SENDING) if each.op_id in under_way else each
            for each in sorted(found, key=lambda operation: operation.position)
        )

    def elsewhere(self) -> tuple[Operation, ...]:
        """Operations accepted here for other shops, by anybody."""
        return operation_table.elsewhere(self._store, self.owner.shop) if self.owner.shop else ()

    def of(self, order_id: OrderId) -> tuple[Operation, ...]:
        """The unanswered operations of one order."""
        with self._store.lock:
            return tuple(self._queues.get(order_id, ()))

    def orders(self) -> tuple[OrderId, ...]:
        with self._store.lock:
            return tuple(self._queues)

    def counts(self) -> Counts:
        with self._store.lock:
            return Counts.of(each for queue in self._queues.values() for each in queue)

    def cash_minor(self, drawer: str) -> int:
        """See `operation_table.cash_of`."""
        with self._store.reading() as db:
            return operation_table.cash_of(db, drawer)

    def shown(self, order_id: OrderId, row: Order | None) -> Order | None:
        """The server's `row` with waiting operations on top. Held ones, and those behind them, are not applied."""
        shown = row
        for operation in self.of(order_id):
            if (operation.sealed and not operation.held) or (operation.held and not operation.kind.makes_order):
                break
            shown = predict(shown, operation)
        return shown

    # -- inside

    def _queue(self, order_id: OrderId) -> deque[Operation]:
        return self._queues.setdefault(order_id, deque())

    def _held(self, op_id: OpId) -> Operation:
        """The held operation. It is the first of its order, unless operations before it are sent again."""
        for queue in self._queues.values():
            for each in queue:
                if each.op_id == op_id and each.held:
                    return each
        raise KeyError(op_id)

    def _sent(self, order_id: OrderId) -> None:
        self._sending.pop(order_id, None)
        self._ready.extend(self._last)
        self._last.clear()
        if self._queues.get(order_id):
            self._ready.append(order_id)
        else:
            self._queues.pop(order_id, None)

    def _yielded(self, operation: Operation) -> bool:
        """Whether operations were queued before `operation` while it was being sent (`send_again`). They go first, and
        its failure does not count."""
        queue = self._queues[operation.order_id]
        if all(operation.position <= each.position for each in queue):
            return False
        self._queues[operation.order_id] = deque(sorted(queue, key=lambda each: each.position))
        return True

    def _replace(self, operation: Operation) -> None:
        with self._store.transaction() as db:
            operation_table.rewrite(db, operation)
            self._store.after_commit(partial(self._put, operation))

    # -- state in memory: changed after a commit only

    def _append(self, operation: Operation) -> None:
        queue = self._queue(operation.order_id)
        queue.append(operation)
        if len(queue) == 1:
            self._ready.append(operation.order_id)

    def _put(self, operation: Operation) -> None:
        queue = self._queues[operation.order_id]
        self._queues[operation.order_id] = deque(operation if each.op_id == operation.op_id else each for each in queue)

    def _remove(self, gone: Iterable[Operation]) -> None:
        op_ids = {each.op_id for each in gone}
        for order_id in {each.order_id for each in gone}:
            self._queues[order_id] = deque(each for each in self._queues[order_id] if each.op_id not in op_ids)

    def _reopen(self, done: Iterable[Operation]) -> None:
        for operation in done:
            self._queue(operation.order_id).append(operation)
        for order_id in dict.fromkeys(operation.order_id for operation in done):  # as they were accepted
            queue = self._queues[order_id]
            # An operation under way is answered first: it stays where `acknowledge` expects it.
            head = [queue.popleft()] if order_id in self._sending else []
            self._queues[order_id] = deque(head + sorted(queue, key=lambda each: each.position))
            self._ready.append(order_id)

    # -- what follows from an answer

    def _rebased(self, following: Operation, row: Order) -> Operation | None:
        """The next operation, if the one before ended at another version than predicted but with the intended
        status."""
        named = named_version(following.asked)
        if named in (None, row.version) or not _comes_to_the_same(following.seen, row):
            return None
        return following.on(row)


def _comes_to_the_same(seen: Order, row: Order) -> bool:
    """Whether a change that was meant for `seen` is valid for `row` too."""
    same_content = seen.amendments == row.amendments
    return seen.status is row.status and same_content and money_of(seen) == money_of(row)
