"""Whoever claims to be at the server's own machine proves it: where a connection comes from says nothing."""

import socket
import stat
import sys
from pathlib import Path

import pytest
import requests

from core.server.http import origin
from core.server.http.problems import Refusal
from core.settings import here
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.server import ServerThread

KIM = {"staff": shop.KIM.name, "pin": shop.KIM.pin, "device": shop.DEVICE}
SIGN_IN = "/api/auth/staff/sign-in/"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:{port}", "[::1]"])
def test_a_proxy_that_adds_nothing_and_says_it_is_this_machine_is_not_believed(place: Place, host: str) -> None:
    """From loopback, with a Host of loopback and no header of a proxy: as everybody looks behind one."""
    headers = {"Host": host.format(port=port_of(place.server.url))}
    refused = requests.get(f"{place.server.url}/metrics", headers=headers, timeout=20)
    assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
    refused = requests.post(f"{place.server.url}{SIGN_IN}", json=KIM, headers=headers, timeout=20)
    assert (refused.status_code, refused.json()["type"]) == (403, "unpaired")
    for wrong in ("", "x", "0" * 64, here.proof(place.server.url)[:-1]):
        shown = headers | {here.HEADER: wrong}
        assert requests.get(f"{place.server.url}/metrics", headers=shown, timeout=20).status_code == 403
        assert requests.post(f"{place.server.url}{SIGN_IN}", json=KIM, headers=shown, timeout=20).status_code == 403


def test_whoever_reads_the_file_is_here(place: Place) -> None:
    proof = here.proof(place.server.url)
    assert len(proof) == 64
    for headers in ({here.HEADER: proof}, {"Authorization": f"Bearer {proof}"}):
        reply = requests.get(f"{place.server.url}/metrics", headers=headers, timeout=20)
        assert reply.status_code == 200
        assert "orderbell_database_up" in reply.text
    shown = {here.HEADER: proof}
    assert requests.post(f"{place.server.url}{SIGN_IN}", json=KIM, headers=shown, timeout=20).status_code == 200
    for passed_on in ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "shop.example"}):
        refused = requests.post(f"{place.server.url}{SIGN_IN}", json=KIM, headers=shown | passed_on, timeout=20)
        assert refused.status_code == 403
    assert (
        requests.get(
            f"{place.server.url}/api/pos/orders/", headers={"Authorization": f"Bearer {proof}"}, timeout=20
        ).status_code
        == 401
    )


def test_the_secret_is_its_owners_alone_and_gone_with_the_server(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        file = here.path(port_of(server.url))
        calls.staff(server)
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        for name, given in (("second", server.keys), ("third", None)):
            (tmp_path / name).mkdir()
            shop.lay_out(tmp_path / name / "orderbell.db")
            with ServerThread(tmp_path / name, keys=given) as other:
                same = here.proof(other.url) == here.proof(server.url)
                assert same is (given is not None), "processes of one shop have one"
        url = server.url
    assert not file.exists()
    assert here.proof(url) == ""


def test_without_a_place_for_the_secret_a_till_has_to_be_paired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(here, "data_dir", lambda: tmp_path / "file")
    with ServerThread(tmp_path) as server:
        assert Caller(server.url).post(SIGN_IN, KIM).status_code == 403


@pytest.mark.parametrize(
    "url",
    ["http://192.0.2.7:8765", "https://shop.example", "http://[2001:db8::1]:80", "nonsense", "http://localhost:99999"],
)
def test_the_secret_is_shown_to_no_other_machine(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(here, "data_dir", lambda: tmp_path)
    for port in (80, 443, 8765):
        here.keep(port, "secret")
    assert here.proof(url) == ""
    assert (
        here.proof("http://localhost") == here.proof("https://127.0.0.1") == here.proof("http://[::1]:8765") == "secret"
    )


def test_what_somebody_else_has_put_there_is_not_written_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(here, "data_dir", lambda: tmp_path)
    mine = tmp_path / "mine"
    mine.write_text("mine")
    here.path(80).parent.mkdir()
    if sys.platform != "win32":
        here.path(80).symlink_to(mine)
    here.keep(80, "secret")
    assert mine.read_text() == "mine"
    assert here.path(80).read_text() == "secret"


def _said(url: str, *hosts: str) -> bytes:
    """The first line of the answer to a request with these `Host` headers."""
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=20) as connection:
        connection.sendall(f"GET /healthz HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        return connection.recv(65536).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "hosts",
    [
        ("127.0.0.1", "evil.example"),
        ("evil.example", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost:80@evil.example",),
        ("localhost/@evil",),
        ("localhost evil",),
        ("localhost,evil",),
        ("localhost\\evil",),
        ("localhost?x",),
    ],
)
def test_a_request_has_one_host(place: Place, hosts: tuple[str, ...]) -> None:
    assert b" 400 " in _said(place.server.url, *hosts)


@pytest.mark.parametrize(
    "host", ["localhost", "shop.example:8765", "[::1]:8765", "192.0.2.7", "a_b.example", "localhost:"]
)
def test_what_is_a_host_is_answered(place: Place, host: str) -> None:
    assert b" 200 " in _said(place.server.url, host)


@pytest.mark.parametrize(
    "host", [b"localhost:80x", b"localhost:", b"[::1]x", b"127.0.0.1.evil", b"localhost:80:80", b""]
)
def test_what_is_not_quite_this_machine_is_not(host: bytes) -> None:
    headers = {b"host": host, b"orderbell-here": b"s"}
    scope = {"client": ("127.0.0.1", 1), "headers": list(headers.items())}
    assert origin.is_here(scope, headers, "s") is (host == b"localhost:")
    for wrong in (b"localhost:80@evil", b"a b"):
        with pytest.raises(Refusal):
            origin.check_host({"headers": [(b"host", wrong)]}, {b"host": wrong})
