"""Operations that this machine has accepted: on its disk before a screen says so, and there until they are answered.

Operations of one order go in their order, one at a time; orders do not wait for each other. One that is held (parked
or in conflict) holds up its own order only.
"""

import heapq
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

import msgspec

from core.client.storage.lease import Store
from core.client.sync import operation_table
from core.client.sync.operations import Kind, Operation, Owner, State, named_version, predict, without_lines
from core.domain.commands import Command
from core.domain.ids import OpId, OrderId
from core.domain.order import Channel, Order
from core.domain.payment import PaymentChange
from core.protocol.headers import Outcome

NUMBER_REFUSED: Final = "number taken"
"""The outcome of a new order whose number the server does not take: another order has it, or its series cannot have
come so far. Two tills under one name, or a till's file that was lost."""
NOT_OPENED: Final = "not opened"
"""The outcome of an operation that the server could not open: it was sealed to the key that another server has."""
ORDER_MISSING: Final = "order missing"
"""The outcome of a change to an order that the server does not have: whoever made that order may yet send it again."""
KEPT_FOR: Final = timedelta(days=90)
"""How long an answered operation is remembered: a server restored from a backup is told of it again."""

_encode: Final = msgspec.json.Encoder().encode


class Counts(msgspec.Struct, frozen=True):
    """Operations of one person: on their way, parked, in conflict."""

    waiting: int = 0
    parked: int = 0
    conflicts: int = 0

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Self:
        """Counts `operations`, none of which is answered yet."""
        states = [operation.state for operation in operations]
        parked, conflicts = states.count(State.PARKED), states.count(State.CONFLICT)
        return cls(len(states) - parked - conflicts, parked, conflicts)

    @property
    def held(self) -> int:
        """Those that a person has to decide about."""
        return self.parked + self.conflicts

    @property
    def open(self) -> int:
        return self.waiting + self.held


class Outbox:
    """One person's operations at one shop. What was accepted under another's name is kept and neither seen nor sent;
    what was accepted for another shop is kept, may be seen and given up, and is not sent.

    Safe to use from several threads. Every change is one transaction of the local store, or part of its caller's; the
    queues here follow when it is committed.
    """

    def __init__(self, store: Store, owner: Owner, shop_name: str = "") -> None:
        self.owner = owner
        self._shop_name = shop_name
        self._store = store
        self._queues: dict[OrderId, deque[Operation]] = {}
        self._ready: deque[OrderId] = deque()
        self._later: list[tuple[float, OrderId]] = []
        self._sending: dict[OrderId, int] = {}
        """The orders of which something is being sent, and by which thread."""
        with store.transaction() as db:
            operation_table.adopt(db, owner)
            for operation in operation_table.open_ones(db, owner):
                self._queue(operation.order_id).append(operation)
        self._ready.extend(self._queues)

    # -- accepting

    def accept(
        self,
        kind: Kind,
        op_id: OpId,
        order_id: OrderId,
        request: Command,
        seen: Order,
        at: datetime,
        *,
        series: str = "",
    ) -> Operation:
        """Take the operation in. It is on the disk when this returns. The same `op_id` again changes nothing.

        With a `series` the new order gets the next number of it, in the same transaction; the server numbers it when
        it has not yet told how far the series has come.
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
                    created_at=at,
                )
                operation = msgspec.structs.replace(operation, position=operation_table.insert(db, operation))
                self._store.after_commit(partial(self._append, operation))
            return operation

    def series_at(self, series: str, last: int) -> None:
        """The server says that this till's `series` has come to number `last`. See `ledger.series_at`."""
        with self._store.transaction() as db:
            operation_table.series_at(db, series, last)

    def numbers_seen(self, orders: Iterable[Order]) -> None:
        """The server has these orders. Nobody is to be given their numbers again."""
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
                    self._sending[order_id] = threading.get_ident()
                    return queue[0]
            return None

    def due_in(self, now_s: float) -> float | None:
        """Seconds until `take` may have something; None when only a change of ours will give it something."""
        with self._store.lock:
            if self._ready:
                return 0.0
            return max(0.0, self._later[0][0] - now_s) if self._later else None

    def acknowledge(
        self, operation: Operation, outcome: Outcome, row: Order | None, at: datetime, number: str = ""
    ) -> None:
        """The server has answered: `row` is the order as it left it. Call it in the transaction that keeps the row.
        `number` is `Operation.number` from now on."""
        with self._store.transaction() as db:
            queue = self._queues[operation.order_id]
            following = self._told_of(queue[1], row) if len(queue) > 1 and row is not None else None
            operation_table.close(db, [operation.op_id], State.DONE, outcome, "", at)
            if number:
                operation_table.told(db, operation.op_id, number)
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
        """Park it, or show its conflict: a person decides. Not when something before it has to be sent again first."""
        kept = msgspec.structs.replace(
            operation,
            state=state,
            outcome=outcome or ("conflict" if state is State.CONFLICT else "rejected"),
            problem=problem,
            theirs=theirs,
            payment=payment,
            tries=operation.tries + 1,
        )
        with self._store.transaction():
            if not self._stood_aside(operation):
                self._replace(kept)
            self._store.after_commit(partial(self._sent, operation.order_id))

    def send_on(self, operation: Operation, row: Order) -> None:
        """The order has moved on in a way that does not matter: send it on `row` instead, at once."""
        with self._store.transaction():
            if not self._stood_aside(operation):
                self._replace(
                    msgspec.structs.replace(
                        operation.on(row), state=State.WAITING, problem="", theirs=None, payment=None
                    )
                )
            self._store.after_commit(partial(self._sent, operation.order_id))

    def postpone(self, operation: Operation, until_s: float, problem: str = "") -> None:
        """Send it again at `until_s`. With a `problem` it was the operation that failed, and the try counts."""
        with self._store.lock:
            if self._stood_aside(operation):
                self._sent(operation.order_id)
                return
            try:
                if problem:
                    self._replace(msgspec.structs.replace(operation, tries=operation.tries + 1, problem=problem))
            finally:  # a disk that takes nothing holds up nothing once it does
                self._sending.pop(operation.order_id, None)
                heapq.heappush(self._later, (until_s, operation.order_id))

    def let_go(self, operation: Operation) -> None:
        """This thread does nothing more with what it took. Where it could not keep what became of it, because of a full
        disk or a mistake, it is sent again."""
        with self._store.lock:
            if self._sending.get(operation.order_id) == threading.get_ident():
                self._stood_aside(operation)
                self._sent(operation.order_id)

    def hurry(self) -> None:
        """Whatever was postponed is due now: the server is there again, or somebody pressed Try now."""
        with self._store.lock:
            self._ready.extend(order_id for _until, order_id in self._later)
            self._later.clear()

    # -- what was sealed while its person was away

    def sealed(self) -> tuple[Operation, ...]:
        """What the server is to open before it can be sent, in the order it was accepted."""
        return tuple(each for each in self.open() if each.sealed and each.outcome != NOT_OPENED)

    def unseal(self, answers: Mapping[OpId, bytes | None]) -> None:
        """What the server has opened can be sent, or decided about, from now on. What it could not open (None) waits
        for a person."""
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

    def retry(self, op_id: OpId) -> Operation:
        """Send a held operation again: one in conflict on the order as it is now. Raises `KeyError`."""
        with self._store.transaction():
            operation = self._held(op_id)
            again = msgspec.structs.replace(
                operation, state=State.WAITING, problem="", theirs=None, payment=None, tries=0
            )
            if operation.theirs is not None:
                again = again.on(operation.theirs)
            if operation.outcome == NOT_OPENED:
                again = msgspec.structs.replace(again, outcome="")
            self._replace(again)
            self._store.after_commit(partial(self._ready.append, operation.order_id))
            return again

    def renumber(self, op_id: OpId) -> Operation:
        """Give a new order, whose number the server does not take, the next one, and send it again. Nothing else ever
        changes a number: somebody was told it, and is to be told the new one. Raises `KeyError`."""
        with self._store.transaction(accepting=True) as db:
            operation = self._held(op_id)
            if operation.outcome != NUMBER_REFUSED:
                raise KeyError(op_id)
            again = msgspec.structs.replace(operation, state=State.WAITING, outcome="", problem="", tries=0)
            again = again.numbered(operation_table.next_number(db, operation.seen.number.rpartition("-")[0]))
            self._replace(again)
            self._store.after_commit(partial(self._ready.append, operation.order_id))
            return again

    def discard(self, op_id: OpId, reason: str, at: datetime) -> tuple[Operation, ...]:
        """Give a held operation up, or one for another shop, and say why. With a new order everything that was to
        happen to it goes too.

        Gives what was discarded; it stays in the file for 90 days. Raises `KeyError`.
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
        """What comes first now, and came after, was meant for an order that what was discarded would have changed.
        `row` is the order as it is: where it comes to the same, go on from there; where it does not, ask."""
        with self._store.lock:
            queue = self._queues.get(discarded.order_id)
            if not queue or row is None or queue[0].held or queue[0].sealed:
                return
            if queue[0].position < discarded.position:
                return
            if not _comes_to_the_same(queue[0].seen, row):
                self.hold(queue[0], State.CONFLICT, "What it was to follow was discarded.", row)
            elif (told := self._told_of(queue[0], row)) is not None:
                self._replace(told)

    # -- after the server has lost something

    def send_again(self) -> int:
        """Everything acknowledged that is still remembered waits to be sent once more, before what is newer.

        Idempotency makes that harmless where the server still has it. Gives how many.
        """
        with self._store.transaction() as db:
            done = operation_table.reopen(db, self.owner)
            self._store.after_commit(partial(self._reopen, done))
            return len(done)

    def reached(self, row: Order) -> None:
        """The server's order is now `row`. An operation that was too early for it, because others had not yet sent
        theirs again, fits now."""
        with self._store.lock:
            queue = self._queues.get(row.id)
            if not queue or row.id in self._sending or queue[0].sealed:
                return
            head = queue[0]
            if head.held:
                named = named_version(head.asked)
                if head.state is State.CONFLICT:
                    fits = named == row.version and _comes_to_the_same(head.seen, row)
                else:  # what has become of an order that was missing is the server's to say
                    fits = head.outcome == ORDER_MISSING and (named is None or named <= row.version)
                if not fits:
                    return
                with self._store.transaction():
                    self._replace(
                        msgspec.structs.replace(
                            head, state=State.WAITING, outcome="", problem="", theirs=None, payment=None, tries=0
                        )
                    )
                    self._store.after_commit(partial(self._ready.append, row.id))
            else:
                self._ready.append(row.id)

    def forget_before(self, at: datetime) -> None:
        """Drop what was answered before `at`. That clock has to be the server's: ours may be years off."""
        with self._store.transaction() as db:
            operation_table.forget_before(db, at)

    def last_done_s(self) -> float:
        """When the last thing accepted here that is answered was so, seconds since 1970; 0 for nothing."""
        with self._store.reading() as db:
            return operation_table.last_done_s(db)

    # -- reading

    def find(self, op_id: OpId) -> Operation | None:
        """One of this person's operations, whatever became of it."""
        with self._store.reading() as db:
            return operation_table.find(db, self.owner, op_id)

    def open(self) -> tuple[Operation, ...]:
        """What is not answered yet, in the order it was accepted."""
        with self._store.lock:
            found = [each for queue in self._queues.values() for each in queue]
            under_way = {self._queues[order_id][0].op_id for order_id in self._sending}
        return tuple(
            msgspec.structs.replace(each, state=State.SENDING) if each.op_id in under_way else each
            for each in sorted(found, key=lambda operation: operation.position)
        )

    def elsewhere(self) -> tuple[Operation, ...]:
        """What was accepted here for other shops, whoever by: it waits until this machine is theirs again."""
        return operation_table.elsewhere(self._store, self.owner.shop) if self.owner.shop else ()

    def of(self, order_id: OrderId) -> tuple[Operation, ...]:
        """What one order still waits for."""
        with self._store.lock:
            return tuple(self._queues.get(order_id, ()))

    def orders(self) -> tuple[OrderId, ...]:
        with self._store.lock:
            return tuple(self._queues)

    def counts(self) -> Counts:
        with self._store.lock:
            states = [each.state for queue in self._queues.values() for each in queue]
        parked, conflicts = states.count(State.PARKED), states.count(State.CONFLICT)
        return Counts(len(states) - parked - conflicts, parked, conflicts)

    def shown(self, order_id: OrderId, row: Order | None) -> Order | None:
        """`row`, the server's, with what waits on top. What is held, and what waits behind it, is not shown as done."""
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
        """It comes first of its order, unless the server has lost what is sent again before it."""
        for queue in self._queues.values():
            for each in queue:
                if each.op_id == op_id and each.held:
                    return each
        raise KeyError(op_id)

    def _sent(self, order_id: OrderId) -> None:
        self._sending.pop(order_id, None)
        if self._queues.get(order_id):
            self._ready.append(order_id)
        else:
            self._queues.pop(order_id, None)

    def _stood_aside(self, operation: Operation) -> bool:
        """While `operation` was under way, all that the server has lost came to wait before it: `send_again`. Now that
        it has failed they have their turn, and it has its own after them, as if it had never been tried."""
        queue = self._queues[operation.order_id]
        if all(operation.position <= each.position for each in queue):
            return False
        self._queues[operation.order_id] = deque(sorted(queue, key=lambda each: each.position))
        return True

    def _replace(self, operation: Operation) -> None:
        with self._store.transaction() as db:
            operation_table.rewrite(db, operation)
            self._store.after_commit(partial(self._put, operation))

    # -- what is remembered follows the file: called after a commit only

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

    def _told_of(self, following: Operation, row: Order) -> Operation | None:
        """The next operation, if the one before ended at another version than foreseen but where it was meant to."""
        named = named_version(following.asked)
        if named in (None, row.version) or not _comes_to_the_same(following.seen, row):
            return None
        return following.on(row)


def _comes_to_the_same(seen: Order, row: Order) -> bool:
    """A change that was meant for `seen` is meant for `row` too."""
    return (seen.status, seen.payment, seen.tender) == (row.status, row.payment, row.tender)
