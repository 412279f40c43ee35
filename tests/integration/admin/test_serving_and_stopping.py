"""Where a backend says it can be reached, and how it stops: what was accepted is finished, and screens are told."""

import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from core.admin import addresses, serve
from core.admin.backend import reach
from core.admin.serving import running, url_of
from core.client.http.api import HttpApi
from core.protocol import routes
from core.server.auth import authority
from core.server.settings import ServerSettings
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.support import shop
from tests.support.listener import Listener, hello
from tests.support.server import ServerProcess

pytestmark = pytest.mark.sqlite_only("it has nothing to do with the database")
RESTARTING = 1012
"""RFC 6455's registry: the service is restarting; come back."""
NO_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="a process gets no signals there but from its console")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shop.lay_out(tmp_path / "orderbell.db")
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[ServerProcess]:
    with ServerProcess(home) as started:
        yield started


class HalfSent:
    """A request whose last bytes are still to come."""

    def __init__(self, caller: Caller, body: dict[str, object]) -> None:
        parts = urlsplit(caller.url)
        text = json.dumps(body).encode()
        head = (
            f"POST /api/online/orders/ HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {caller.token}\r\n"
            f"Idempotency-Key: {new_key()}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        self.socket = socket.create_connection((parts.hostname, parts.port), 20)
        self.socket.sendall(head.encode() + text[:-1])
        self._rest = text[-1:]

    def finish(self) -> str:
        """Send the rest; gives the status line of the answer."""
        with self.socket:
            self.socket.sendall(self._rest)
            return self.socket.makefile("rb").readline().decode()


@NO_SIGNALS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_stop_finishes_what_was_accepted_and_tells_the_screens(
    home: Path, server: ServerProcess, number: signal.Signals
) -> None:
    ada = calls.customer(server)
    cursor = ada.get("/api/snapshot/").json()["cursor"]
    half = HalfSent(ada, order_body())
    assert server.process is not None
    with Listener(server.url, hello(ada.token, cursor)) as screen:
        screen.message()
        ada.get("/healthz")  # by now the half request is being waited for
        server.process.send_signal(number)
        assert _code_of_end(screen) == RESTARTING
    assert half.finish().split()[1] == "201"
    assert server.process.wait(30) == 0
    assert running(ServerSettings(data_dir=str(home))) is None
    with ServerProcess(home) as again:
        assert len(calls.customer(again).get("/api/online/orders/history/").json()["orders"]) == 1


def _code_of_end(screen: Listener) -> int | None:
    while True:
        try:
            screen.message()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@NO_SIGNALS
def test_a_second_ctrl_c_does_not_wait(home: Path, server: ServerProcess) -> None:
    half = HalfSent(calls.customer(server), order_body())
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)
    parts = urlsplit(server.url)
    while True:  # it has heard the first when nobody new gets in
        try:
            socket.create_connection((parts.hostname, parts.port), 5).close()
        except OSError:
            break
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(15) == 0
    half.socket.close()


def test_commands_reach_a_server_that_speaks_tls(home: Path) -> None:
    authority.make(home / "tls", "Test Kitchen", [])
    (home / "keys.json").unlink(missing_ok=True)
    with ServerProcess(home) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with reach(ServerSettings(data_dir=str(home))) as backend:
            assert backend.call(routes.MENU()).shop_name == "Test Kitchen"
        with closing(HttpApi(server.url, ca_file=str(home / "tls" / "ca.pem"))) as http:
            assert http.call(routes.MENU()).shop_name == "Test Kitchen"


def test_a_certificate_that_cannot_be_shown_is_a_sentence(home: Path) -> None:
    flags = ("--tls-certificate", str(home / "nowhere.pem"))
    with pytest.raises(RuntimeError, match=r"nowhere\.pem cannot be read"), ServerProcess(home, *flags):
        pass


@pytest.mark.parametrize(
    ("host", "tls", "url"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:1"),
        ("0.0.0.0", True, "https://127.0.0.1:1"),
        ("::", False, "http://[::1]:1"),
        ("fd00::2", True, "https://[fd00::2]:1"),
        ("till.example", True, "https://till.example:1"),
    ],
)
def test_where_it_is_asked_from_its_own_machine(host: str, tls: bool, url: str) -> None:
    assert url_of(host, 1, tls=tls) == url


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "addresses", lambda: ["192.168.1.5"])
    monkeypatch.setattr(addresses, "names", lambda: ["shop", "shop.local"])


def told(home: Path, host: str) -> list[str]:
    return serve._for_screens(ServerSettings(data_dir=str(home), host=host), "https://127.0.0.1:8765")


@pytest.mark.usefixtures("network")
def test_screens_are_told_where_it_is_by_names_the_certificate_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(tmp_path, "127.0.0.1") == []
    assert told(tmp_path, "0.0.0.0") == ["Screens that allow plain HTTP reach it at http://192.168.1.5:8765"]
    assert "orderbell tls init" in capsys.readouterr().err
    authority.make(tmp_path / "tls", "A", ["shop.local", "192.168.1.5", "192.168.1.99"])
    assert told(tmp_path, "0.0.0.0") == [
        "Screens reach it at https://192.168.1.5:8765",
        "Screens reach it at https://shop.local:8765",
    ]
    authority.renew(tmp_path / "tls", ["counter.example"])
    assert told(tmp_path, "0.0.0.0") == ["Screens reach it at https://counter.example:8765"]
    assert capsys.readouterr().err == ""
    authority.renew(tmp_path / "tls", ["localhost"])
    assert told(tmp_path, "0.0.0.0") == []
    assert "orderbell tls renew --name 192.168.1.5" in capsys.readouterr().err


def test_this_machines_addresses_are_of_a_network() -> None:
    for found in addresses.addresses():
        assert not found.startswith(("127.", "169.254.", "fe80", "::1"))
    assert all(name == name.lower() for name in addresses.names())


def test_every_address_can_be_certified(tmp_path: Path) -> None:
    names = [*addresses.names(), *addresses.addresses()]
    authority.make(tmp_path, "A", names)
    assert set(authority.read(tmp_path / "server.pem").names) == {*names, *authority.LOOPBACK}
