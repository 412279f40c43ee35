"""One display among a thousand stops reading: does anybody else notice?"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import uvloop

from benchmarks import databases, load, push_servers, servers, traffic
from benchmarks.measure import Claim, Result
from benchmarks.push_displays import HANDSHAKE, Crowd, allow_files, hello, masked
from benchmarks.push_fanout import ORDERS, Cashier, Contender
from core.protocol.headers import IDEMPOTENCY_KEY

PER_SECOND: Final = 50.0
_SMALL: Final = 4_096
_REASON: Final = b"x" * 300


def run(quick: bool) -> Result:
    count, seconds = (100, 12.0) if quick else (1_000, 20.0)
    allow_files(10_000)
    with ExitStack() as stack:
        folder = stack.enter_context(databases.folder(ORDERS))
        port, commits = stack.enter_context(push_servers.orderbell(folder))
        stack.enter_context(servers.on_core(-1))
        cashier = Cashier(port, commits)
        cashier.script = _wordy(cashier.token)
        alone, beside, code = uvloop.run(_compare(cashier, count, seconds))
    return Result(
        name="push-stalled",
        title=f"{count:,} displays at {PER_SECOND:g} events a second, ms until the last one was told",
        columns=("", "p50", "p99", "worst"),
        rows=(
            ("all of them read", *(f"{figure:.1f}" for figure in alone)),
            ("one of them does not", *(f"{figure:.1f}" for figure in beside)),
        ),
        claims=(Claim("the worst delay beside a stalled display, ms more", beside[-1] - alone[-1], "most", 500),),
        notes=(f"The one that did not read was closed with {code}.",),
    )


async def _compare(cashier: Cashier, count: int, seconds: float) -> tuple[list[float], list[float], str]:
    words = hello(cashier.token, cashier.cursor())
    others = Contender(Crowd(cashier.port, words, count), cashier.work)
    await others.crowd.open()
    stalled = _stall(cashier.port, words)
    events = int(PER_SECOND * seconds)
    try:
        await others.play(3, PER_SECOND)
        await others.play(events // 4, PER_SECOND)  # the stalled one's buffers still take everything
        await others.play(events, PER_SECOND)
        if others.crowd.closed:
            raise load.UnexpectedAnswer(f"displays were closed: {others.crowd.closed[:5]}")
        alone, beside = ([others.p50[run], others.p99[run], others.worst[run]] for run in (1, 2))
        return alone, beside, _closed_with(stalled)
    finally:
        others.crowd.close()
        stalled.close()


def _stall(port: int, words: bytes) -> socket.socket:
    """A display that says hello and then takes no more than its small buffer holds."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    connection.connect(("127.0.0.1", port))
    connection.sendall(HANDSHAKE)
    connection.recv(1024)
    connection.sendall(masked(1, words))
    return connection


def _closed_with(connection: socket.socket) -> str:
    """What is left in its buffers ends with a close frame, or with nothing when the server gave up on it."""
    connection.settimeout(10)
    left = b""
    try:
        while part := connection.recv(262_144):
            left = (left + part)[-64:]
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise load.UnexpectedAnswer("the display that did not read was not closed") from None
    at = left.rfind(b"\x88")
    return "no code, for it took not even that" if at < 0 else f"code {int.from_bytes(left[at + 2 : at + 4], 'big')}"


def _wordy(token: str) -> Iterator[bytes]:
    """Changes that each have much to say, so that buffers fill."""
    for number, order_id in enumerate(traffic.Shop.of(ORDERS).pending):
        for version, status in enumerate(traffic.ADVANCES, 1):
            body = b'{"to":"%b","version":%d,"reason":"%b"}' % (status.encode(), version, _REASON)
            key = {IDEMPOTENCY_KEY: f"{number}-{version}"}
            yield load.request("POST", f"/api/pos/orders/{order_id}/status/", token, body, **key)
