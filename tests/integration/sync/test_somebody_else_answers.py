"""A proxy, or the sign-in page of a Wi-Fi, answers where the server was: a window is offline, and nothing else."""

import itertools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.errors import OtherServer, Unreachable
from core.client.http.push import open_socket
from core.client.sync import engine, synchronizer
from core.client.sync.engine import ConnectionState
from core.protocol import reading
from tests.integration.conftest import Place
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.synced import Screen

pytestmark = pytest.mark.sqlite_only("it is about what is before the database")
PAGE = b"<html><h1>Something else"
TRIES = 10 * synchronizer.GIVES_UP_ALONE


def answer(status: str, body: bytes = PAGE, *headers: str, kind: str = "text/html") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*head, *headers, "", ""]).encode() + body


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url) as proxy:
        yield proxy


@pytest.mark.parametrize(
    "instead",
    [
        answer("502 Bad Gateway"),
        answer("503 Service Unavailable", PAGE, "Retry-After: 86400"),
        answer("200 OK"),
        answer("302 Found", b"", "Location: http://login.guest.example/"),
        answer("401 Unauthorized", PAGE, 'WWW-Authenticate: Basic realm="proxy"'),
        answer("403 Forbidden"),
        answer("404 Not Found"),
        answer("413 Content Too Large"),
        answer("200 OK", b"[" * 100_000, kind="application/json"),
        answer(
            "401 Unauthorized",
            b'{"type":"about:blank","title":"Unauthorized","status":401}',
            kind="application/problem+json",
        ),
    ],
    ids=lambda instead: instead[9:40].split(b"\r")[0].decode(),
)
def test_what_waits_goes_on_waiting_and_whoever_is_signed_in_stays_so(
    proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instead: bytes
) -> None:
    with Screen(proxy.url, tmp_path / "pos.db") as pos:
        pos.staff()
        pos.until_live()
        for module in (synchronizer, engine):
            monkeypatch.setattr(module, "backoff_s", lambda _attempt: 0.005)
        posted, enough = itertools.count(1), threading.Event()

        def choose(line: str) -> Fault:
            if line.startswith("POST /api/pos/orders/") and next(posted) == TRIES:
                enough.set()
            return Fault.INSTEAD

        proxy.instead, proxy.choose = instead, choose
        proxy.cut()
        taken = [pos.take() for _ in range(5)]
        pos.until(lambda: pos.api.sync_status.state is ConnectionState.OFFLINE)
        assert enough.wait(60), "it is tried again and again"
        pos.until(lambda: isinstance(pos.api.sync_status.problem, OtherServer))
        problem = pos.api.sync_status.problem
        assert problem is not None
        assert problem.message.startswith(f"Something else answers at {proxy.url}, not Orderbell.")
        assert (pos.api.sync_status.counts.waiting, pos.api.sync_status.counts.held) == (5, 0)
        proxy.choose = lambda _line: Fault.NONE
        pos.until_sent()
        pos.until_live()
        pos.until(lambda: all(pos.store.server_row(order.id) is not None for order in taken))


def test_a_socket_goes_where_no_redirect_sends_it(proxy: FaultProxy) -> None:
    """Who listens says first with which token."""
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.listen()
        elsewhere.setblocking(False)
        port = elsewhere.getsockname()[1]
        for location in (f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/", "ws://[", "ftp://x/"):
            proxy.instead, proxy.choose = answer("302 Found", b"", f"Location: {location}"), lambda _line: Fault.INSTEAD
            with pytest.raises(Unreachable) as failed, open_socket(proxy.url, reading.message):
                pass
            assert failed.value.message == f"{proxy.url} answers, and pushes nothing to this window."
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
