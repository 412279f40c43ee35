"""From a commit to the last of so many displays, against a bare fan-out of the same bytes."""

import asyncio
import itertools
import statistics
from asyncio.subprocess import PIPE
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import requests
import uvloop

from benchmarks import databases, load, push_servers, servers, traffic
from benchmarks.measure import Claim, Result, ratios
from benchmarks.push_displays import Crowd, allow_files, hello
from core.domain.ids import CustomerId, OrderId
from core.domain.status import OrderStatus
from core.own_process import python
from core.protocol.events import OrderStatusChanged
from core.protocol.feed import Cursor, Frame, Frames, Snapshot

ORDERS: Final = 10_000
PROBES_PER_SECOND: Final = 40
Work = Callable[[int, float], Coroutine[Any, Any, tuple[int, list[int]]]]
"""Makes so many events happen, so many a second. Gives the number before the first, and when each happened (ns)."""


class Cashier:
    """Changes statuses over HTTP on a schedule, and reads in the server's notes when each was committed."""

    def __init__(self, port: int, commits: Path) -> None:
        self.port = port
        self.token = traffic.staff_token(port)
        self.script: Iterator[bytes] = itertools.chain(*traffic.moves(self.token, traffic.Shop.of(ORDERS), 1))
        self._commits = commits
        self.core = [str(core) for core in servers.cores()[:1]]
        """The server's, where it has one to itself."""

    def cursor(self) -> str:
        bearer = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"http://127.0.0.1:{self.port}/api/snapshot/", headers=bearer, timeout=60)
        return msgspec.json.decode(answer.content, type=Snapshot).cursor

    async def work(self, events: int, per_second: float) -> tuple[int, list[int]]:
        before = Cursor.parse(await asyncio.to_thread(self.cursor)).seq
        noted = len(self._commits.read_text().splitlines())
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(events):
            await asyncio.sleep(start + number / per_second - loop.time())
            writer.write(next(self.script))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise load.UnexpectedAnswer(head.decode())
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        writer.close()
        return before, [int(line) for line in self._commits.read_text().splitlines()[noted:]]


def bare_work(port: int) -> Work:
    done = 0

    async def work(events: int, per_second: float) -> tuple[int, list[int]]:
        nonlocal done
        before, done = done, done + events
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(msgspec.json.encode(push_servers.Order(before, events, per_second)))
        began = msgspec.json.decode(await reader.readline(), type=list[int])
        writer.close()
        return before, began

    return work


class Contender:
    """A server's crowd, and what makes something happen there."""

    def __init__(self, crowd: Crowd, work: Work) -> None:
        self.crowd = crowd
        self.p50: list[float] = []
        self.p99: list[float] = []
        self.worst: list[float] = []
        """Of each run: ms until the last display was told."""
        self._work = work

    async def play(self, events: int, per_second: float) -> None:
        self.crowd.told.clear()
        before, began = await self._work(events, per_second)
        await self.crowd.all_told(before + events)
        taken = sorted((self.crowd.told[before + place][1] - at) / 1e6 for place, at in enumerate(began, 1))
        self.p50.append(percentile(taken, 50))
        self.p99.append(percentile(taken, 99))
        self.worst.append(taken[-1])


def percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def run(quick: bool) -> Result:
    crowds, seconds, rounds = ((100, 500), 1.5, 1) if quick else ((100, 1_000, 2_000), 6.0, 3)
    allow_files(10_000)
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    with ExitStack() as stack:
        folder = stack.enter_context(databases.folder(ORDERS))
        port, commits = stack.enter_context(push_servers.orderbell(folder))
        bare_port = stack.enter_context(push_servers.bare(folder, message()))
        cashier = Cashier(port, commits)
        stack.enter_context(servers.on_core(-1))
        for count in crowds:
            for per_second in (5.0, 50.0):
                row, found = uvloop.run(_compare(cashier, bare_port, count, per_second, seconds, rounds))
                rows.append(row)
                claims += found
    return Result(
        name="push",
        title="From a commit to the last of so many displays, ms; medians of the rounds",
        columns=(*("displays", "events/s", "p50", "p99", "bare p50", "bare p99", "p99 x bare"), "others: quiet", "p99"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=(
            "Bare: asyncio writes the same bytes to every socket and does nothing else.",
            f"Others: an order's details {PROBES_PER_SECOND} times a second, p99, before and while displays are told.",
        ),
    )


async def _compare(
    cashier: Cashier, bare_port: int, count: int, per_second: float, seconds: float, rounds: int
) -> tuple[tuple[str, ...], list[Claim]]:
    cursor = await asyncio.to_thread(cashier.cursor)
    ours = Contender(Crowd(cashier.port, hello(cashier.token, cursor), count), cashier.work)
    bare = Contender(Crowd(bare_port, b"", count), bare_work(bare_port))
    probes: list[float] = []
    events = int(per_second * seconds)
    try:
        for contender in (ours, bare):
            await contender.crowd.open()
            await contender.play(3, per_second)
            contender.p50.clear()
            contender.p99.clear()
        quiet = await _answered(await _probe(cashier, seconds))
        for turn in range(rounds):
            for contender in (ours, bare) if turn % 2 == 0 else (bare, ours):
                probing = await _probe(cashier, seconds) if contender is ours else None
                await contender.play(events, per_second)
                if probing is not None:
                    probes.append(await _answered(probing))
        if ours.crowd.closed:
            raise load.UnexpectedAnswer(f"displays were closed: {ours.crowd.closed[:5]}")
    finally:
        ours.crowd.close()
        bare.crowd.close()
    ratio = ratios(ours.p99, bare.p99).median
    waited = statistics.median(probes)
    figures = [statistics.median(values) for values in (ours.p50, ours.p99, bare.p50, bare.p99)]
    row = (
        f"{count:,}",
        f"{per_second:g}",
        *(f"{figure:.1f}" for figure in figures),
        f"{ratio:.2f}",
        f"{quiet:.1f}",
        f"{waited:.1f}",
    )
    what = f"{count:,} displays at {per_second:g}/s"
    return row, [
        Claim(f"{what}: p99 over a bare fan-out's", ratio, "most", 2.3),
        Claim(f"{what}: other requests' p99, ms", waited, "most", 5),
    ]


async def _probe(cashier: Cashier, seconds: float) -> asyncio.subprocess.Process:
    order_id = traffic.Shop.of(ORDERS).pending[-1]
    command = ["-m", "benchmarks.push_probe", str(cashier.port), str(PROBES_PER_SECOND), str(seconds), *cashier.core]
    probing = await asyncio.create_subprocess_exec(*python(*command), stdin=PIPE, stdout=PIPE, cwd=databases.ROOT)
    assert probing.stdin is not None
    probing.stdin.write(load.request("GET", f"/api/pos/orders/{order_id}/", cashier.token))
    probing.stdin.write_eof()
    return probing


async def _answered(probing: asyncio.subprocess.Process) -> float:
    output, _ = await probing.communicate()
    return percentile(msgspec.json.decode(output, type=list[float]), 99)


def message() -> bytes:
    """What a display is told of one change of status, with `%d` for its number."""
    uuid = "0198a2b4-0000-7000-8000-000000000001"
    event = OrderStatusChanged(
        order_id=OrderId(uuid),
        customer_id=CustomerId(uuid),
        number="ONLINE-000127",
        source=OrderStatus.PENDING,
        target=OrderStatus.CONFIRMED,
        version=2,
        reason="",
        at=datetime(2026, 5, 4, 11, 30, 0, 123456, UTC),
    )
    told = Frames(frames=(Frame(seq=7777, prev=7776, event=event),), cursor=str(Cursor(uuid, 7777, uuid)))
    return msgspec.json.encode(told).replace(b'"seq":7777', b'"seq":%d')
