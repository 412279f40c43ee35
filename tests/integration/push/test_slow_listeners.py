"""Those who do not read, do not answer, or are simply gone; and those beside them."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.protocol.feed import SILENCE_S, Close
from core.protocol.routes import SOCKET_PATH
from core.server.push import channel, hub
from core.server.push.channel import Subscriber
from core.server.push.protocol import PING_S, PONG_WITHIN_S, PushProtocol
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.push.test_feed import follow, seq, snapshot
from tests.integration.push.test_socket import listener
from tests.support import shop
from tests.support.listener import chained, hello
from tests.support.server import ServerThread

SMALL = 4_096
LONG = "x" * 480
TOO_SLOW = int(Close.TOO_SLOW).to_bytes(2, "big") + b"too_slow"
HANDSHAKE = (
    f"GET {SOCKET_PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Raw:
    """A display below WebSocket's manners: reads only when told to, and answers no ping."""

    def __init__(self, caller: Caller, cursor: str) -> None:
        host, _, port = caller.url.removeprefix("http://").partition(":")
        self.socket = socket.socket()
        self.socket.settimeout(20)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.socket.connect((host, int(port)))
        self.socket.sendall(HANDSHAKE.encode())
        while not self.socket.recv(1, socket.MSG_PEEK):
            pass
        assert self.socket.recv(SMALL).startswith(b"HTTP/1.1 101")
        said = hello(caller.token, cursor).encode()
        self.socket.sendall(b"\x81\xfe" + len(said).to_bytes(2, "big") + b"\0\0\0\0" + said)

    def rest(self) -> bytes:
        """All that is still to come, until the other side closes."""
        parts = b""
        try:
            while not parts.endswith(TOO_SLOW) and (part := self.socket.recv(65_536)):
                parts += part
        except ConnectionResetError:
            pass
        return parts


@pytest.fixture
def raw(place: Place) -> Iterator[Raw]:
    slow = Raw(place.kim, snapshot(place.kim).cursor)
    yield slow
    slow.socket.close()


def long_order(place: Place) -> dict[str, Any]:
    """Some 9 KB of one."""
    lines = [{"item_id": shop.FRIES, "note": LONG} for _ in range(15)]
    taken: dict[str, Any] = place.kim.post("/api/pos/orders/", order_body(lines=lines), key=new_key()).json()
    return taken


def until_found_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> float:
    """Make things happen until the slow one is closed; how long the slowest of them took to reach another."""
    found: list[Close] = []
    end = hub.Hub.end

    def noted(self: hub.Hub, subscriber: Subscriber, code: Close) -> None:
        found.append(code)
        end(self, subscriber, code)

    monkeypatch.setattr(hub.Hub, "end", noted)
    slowest = 0.0
    with listener(place.kim) as other:
        other.caught_up()
        while not found:
            began = time.monotonic()
            other.until_about(long_order(place)["id"])
            slowest = max(slowest, time.monotonic() - began)
            assert len(other.heard) < 200
    assert found == [Close.TOO_SLOW]
    return slowest


def test_a_slow_reader_is_closed_with_a_code_and_delays_nobody(
    place: Place, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "WAITING_MESSAGES", 16)
    assert until_found_out(place, monkeypatch) < hub.END_WITHIN_S / 2, "nobody waited for it"
    assert raw.rest().endswith(TOO_SLOW)


def test_so_is_one_that_has_too_many_bytes_waiting(place: Place, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "WAITING_BYTES", 150_000)
    assert until_found_out(place, monkeypatch) < hub.END_WITHIN_S / 2, "nobody waited for it"
    assert raw.rest().endswith(TOO_SLOW)


def test_one_that_never_reads_again_is_let_go(place: Place, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    abort = PushProtocol.abort

    def noted(self: PushProtocol) -> None:
        abort(self)
        let_go.set()

    monkeypatch.setattr(PushProtocol, "abort", noted)
    monkeypatch.setattr(channel, "WAITING_MESSAGES", 16)
    monkeypatch.setattr(hub, "END_WITHIN_S", 0.1)
    until_found_out(place, monkeypatch)
    assert let_go.wait(10)
    assert not raw.rest().endswith(TOO_SLOW)


def test_one_that_only_paused_hears_everything(place: Place, raw: Raw) -> None:
    """What waited comes in order when it reads again; and not as many messages, but as one."""
    start = snapshot(place.kim).cursor
    for _ in range(40):  # far more than its buffers hold, less than is too much
        last = long_order(place)
    frames, _ = follow(place.kim, start, limit=500)
    assert chained(frames, seq(start))
    heard = b""
    while last["id"].encode() not in heard:
        heard += raw.socket.recv(65_536)
    places = [heard.index(b'"seq":%d,' % frame.seq) for frame in frames]
    assert places == sorted(places)
    assert heard.count(b'"kind":"frames"') < len(frames)


def test_a_peer_that_has_gone_without_a_word_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers no ping. The intervals are shorter here; together they are within what the protocol promises."""
    assert PING_S + PONG_WITHIN_S < SILENCE_S
    monkeypatch.setattr("core.admin.serving.PING_S", 0.2)
    monkeypatch.setattr("core.admin.serving.PONG_WITHIN_S", 0.2)
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        kim = calls.staff(server)
        gone = Raw(kim, snapshot(kim).cursor)
        began = time.monotonic()
        gone.rest()
        assert time.monotonic() - began < 5
        gone.socket.close()


def test_a_stop_waits_for_nobody_who_does_not_read(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        kim = calls.staff(server)
        slow = Raw(kim, snapshot(kim).cursor)
        lines = [{"item_id": shop.FRIES, "note": LONG} for _ in range(15)]
        for _ in range(40):
            kim.post("/api/pos/orders/", order_body(lines=lines), key=new_key())
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 10
        slow.socket.close()
