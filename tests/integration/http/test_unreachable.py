"""Whoever cannot reach the server is told which address was tried, and why it came to nothing: by every road to it."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.admin.backend import Backend
from core.admin.doctor.network import reached
from core.admin.failed import Failed
from core.admin.serving import Serving
from core.client.errors import ClientError, Unreachable
from core.client.http import push
from core.client.http.api import HttpClient
from core.client.http.push import open_socket
from core.client.http.trust import fetch_ca
from core.domain.ids import ShopId
from core.protocol import reading, routes
from core.server.auth import authority, keys
from core.server.settings import ServerSettings
from core.ui import text
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerThread

pytestmark = pytest.mark.sqlite_only("it is about what is before the database")
Road = Callable[[str], str]


def by_request(url: str) -> str:
    with closing(HttpClient(url, timeout_s=(0.3, 0.3))) as http, pytest.raises(Unreachable) as failed:
        http.call(routes.MENU())
    assert http.connection.problem is not None
    assert http.connection.problem.message == failed.value.message, "what the chip explains"
    return failed.value.message


def by_socket(url: str) -> str:
    with pytest.raises(Unreachable) as failed, open_socket(url, reading.message):
        pass
    return failed.value.message


def by_command(url: str) -> str:
    made = Backend(Serving(url=url), keys.make(), ShopId("shop"))
    with closing(made), pytest.raises(Failed) as failed:
        made.call(routes.HEALTH(), 0.3)
    return failed.value.message


def by_doctor(url: str) -> str:
    (check,) = reached(url)
    return check.says


ROADS = pytest.mark.parametrize("road", [by_request, by_socket, by_command, by_doctor])


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "_OPEN_WITHIN_S", 0.3)
    monkeypatch.setattr("core.admin.doctor.network.WITHIN_S", (0.3, 0.3))


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


def address(sock: socket.socket) -> str:
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


@ROADS
def test_refused(road: Road, bound: socket.socket) -> None:
    url = address(bound)  # bound and not listening
    assert road(url) == f"{url} refuses the connection. Is the server running, and is the port right?"


@ROADS
def test_a_server_that_hangs(road: Road, bound: socket.socket) -> None:
    bound.listen()  # and accepts nothing
    url = address(bound)
    assert road(url) == f"{url} does not answer in time. Check the network and the server."


@ROADS
def test_a_name_that_nobody_knows(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = road("http://till.example:8765")
    assert told == "The name in http://till.example:8765 is not known. Check the address and the network."


@ROADS
def test_plain_http_to_a_server_that_encrypts(road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "_OPEN_WITHIN_S", 30.0)
    shop.lay_out(tmp_path / "orderbell.db")
    authority.make(tmp_path / "tls", "Test Kitchen", [])
    with ServerThread(tmp_path, ServerSettings(port=0, data_dir=str(tmp_path))) as server:
        url = server.url.replace("https", "http")
        assert road(url).startswith(f"{url} broke off the connection. Where the server encrypts")


@ROADS
@pytest.mark.parametrize("status", ["200 OK", "302 Found", "403 Forbidden", "502 Bad Gateway"])
def test_something_else_answers(road: Road, status: str) -> None:
    with FaultProxy("http://127.0.0.1:9", lambda _line: Fault.INSTEAD) as proxy:
        proxy.instead = f"HTTP/1.1 {status}\r\nLocation: http://login.example/\r\nContent-Length: 2\r\n\r\nhi".encode()
        told = road(proxy.url)
    by_the_socket = f"{proxy.url} answers, and pushes nothing to this window."
    other = f"Something else answers at {proxy.url}, not Orderbell."
    assert told.startswith(by_the_socket if road is by_socket else other)


def test_while_pairing(bound: socket.socket) -> None:
    url = address(bound).replace("http", "https")
    with pytest.raises(Unreachable, match=f"^{re.escape(url)} refuses the connection"):
        fetch_ca(url, "ABCD")


def test_in_the_readers_language() -> None:
    error: ClientError = Unreachable(
        "{address} refuses the connection. Is the server running, and is the port right?", address="http://till:8765"
    )
    text.use_language("es")
    try:
        assert text.error_text(error).startswith("http://till:8765 rechaza la conexión.")
    finally:
        text.use_language("en")
