"""Peers that take their time: none of them keeps a connection for ever, and none that hurries is hurt."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from core.server.http import connection
from tests.integration import calls
from tests.integration.push.test_socket import listener
from tests.support import shop
from tests.support.server import ServerThread

SOON_S = 0.4
UPGRADE = b"GET /api/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
UPGRADE += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
ORDERS = b"POST /api/online/orders/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """A backend that runs out of patience at once."""
    monkeypatch.setattr(connection, "REQUEST_WITHIN_S", SOON_S)
    monkeypatch.setattr(connection, "READ_WITHIN_S", SOON_S)
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as made:
        yield made


@contextmanager
def connected(server: ServerThread) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as made:
        yield made


def rest(peer: socket.socket) -> bytes:
    """All that comes until the server lets go, which it has to do before the socket's own time is up."""
    found = b""
    try:
        while part := peer.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"\r\n",
        GET,
        GET + b"X-Slow: a",
        ORDERS + b"Content-Length: 40\r\n\r\n",
        ORDERS + b'Content-Length: 40\r\n\r\n{"lines":[',
        ORDERS + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        UPGRADE,
    ],
)
def test_what_does_not_come_is_not_waited_for(server: ServerThread, sent: bytes) -> None:
    with connected(server) as peer:
        peer.sendall(sent)
        rest(peer)
    assert requests.get(f"{server.url}/healthz", timeout=20).ok


def test_dripping_does_not_buy_time(server: ServerThread) -> None:
    """Each byte comes soon after the one before, and it is the whole that has to come in time."""
    with connected(server) as peer:
        peer.sendall(GET + b"X-Slow: ")
        peer.settimeout(SOON_S / 10)
        assert any(_is_let_go_of(peer) for _ in range(200))


def _is_let_go_of(peer: socket.socket) -> bool:
    """Having sent one more byte, and waited for a while."""
    try:
        peer.sendall(b"a")
        return not peer.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_an_order_that_drips_is_not_placed(server: ServerThread) -> None:
    ada = calls.customer(server)
    body = b'{"lines":[{"item_id":"fries"}]}'
    with connected(server) as peer:
        peer.sendall(ORDERS + f"Authorization: Bearer {ada.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        peer.sendall(body[:-1])
        rest(peer)
    assert ada.get("/api/online/orders/history/").json()["total"] == 0


def test_after_an_answer_the_next_request_has_its_own_time(server: ServerThread) -> None:
    with connected(server) as peer:
        for _ in range(3):
            peer.sendall(GET + b"\r\n")
            assert peer.recv(65536).startswith(b"HTTP/1.1 200")
        peer.sendall(b"\r\n")  # ends the time that an idle connection is kept for, and begins nothing
        assert rest(peer) == b""


def test_in_pieces_and_in_time_is_as_good_as_whole(server: ServerThread) -> None:
    ada = calls.customer(server)
    body = b'{"lines":[{"item_id":"fries"}]}'
    request = ORDERS + f"Authorization: Bearer {ada.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with connected(server) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(request), 50):
            peer.sendall(request[at : at + 50])
        assert peer.recv(65536).startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX-Long: "])
def test_a_head_has_an_end(server: ServerThread, start: bytes) -> None:
    with connected(server) as peer:
        try:
            peer.sendall(start)
            for _ in range(64):
                peer.sendall(b"x" * 16 * 1024)
        except ConnectionError:
            return  # it has been let go of before all was sent
        assert rest(peer).startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


def test_whoever_does_not_read_is_let_go_of(server: ServerThread) -> None:
    """A thousand answers asked for at once and none of them read."""
    with connected(server) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(ConnectionError):
            peer.sendall(b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 500_000)


def test_a_socket_is_not_a_request_that_never_ends(server: ServerThread) -> None:
    """It once was let go of when its upgrade should have been a whole request; screens came back, and nobody saw."""
    with listener(calls.staff(server)) as till:
        till.caught_up()
        with connected(server) as later:
            rest(later)  # who came after the till has had all the time there is
        till.until_about(calls.customer(server).place()["id"])


def test_a_page_in_a_browser_gets_no_socket(server: ServerThread) -> None:
    """A site that somebody at the till visits opens sockets in their browser's name; ours are no browsers."""
    for origin in (b"Origin: https://evil.example\r\n", b"Origin: null\r\n", b"origin:\r\n"):
        with connected(server) as peer:
            peer.sendall(UPGRADE + origin + b"\r\n")
            assert peer.recv(65536).startswith(b"HTTP/1.1 403")
    with connected(server) as peer:
        peer.sendall(UPGRADE + b"\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 101")
