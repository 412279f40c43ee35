"""Synchronisation without threads: operations go out, events come in.

`pull` alone is enough to be correct; push only makes it sooner.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from core import clock
from core.client.errors import (
    Conflict,
    Diverged,
    Gone,
    NoRight,
    NotFound,
    NotKept,
    NumberTooFar,
    Refused,
    ServerFault,
)
from core.client.operations import Kind, Operation, State
from core.client.storage.cache import Cache, menu_after
from core.client.storage.lease import Store
from core.client.sync.merge import Verdict, judge
from core.client.sync.outbox import KEPT_FOR, NUMBER_REFUSED, ORDER_MISSING, RIGHT_REFUSED, Outbox
from core.client.sync.publisher import Publisher
from core.client.sync.transport import Answered, Transport
from core.clock import Believed
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import Hand, finish
from core.domain.ids import BasketId, DeviceId, OpId, OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.protocol.events import BasketChanged, DrawerChanged, MenuChanged, RolesChanged, UnknownEvent
from core.protocol.feed import PAGE_LIMIT, Cursor, EventQuery, Frame, Frames, Heartbeat
from core.protocol.headers import Outcome
from core.protocol.sealed import BYTES_AT_ONCE, MOST_AT_ONCE, OpenOperations, SealedOperation

log = logging.getLogger(__name__)

BACKOFF_S: Final = 0.5
BACKOFF_MOST_S: Final = 30.0
GIVES_UP_AFTER: Final = 8
"""Failed attempts after which an operation is parked, while the server handled others."""
GIVES_UP_ALONE: Final = 20
"""Failed attempts after which it is parked, when the server handled none."""


def backoff_s(attempt: int) -> float:
    """Full jitter: between 0 and 0.5 s · 2ⁿ, at most 30 s. Clients that lost the server together do not return
    together."""
    return random.uniform(0, min(BACKOFF_MOST_S, BACKOFF_S * 2 ** min(attempt, 10)))  # noqa: S311 (not a secret)


def _batches(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Sealed operations in batches of what one request accepts."""
    batch: list[Operation] = []
    size = 0
    for operation in operations:
        size += len(operation.sealed)
        if batch and (len(batch) == MOST_AT_ONCE or size > BYTES_AT_ONCE):
            yield batch
            batch, size = [], len(operation.sealed)
        batch.append(operation)
    if batch:
        yield batch


class Synchronizer:
    """`pull` and `take_in` belong to one thread; `send` and the rest are thread-safe. What changes is published in the
    thread that made the change, after it is on the disk."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        outbox: Outbox,
        transport: Transport,
        publisher: Publisher,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cache = cache
        self.outbox = outbox
        self._store = store
        self._transport = transport
        self.publisher = publisher
        self._monotonic = monotonic
        self._aging: Believed | None = None
        self._acknowledged = 0
        self._failed_at: dict[OpId, int] = {}
        self._unreachable_at: dict[OpId, int] = {}
        """The number of acknowledged operations when this one first failed, and when it last found the server
        unreachable."""

    # -- in

    def pull(self, *, backlog: bool = False) -> None:
        """Fetch events until nothing is missing. Raises `ClientError`."""
        try:
            self._pull(backlog=backlog)
        except Gone:
            self._start_over()
            self._pull(backlog=True)
        except Diverged:
            log.warning("the server's history is another one; taking a snapshot and sending again")
            self._start_over(lost=True)
            self._pull(backlog=True)

    def take_in(self, message: Frames | Heartbeat | UnknownEvent) -> bool:
        """Apply a pushed message. False when one before it is missing, it is of another history, or its kind is
        unknown: pull."""
        if isinstance(message, UnknownEvent):
            return False
        place, following = self.cache.place, Cursor.parse(message.cursor)
        if place is None or following.epoch != place.epoch or (following.seq == place.seq and following != place):
            return False
        if isinstance(message, Frames):
            return self._advance(message.frames, following, place, backlog=False)
        if message.head > place.seq:
            return False
        if following.seq > place.seq:
            self.cache.set_place(following)
        return True

    def _open_sealed(self) -> None:
        """Have the server open this person's sealed operations. Raises `ClientError`."""
        for batch in _batches(self.outbox.sealed()):
            request = OpenOperations(tuple(SealedOperation(each.op_id, each.sealed) for each in batch))
            try:
                answers = self._transport.open_sealed(request).operations
            except NotFound:
                log.warning("the server is too old to open sealed operations", extra={"operations": len(batch)})
                return
            self.outbox.unseal({each.op_id: each.content for each in answers})
            self.publisher.publish(*dict.fromkeys(each.order_id for each in batch), backlog=True)

    def _pull(self, *, backlog: bool) -> None:
        self._open_sealed()
        if self.cache.place is None:
            self._start_over()
        while True:
            place, proofs = self._place(), self.cache.history_proofs()
            query = EventQuery(cursor=str(place), witness=proofs[0] if proofs else "", limit=PAGE_LIMIT)
            page = self._transport.events(query)
            if not self._advance(page.frames, Cursor.parse(page.cursor), place, backlog=backlog):
                raise ServerFault("Its events do not fit together.")
            if not page.more:
                break
        self._prove(proofs)
        self.cache.synced(self._transport.now())

    def _prove(self, proofs: Sequence[str], proven: int = 1) -> None:
        """Check that the server still has what it acknowledged, which neither an earlier cursor nor a snapshot shows.

        The first `proven` of the proofs are known to be of one history with the place. The furthest stays a proof for
        as long as it is beyond the place.
        """
        place = self._place()
        for proof in proofs[proven:]:
            self._transport.events(EventQuery(cursor=str(place), witness=proof, limit=1))
        self.cache.proven(proof for n, proof in enumerate(proofs) if n or Cursor.parse(proof).seq <= place.seq)

    def _known_history(self) -> str:
        """A cursor of all that the server is known to have had; empty before the first snapshot."""
        with self._store.lock:
            place, proofs = self.cache.place, self.cache.history_proofs()
        if place is None:
            return ""
        cursors = [place, *map(Cursor.parse, proofs)]
        # What was acknowledged in another epoch is not of the history of the place: the next pull sees to it.
        return str(max((each for each in cursors if each.epoch == place.epoch), key=lambda each: each.seq))

    def _place(self) -> Cursor:
        place = self.cache.place
        assert place is not None
        return place

    def _advance(self, frames: Sequence[Frame], following: Cursor, place: Cursor, *, backlog: bool) -> bool:
        position = place.seq
        events = []
        for frame in frames:
            if frame.follows(position):
                events.append(frame.event)
                position = frame.seq
            elif frame.seq > position:
                return False
        if following.seq <= place.seq:
            return True
        menu = self._menu_after([event for event in events if isinstance(event, MenuChanged)])
        sessions = tuple(event.session for event in events if isinstance(event, DrawerChanged))
        for session in sessions:
            self.cache.put_drawer(session)
        baskets = [event.basket for event in events if isinstance(event, BasketChanged)]
        for basket in baskets:
            self.cache.put_basket(basket)
        roles = [event.roles for event in events if isinstance(event, RolesChanged)][-1:]
        for each in roles:
            self.cache.put_roles(each)
        news = self.cache.advance(events, following, self._fetch)
        self.outbox.numbers_seen(news)
        for order in news:
            self.outbox.reached(order)
        if news or menu is not None:
            self.publisher.publish(*(order.id for order in news), backlog=backlog, menu=menu)
        self.publisher.drawers_changed(*sessions)
        if baskets:
            self.publisher.baskets_changed()
        for each in roles:
            self.publisher.roles_changed(each)
        return True

    def _menu_after(self, changes: Sequence[MenuChanged]) -> Menu | None:
        """Apply the changes to the cached menu; returns it when it has changed."""
        held = menu = self.cache.menu
        for change in changes:
            menu = menu_after(menu, change) if menu is not None else None
        if changes and menu is None:
            menu = self._read_menu()
        if menu is None or menu is held:
            return None
        return self.cache.put_menu(menu)

    def _read_menu(self) -> Menu | None:
        """The server's menu. None when it cannot be fetched, which must not hold up orders."""
        try:
            return self._transport.menu()
        except (Refused, ServerFault) as error:
            log.warning("the menu could not be fetched", extra={"cause": error.message})
            return None

    def _fetch(self, order_id: OrderId) -> Order | None:
        try:
            return self._transport.order(order_id)
        except NotFound:
            return None

    def _start_over(self, *, lost: bool = False) -> None:
        """Take a snapshot. When the server has `lost` history, acknowledged operations are sent again."""
        snapshot = self._transport.snapshot()
        held = self.cache.menu
        had = self.cache.newest() if lost else ()
        known = held is not None and held.version == snapshot.menu_version and not lost
        menu = None if known else self._read_menu()
        with self._store.transaction():
            if menu is not None:
                self.cache.keep_menu(menu)
            if lost:
                count = self.outbox.send_again()
                log.warning("sending again what was acknowledged", extra={"operations": count})
                self.cache.proven(self.cache.history_proofs())
            self.cache.replace(snapshot.orders, Cursor.parse(snapshot.cursor))
            if snapshot.series:
                self.outbox.series_at(snapshot.series, snapshot.series_last)
                self.cache.replace_drawers(snapshot.series, snapshot.drawer, *snapshot.own_drawers)
            self.cache.replace_baskets(snapshot.baskets)
            self.cache.put_roles(snapshot.roles)
        for order in snapshot.orders:
            self.outbox.reached(order)
        there = {*(order.id for order in snapshot.orders), *self.outbox.orders()}
        self.publisher.publish_everything(
            tuple(order for order in had if order.status.is_open and order.id not in there)
        )

    # -- out

    def send(self, operation: Operation) -> bool:
        """Send an operation once, and store the result. False when it is to be sent again later.

        Raises `Unreachable`, `SignedOut`, `Diverged` and `Gone`, which are not the operation's fault: the caller passes
        it to `Outbox.postpone` with a wait.
        """
        try:
            self._acknowledge(operation, self._transport.send(operation, self._known_history()))
        except Conflict as conflict:
            return self._settle(operation, conflict)
        except NotFound as error:
            # A missing order may have been lost in a restore, and its owner will send it again.
            return self.failed(operation, error.message, outcome="" if operation.kind.makes_order else ORDER_MISSING)
        except ServerFault as error:
            return self.failed(operation, error.message)
        except NoRight as error:
            self.outbox.hold(operation, State.PARKED, error.message, outcome=RIGHT_REFUSED)
            self.publisher.publish(operation.order_id)
        except Refused as error:
            if operation.kind.makes_order and error.field == "number":
                return self._hold_number(operation, error.message)
            self.outbox.hold(operation, State.PARKED, error.message)
            self.publisher.publish(operation.order_id)
        return True

    def _acknowledge(self, operation: Operation, answered: Answered) -> None:
        if answered.order is None:
            self._other_answered(operation, answered)
            return
        news = [answered.order]
        if answered.outcome is Outcome.DUPLICATE and self.cache.get(operation.order_id) is None:
            # That answer has the order as it was then. One that is sent again after a restore is older than what
            # is kept here; one whose first answer was lost is wanted as it is now.
            news = [] if operation.outcome else [self._transport.order(operation.order_id)]
        with self._store.transaction():
            self.cache.put(news)
            self.outbox.numbers_seen([answered.order])
            if answered.witness is not None:
                self.cache.add_history_proof(answered.witness.cursor, answered.witness.run)
            basket_gone = self._without_basket(operation)
            self.outbox.acknowledge(operation, answered.outcome, answered.order, self._transport.now(), answered.number)
        self._acknowledged += 1
        self._forget(operation)
        if basket_gone:
            self.publisher.baskets_changed()
        former = operation.issued_number
        self.publisher.publish(operation.order_id, former_number="" if former == answered.order.number else former)

    def _without_basket(self, operation: Operation) -> bool:
        """The server has an operation now that says of which held basket it was made."""
        asked = operation.asked if operation.kind in (Kind.TAKE, Kind.HOLD_BASKET) else None
        basket_id = BasketId(getattr(asked, "basket", "") or getattr(asked, "replaces", ""))
        if basket_id:
            hand = Hand("", DeviceId(""), self._transport.now())
            self.cache.put_basket(finish(self.cache.basket(basket_id), basket_id, hand))
        return bool(basket_id)

    def _other_answered(self, operation: Operation, answered: Answered) -> None:
        found = answered.other
        with self._store.transaction():
            if isinstance(found, DrawerSession):
                self.cache.put_drawer(found)
            elif found is not None:
                # The answer to one that is sent again after a restore has it as it was then. By now it may be gone, and
                # forgotten here.
                if answered.outcome is not Outcome.DUPLICATE or not operation.outcome:
                    self.cache.put_basket(found)
                self._without_basket(operation)
            if answered.witness is not None:
                self.cache.add_history_proof(answered.witness.cursor, answered.witness.run)
            self.outbox.acknowledge(operation, answered.outcome, None, self._transport.now())
        self._acknowledged += 1
        self._forget(operation)
        self.publisher.publish(operation.order_id)
        if isinstance(found, DrawerSession):
            self.publisher.drawers_changed(found)

    def _settle(self, operation: Operation, conflict: Conflict) -> bool:
        theirs = conflict.order
        if theirs is not None and operation.kind.makes_order:
            # The price has changed; `theirs` is what it would be now. Nobody pays what they were not asked for.
            self.outbox.hold(operation, State.CONFLICT, conflict.message, theirs)
            self.publisher.publish(operation.order_id)
            return True
        if theirs is None:
            if isinstance(conflict, NumberTooFar):  # what is before it may still be on its way
                return self.failed(operation, conflict.message, outcome=NUMBER_REFUSED)
            if conflict.field == "number":
                return self._hold_number(operation, conflict.message)
            if not operation.kind.makes_order or conflict.field != "id":
                self.outbox.hold(operation, State.PARKED, conflict.message)
                self.publisher.publish(operation.order_id)
                return True
            # An order has the id that only this machine can have given: it arrived, and the server has forgotten how.
            self._acknowledge(operation, Answered(self._transport.order(operation.order_id), Outcome.DUPLICATE, None))
            return True
        match judge(operation, theirs):
            case Verdict.SUPERSEDED:
                self._acknowledge(operation, Answered(theirs, Outcome.SUPERSEDED, None))
            case Verdict.AGAIN:
                self.cache.put([theirs])
                self.outbox.send_on(operation, theirs)
            case Verdict.BEHIND:
                return self.failed(operation, conflict.message, theirs)
            case Verdict.ASK:
                self.cache.put([theirs])
                self.outbox.hold(operation, State.CONFLICT, conflict.message, theirs, payment=conflict.payment)
        self.publisher.publish(operation.order_id)
        return True

    def _hold_number(self, operation: Operation, problem: str) -> bool:
        """The server refuses the number that this till has issued. A customer knows it: a person decides."""
        series, last = self._transport.read_series()
        if series:
            self.outbox.series_at(series, last)
        self.outbox.hold(operation, State.PARKED, problem, outcome=NUMBER_REFUSED)
        self.publisher.publish(operation.order_id)
        return True

    def unreachable(self, operation: Operation) -> bool:
        """The server could not be reached for it. Not counted, and False, unless others have succeeded since its last
        attempt."""
        before = self._unreachable_at.get(operation.op_id, self._acknowledged)
        self._unreachable_at[operation.op_id] = self._acknowledged
        if self._acknowledged == before:
            return False
        self._failed_at.pop(operation.op_id, None)  # a bad network lets some through: reset its attempts
        self.failed(operation, "The server answers others, and not this one.")
        return True

    def failed(self, operation: Operation, problem: str, theirs: Order | None = None, *, outcome: str = "") -> bool:
        """A failed attempt: retry later, or parked (False, True) after too many. Counted for any reason, known or not,
        so that nothing is retried for ever."""
        attempts = operation.failed_attempts + 1
        since = self._failed_at.setdefault(operation.op_id, self._acknowledged)
        again_s = clock.now_s() + backoff_s(attempts)
        try:
            if attempts < (GIVES_UP_AFTER if self._acknowledged > since else GIVES_UP_ALONE):
                self.outbox.postpone(operation, again_s, problem)
                return False
            self.outbox.hold(operation, State.CONFLICT if theirs else State.PARKED, problem, theirs, outcome)
        except NotKept:  # not the operation's fault
            self.outbox.postpone(operation, again_s)
            return False
        self._forget(operation)
        self.publisher.publish(operation.order_id)
        return True

    def _forget(self, operation: Operation) -> None:
        self._failed_at.pop(operation.op_id, None)
        self._unreachable_at.pop(operation.op_id, None)

    def prove(self) -> None:
        """Check that the second of two runs of the server that have acknowledged something since the last pull knows
        the first's history.

        Raises `Diverged` when it does not, as the next pull will; and any `ClientError`.
        """
        proofs = self.cache.history_proofs()
        if len(proofs) > 1 and self.cache.place is not None:
            self._prove(proofs, proven=0)

    # -- a person decides

    def retry(self, op_id: OpId, approval: str = "") -> None:
        """See `Outbox.retry`."""
        operation = self.outbox.retry(op_id, approval)
        self.publisher.publish(operation.order_id)

    def renumber(self, op_id: OpId) -> Operation:
        """See `Outbox.renumber`."""
        operation = self.outbox.renumber(op_id)
        self.publisher.publish(operation.order_id)
        return operation

    def discard(self, op_id: OpId, reason: str) -> None:
        """See `Outbox.discard`. Operations behind it are rebased on the current order, or in conflict."""
        with self._store.lock:  # or what is behind it is sent before it is judged anew
            gone = self.outbox.discard(op_id, reason, self._transport.now())[0]
            self.outbox.reconsider(gone, self.cache.get(gone.order_id))
        self.publisher.publish(gone.order_id)
        self.publisher.baskets_changed()  # of a discarded order the basket is still held

    def fetch_menu(self) -> None:
        """Cache the menu, for when the server is out of reach. Raises `ClientError`."""
        self.publisher.menu_read(self._transport.menu())

    def housekeep(self) -> None:
        """Delete what is old. Only after an answer, as our own clock may be wrong; and the server's, or a proxy's, is
        believed no faster than time passes (`core.clock.Believed`)."""
        if self._aging is None:
            believed_s = self.cache.believed_s() or self.outbox.last_done_s()
            self._aging = Believed(believed_s or self._server_s(), self._monotonic, self._server_s)
        at = datetime.fromtimestamp(self._aging.now_s(), UTC)
        self.outbox.forget_before(at - KEPT_FOR)
        self.cache.believe(self._aging.believed_s)
        self.cache.prune()

    def _server_s(self) -> float:
        return self._transport.now().timestamp()
