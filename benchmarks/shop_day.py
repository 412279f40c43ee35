"""A shop as the load generator plays it: orders arrive, the till moves them, the board and the customers look on."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import msgspec
from typing_extensions import override

from benchmarks import load
from benchmarks.push_displays import Crowd, Display, hello
from core.domain.ids import new_op_id, new_order_id
from core.domain.order import Order
from core.protocol.feed import Heartbeat, Message
from core.protocol.headers import IDEMPOTENCY_KEY

MOVES: Final = ("confirmed", "preparing", "ready", "completed")
LINES: Final = (("coffee", 2), ("fries", 1))
KEPT_S: Final = 3.0
"""A connection is used again within this time; the server closes one that is idle for 5 s, perhaps as it is asked."""
CHECK_S: Final = 60.0
"""How often a screen that lives on push makes sure, with an ETag."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How much goes on in one shop."""

    orders_per_hour: float
    online: float = 0.5
    """The part of the orders that customers place themselves, with a screen of their own until they are done."""
    kitchen_s: float = 600.0
    """From placed to handed over, in the mean."""


class Tally:
    """What all shops together came to."""

    def __init__(self) -> None:
        self.answers: dict[str, list[float]] = {}
        """Seconds until the answer, by kind of request, counted from when it was due."""
        self.told: list[float] = []
        """Seconds from asking for a change until the customer's screen was told."""
        self.orders = 0
        self.received = 0
        self.screens = 0
        self.most_screens = 0
        self.failed: list[str] = []

    def screen(self, more: int) -> None:
        self.screens += more
        self.most_screens = max(self.most_screens, self.screens)


class Transport:
    """One kept connection, one request at a time."""

    def __init__(self, port: int, tally: Tally) -> None:
        self._port = port
        self._tally = tally
        self._busy = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._idle_until = 0.0

    async def ask(self, kind: str, request: bytes, due: float) -> tuple[int, bytes, str]:
        """Status, body and ETag."""
        async with self._busy:
            if self._streams is None or time.monotonic() > self._idle_until:
                self.close()
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            if fields.get("connection") == "close":
                self.close()
            self._idle_until = time.monotonic() + KEPT_S
        self._tally.answers.setdefault(kind, []).append(time.monotonic() - due)
        self._tally.received += len(head) + len(body)
        status = int(head[9:12])
        if status >= 400:
            self._tally.failed.append(f"{kind}: {status} {body[:200]!r}")
        return status, body, fields.get("etag", "")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Screen(Display):
    """A socket that counts what it is told, and a customer's that knows which change it waits for."""

    def __init__(self, token: str, cursor: str, tally: Tally) -> None:
        super().__init__(hello(token, cursor), Crowd(0, b"", 0))
        self._tally = tally
        self.waits: dict[tuple[str, int], float] = {}
        """When a change of an order to a version was asked for."""

    @override
    def _take(self, opcode: int, payload: bytes, now: int) -> None:
        self._tally.received += len(payload)
        if opcode != 1 or not self.waits:
            super()._take(opcode, payload, now)
            return
        message = msgspec.json.decode(payload, type=Message)
        if isinstance(message, Heartbeat):
            return
        for frame in message.frames:
            change = (str(getattr(frame.event, "order_id", "")), int(getattr(frame.event, "version", 0)))
            asked = self.waits.pop(change, None)
            if asked is not None:
                self._tally.told.append(now / 1e9 - asked)


class Tokens(msgspec.Struct, frozen=True):
    """Who acts in one shop."""

    cashier: str
    board: str
    customers: tuple[str, ...]
    cursor: str


class SimulatedShop:
    """One of them, on the server at `port`. `run` ends at `until` (monotonic seconds), with its orders handed over."""

    def __init__(self, port: int, tokens: Tokens, pace: Pace, tally: Tally, chance: random.Random) -> None:
        self._port = port
        self._tokens = tokens
        self._pace = pace
        self._tally = tally
        self._chance = chance
        self._till = Transport(port, tally)
        self._visitors = Transport(port, tally)
        self._screens: list[Screen] = []

    async def run(self, until: float) -> None:
        await self._open(self._tokens.cashier)
        await self._open(self._tokens.board)
        due = time.monotonic()
        async with asyncio.TaskGroup() as group:
            checks = group.create_task(self._check(until))
            while (due := due + self._chance.expovariate(self._pace.orders_per_hour / 3600)) < until:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._order(due))
            await asyncio.sleep(max(0.0, until - time.monotonic()))
            checks.cancel()
        for screen in self._screens:
            screen.transport.abort()
        self._tally.screen(-len(self._screens))
        self._till.close()
        self._visitors.close()

    async def _open(self, token: str) -> Screen:
        screen = await _connect(self._port, lambda: Screen(token, self._tokens.cursor, self._tally))
        self._screens.append(screen)
        self._tally.screen(1)
        return screen

    async def _check(self, until: float) -> None:
        """The till makes sure of its board now and then, as its window does."""
        tag = ""
        await asyncio.sleep(self._chance.uniform(0, CHECK_S))
        while time.monotonic() < until:
            due = time.monotonic()
            request = load.request("GET", "/api/pos/orders/", self._tokens.cashier, If_None_Match=tag or '"-"')
            _, _, tag = await self._till.ask("the board, made sure of", request, due)
            await asyncio.sleep(CHECK_S)

    async def _order(self, due: float) -> None:
        """An order's whole life."""
        online = self._chance.random() < self._pace.online
        token = self._chance.choice(self._tokens.customers) if online else self._tokens.cashier
        screen = await self._open(token) if online else None
        body = msgspec.json.encode(
            {"id": new_order_id(), "lines": [{"item_id": item, "quantity": count} for item, count in LINES]}
        )
        path = "/api/online/orders/" if online else "/api/pos/orders/"
        transport = self._visitors if online else self._till
        status, answer, _ = await transport.ask("an order", _keyed(path, token, body), due)
        if status == 201:
            self._tally.orders += 1
            await self._hand_over(msgspec.json.decode(answer, type=Order), screen)
        if screen is not None:
            screen.transport.abort()
            self._screens.remove(screen)
            self._tally.screen(-1)

    async def _hand_over(self, order: Order, screen: Screen | None) -> None:
        moves = MOVES[MOVES.index(order.status) + 1 :] if order.status in MOVES else MOVES
        version = order.version
        for to in moves:
            await asyncio.sleep(self._chance.expovariate(len(moves) / self._pace.kitchen_s))
            body = msgspec.json.encode({"to": to, "version": version})
            due = time.monotonic()
            version += 1
            if screen is not None:
                screen.waits[order.id, version] = due
            path = f"/api/pos/orders/{order.id}/status/"
            await self._till.ask("a change", _keyed(path, self._tokens.cashier, body), due)


async def _connect(port: int, make: Callable[[], Screen]) -> Screen:
    _, screen = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", port)
    await screen.upgraded
    return screen


def _keyed(path: str, token: str, body: bytes) -> bytes:
    return load.request("POST", path, token, body, **{IDEMPOTENCY_KEY: new_op_id()})
