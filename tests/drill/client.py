"""One client of the drill, a process of its own: `python -m tests.drill.client '{…}'`.

It does what a person would do, at random from its seed, and says on standard output what was accepted, one JSON
object a line, once it is accepted. What it is told on standard input, a word a line, is in `Client.told`; `drain` makes
it finish: settle what is asked, send what waits.
"""

import contextlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from core import clock, logs
from core.client.errors import ClientError, NotKept
from core.client.operations import State
from core.client.sync.engine import ConnectionState
from core.clock import Clock
from core.domain.commands import CancelOrder, PlaceOrder
from core.domain.ids import OpId, new_op_id
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import HistoryQuery, OrderQuery
from tests.drill.cashier import WHY, Cashier
from tests.support.synced import LINES, Screen

TIMEOUT_S: Final = (1.0, 5.0)
"""Shorter than a window's, so that a drill is short; not so short that a slow machine answers nothing in time: then
everybody asks again for ever."""
PATIENCE_S: Final = 120.0
"""Without anything getting any further. However slow the machine is, as long as something does, all is well."""
_NIGHT_S: Final = 8 * 3600.0


class Staff(msgspec.Struct, frozen=True):
    name: str
    pin: str


class Customer(msgspec.Struct, frozen=True):
    phone: str
    password: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Who this client is, and how it behaves."""

    url: str
    file: str
    seed: int
    pace_s: float
    """Between two operations, on average."""
    staff: tuple[Staff, ...] = ()
    """Who is at this till, one after the other; or else at this customer's window:"""
    customers: tuple[Customer, ...] = ()
    device: str = ""
    change_share: float = 0.0
    """How often, of all that happens here, one person leaves and another comes."""
    readers: int = 0
    """Threads that read all the time, as a window's jobs do."""
    timeout_s: tuple[float, float] = TIMEOUT_S


class Client:
    def __init__(self, part: Part, screen: Screen) -> None:
        self._part = part
        self._screen = screen
        self._random = random.Random(part.seed)
        self._cashier = Cashier(screen, part.device, self._random, self._accepted)
        self._me = ""
        self._visit = 0
        """Odd while people change: then nobody knows who is here."""
        self._draining = threading.Event()
        self._never = threading.Event()
        self._slept_s = 0.0
        clock.own = Clock(wall=lambda: time.time() + self._slept_s)
        self.told: dict[str, Callable[[], None]] = {"drain": self._draining.set, "sleep": self._sleep}
        """What is done for a word, in the thread that listens."""

    def _sleep(self) -> None:
        """On a system whose monotonic clock stands still meanwhile."""
        fresh_at_s = self._screen.api.sync_status.fresh_at_s
        self._slept_s += _NIGHT_S
        sync_status = self._screen.api.sync_status
        age_s = sync_status.age_s(clock.now_s())
        if age_s is not None and age_s < _NIGHT_S and sync_status.fresh_at_s == fresh_at_s:
            say(young=age_s)

    def run(self) -> None:
        resumed = self._screen.api.resume()
        if resumed is None:
            self._change()
        else:
            self._me = resumed.person.id
        for number in range(self._part.readers):
            threading.Thread(target=self._read, args=(random.Random(number),), daemon=True).start()
        say(started=True)
        while not self._draining.wait(self._random.uniform(0, 2 * self._part.pace_s)):
            if (
                self._screen.api.sync_status.state is ConnectionState.SIGNED_OUT
                or self._random.random() < self._part.change_share
            ):
                self._change()
            with contextlib.suppress(ClientError):  # a person who presses too late is told so
                self._act()
            self._look(list(self._screen.store), self._me)
        if self._part.staff and self._random.random() < 0.5:
            with contextlib.suppress(ClientError):
                self._cashier.end_of_day()
        people = self._part.staff or self._part.customers
        for who in people:
            if len(people) > 1:
                self._change(who)
            if not self._drain(who):
                return
        say(drained=True)

    def _change(self, who: Staff | Customer | None = None) -> None:
        """Whoever is here leaves, and somebody comes: `who`, or anybody. Cashiers also sign in at a locked till."""
        if who is None:
            people: Sequence[Staff | Customer] = self._part.staff or self._part.customers
            who = self._random.choice(people)
        self._visit += 1
        if isinstance(who, Customer) or self._random.random() < 0.5:
            with contextlib.suppress(NotKept):  # a full disk: they are told so, and have left all the same
                self._screen.sign_out()
        signed_in = False
        while not signed_in:
            with contextlib.suppress(ClientError):
                if isinstance(who, Staff):
                    self._me = self._screen.staff(who, self._part.device).person.id
                else:
                    self._me = self._screen.customer(who).person.id
                signed_in = True
            self._never.wait(0 if signed_in else 0.1)
        self._visit += 1
        self._cashier.came()
        say(came=self._me)

    def _read(self, chance: random.Random) -> None:
        """What a window asks: an answer is told to whoever asked, or to nobody."""
        api, orders = self._screen.api, self._screen.store
        while not self._draining.wait(chance.uniform(0, 2 * self._part.pace_s)):
            visit, me, known = self._visit, self._me, list(orders)
            with contextlib.suppress(ClientError):
                if self._part.staff:
                    ask: Callable[[], object] = chance.choice(
                        (lambda: api.call(routes.ORDERS(query=OrderQuery(open=True))), lambda: api.call(routes.MENU()))
                    )
                    ask()
                elif known and chance.random() < 0.5:
                    api.call(routes.ORDER_STATUS(chance.choice(known).id))
                else:
                    found = api.call(routes.HISTORY(query=HistoryQuery())).orders
                    if visit % 2 == 0 and visit == self._visit:
                        self._look(found, me)

    def _act(self) -> None:
        if self._part.staff:
            self._cashier.act()
            return
        mine = [order for order in self._screen.store if order.status is OrderStatus.PENDING]
        if mine and self._random.random() < 0.2:
            self._cancel(self._random.choice(mine))
        else:
            op_id = new_op_id()
            made = self._screen.api.call(routes.PLACE(body=PlaceOrder(lines=LINES), op_id=op_id))
            say(accepted=op_id, by=self._me, order=made.id)

    def _cancel(self, order: Order) -> None:
        op_id = new_op_id()
        self._screen.api.call(routes.CANCEL(order.id, body=CancelOrder(), op_id=op_id))
        say(accepted=op_id, by=self._me, order=order.id)

    def _accepted(self, op_id: OpId, order: str = "", **facts: object) -> None:
        # What already was as wished needs no operation, and neither does what the server has answered at once.
        kept = self._screen.api.find(op_id) is not None
        say(**{"accepted" if kept else "already": op_id}, by=self._me, order=order, **facts)

    def _look(self, shown: Iterable[Order], me: str) -> None:
        """A customer looks at what is shown: is all of it theirs? `me` is who was there when it was asked for: by now
        it may be somebody else."""
        if self._part.customers:
            for order in shown:
                if order.customer_id not in (None, me):
                    say(stranger=order.id, by=me)

    def _drain(self, who: Staff | Customer) -> bool:
        """Settle what waits for a person, and wait until the server has all the rest. False when that does not end."""
        api = self._screen.api
        left: object = None
        moved_at_s = time.monotonic()
        while time.monotonic() < moved_at_s + PATIENCE_S:
            if api.sync_status.state is ConnectionState.SIGNED_OUT:
                self._change(who)
            for operation in api.operations():
                if operation.held:
                    asked = "parked" if operation.state is State.PARKED else "conflict"
                    say(asked=asked, operation=operation.op_id, problem=operation.problem)
                    with contextlib.suppress(ClientError):
                        api.discard(operation.op_id, WHY)
            operations = api.operations()
            if not operations and api.sync_status.state is ConnectionState.LIVE:
                return True
            if left != (left := [(operation.op_id, operation.failed_attempts) for operation in operations]):
                moved_at_s = time.monotonic()
                say(left=len(operations))
            self._never.wait(0.05)
        say(stuck=[operation.problem for operation in api.operations()], state=api.sync_status.state)
        return False


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    part = msgspec.json.decode(sys.argv[1], type=Part)
    logs.setup()
    with Screen(part.url, Path(part.file), timeout_s=part.timeout_s) as screen:
        client = Client(part, screen)

        def listen() -> None:
            for line in sys.stdin:
                client.told[line.strip()]()

        threading.Thread(target=listen, daemon=True).start()
        client.run()


if __name__ == "__main__":
    main()
