"""TLS from both ends: the shop's server is believed by its authority, and nobody else is, by request or by socket."""

import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select

from core.client.errors import Unreachable, Untrusted, WrongClock
from core.client.http import push, trust
from core.client.http.api import HttpApi
from core.client.http.push import open_socket
from core.client.http.shared_socket import SharedSocket
from core.client.sync.engine import ConnectionState
from core.domain.commands import PlaceOrder
from core.domain.order import NewLine
from core.protocol import reading, routes
from core.protocol.events import OrderPlaced
from core.protocol.feed import Frames, Hello
from core.protocol.requests import SignIn
from core.protocol.trust import fingerprint, matches, short_fingerprint
from core.server.auth import authority
from core.server.auth.authority import AuthorityError
from core.server.auth.tls import Presented, TlsError
from core.server.settings import ServerSettings
from core.store.sql.statements import Transaction
from core.store.tables import orders
from tests.support import shop
from tests.support.server import ServerThread
from tests.support.synced import Screen

pytestmark = pytest.mark.sqlite_only("TLS ends before the database begins")
NOW = datetime.now(UTC)
NOT_OURS = "not made by this shop"
PADDED = "=\n-----END CERTIFICATE-----"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take more than five seconds to open a socket: that says nothing of a certificate."""
    monkeypatch.setattr(push, "_OPEN_WITHIN_S", 60.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shop.lay_out(tmp_path / "orderbell.db")
    authority.make(tmp_path / "tls", "Test Kitchen", ["till.example"])
    return tmp_path


@pytest.fixture
def ca_file(home: Path) -> str:
    return str(home / "tls" / "ca.pem")


@contextmanager
def served(home: Path, port: int = 0) -> Iterator[ServerThread]:
    with ServerThread(home, ServerSettings(port=port, data_dir=str(home))) as server:
        assert server.url.startswith("https://")
        yield server


def by_request(url: str, ca_file: str) -> None:
    with closing(HttpApi(url, ca_file=ca_file)) as http:
        http.call(routes.MENU())


def by_socket(url: str, ca_file: str) -> None:
    with open_socket(url, reading.message, ca_file):
        return


ROADS = pytest.mark.parametrize("road", [by_request, by_socket])


def shown(url: str) -> str:
    """The fingerprint of the certificate that a server shows."""
    parts = urlsplit(url)
    return fingerprint(ssl.get_server_certificate((parts.hostname or "", parts.port or 0)))


def other_authority(path: Path) -> str:
    authority.make(path, "Somebody Else", [])
    return str(path / "ca.pem")


@ROADS
def test_the_shops_authority_is_believed_and_no_other(
    home: Path, ca_file: str, tmp_path: Path, road: Callable[[str, str], None]
) -> None:
    with served(home) as server:
        road(server.url, ca_file)
        for wrong in ("", other_authority(tmp_path / "other")):
            with pytest.raises(Untrusted, match=NOT_OURS) as refused:
                road(server.url, wrong)
            assert refused.value.title == "This is not the shop's server"


@ROADS
def test_with_an_authority_of_the_shops_the_public_ones_are_not_believed(
    home: Path, tmp_path: Path, road: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server's certificate came from a public authority, and the screen knew the shop's own.
    public = str(home / "tls" / "ca.pem")
    monkeypatch.setattr(trust, "DEFAULT_CA_BUNDLE_PATH", public)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", public)
    with served(home) as server:
        road(server.url, "")
        with pytest.raises(Untrusted, match=NOT_OURS):
            road(server.url, other_authority(tmp_path / "other"))


@ROADS
@pytest.mark.parametrize(
    ("made_at", "sentence"),
    [(NOW - timedelta(days=500), "has expired"), (NOW + timedelta(days=3), "not valid yet")],
    ids=["expired", "early"],
)
def test_a_certificate_has_its_time(
    home: Path, ca_file: str, made_at: datetime, sentence: str, road: Callable[[str, str], None]
) -> None:
    authority.renew(home / "tls", now=made_at)
    with served(home) as server, pytest.raises(WrongClock, match=f"By this machine's clock .* {sentence}") as refused:
        road(server.url, ca_file)
    assert abs(refused.value.says - datetime.now(UTC)) < timedelta(minutes=5)


@ROADS
def test_a_certificate_is_for_its_names(
    home: Path, ca_file: str, road: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "LOOPBACK", ("localhost",))
    authority.renew(home / "tls", ["till.example", "192.0.2.7"])
    with served(home) as server, pytest.raises(Untrusted, match="other names"):
        road(server.url, ca_file)


@ROADS
def test_a_server_that_does_not_encrypt_is_told_nothing(
    home: Path, ca_file: str, road: Callable[[str, str], None]
) -> None:
    plain = ServerSettings(port=0, data_dir=str(home / "elsewhere"))
    with ServerThread(home, plain) as server, pytest.raises(Unreachable, match=r"https://.* does not encrypt"):
        road(server.url.replace("http", "https"), ca_file)


def test_an_authority_that_is_gone_is_a_sentence(home: Path, ca_file: str) -> None:
    with served(home) as server, closing(HttpApi(server.url, ca_file=ca_file)) as http:
        Path(ca_file).unlink()
        with pytest.raises(Untrusted, match="cannot be read"):
            http.call(routes.MENU())


def test_what_happens_is_pushed_over_tls(home: Path, ca_file: str) -> None:
    with served(home) as server, closing(HttpApi(server.url, ca_file=ca_file)) as http:
        tokens = http.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
        with open_socket(server.url, reading.message, ca_file) as pushed:
            cursor = http.call(routes.SNAPSHOT()).cursor
            pushed.send_hello(Hello(token=tokens.access_token, cursor=cursor))
            order = http.call(routes.PLACE(body=PlaceOrder(lines=(NewLine(item_id=shop.FRIES),))))
            while not isinstance(message := pushed.receive(), Frames):
                pass
        event = message.frames[0].event
        assert isinstance(event, OrderPlaced)
        assert event.order.id == order.id


def test_no_two_threads_are_inside_one_tls_connection(
    home: Path, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is written only when the reading thread has gone in for the server's session tickets, as a busy
    machine has it now and then."""
    inside = threading.Lock()
    has_read = threading.Event()
    overlaps: list[str] = []

    def watched(act: Callable[..., object]) -> Callable[..., object]:
        def watch(*arguments: object) -> object:
            if act.__name__ == "read":
                has_read.set()
            if not inside.acquire(blocking=False):
                overlaps.append(act.__name__)
                return act(*arguments)
            try:
                return act(*arguments)
            finally:
                inside.release()

        return watch

    def later(act: Callable[..., None]) -> Callable[..., None]:
        def wait(*arguments: object) -> None:
            assert has_read.wait(60)
            act(*arguments)

        return wait

    with served(home) as server, closing(HttpApi(server.url, ca_file=ca_file)) as http:
        tokens = http.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
        cursor = http.call(routes.SNAPSHOT()).cursor
        monkeypatch.setattr(ssl.SSLSocket, "read", watched(ssl.SSLSocket.read))
        monkeypatch.setattr(ssl.SSLSocket, "send", watched(ssl.SSLSocket.send))
        for kind in (ssl.SSLSocket, SharedSocket):
            monkeypatch.setattr(kind, "sendall", later(kind.sendall))
        with open_socket(server.url, reading.message, ca_file) as pushed:
            pushed.send_hello(Hello(token=tokens.access_token, cursor=cursor))
            pushed.receive()
    assert overlaps == []


def test_a_stop_does_not_wait_for_a_screen_that_is_idle(home: Path, ca_file: str) -> None:
    with served(home) as server, closing(HttpApi(server.url, ca_file=ca_file)) as http:
        http.call(routes.MENU())  # its connection stays open, and nobody reads from it
        before_s = time.monotonic()
        server.stop()
        assert time.monotonic() - before_s < server.settings.stop_within_s / 2


def test_a_renewed_certificate_is_shown_without_a_restart(home: Path, ca_file: str) -> None:
    with served(home) as server, closing(HttpApi(server.url, ca_file=ca_file)) as http:
        http.call(routes.MENU())
        assert server.presented is not None
        first = shown(server.url)
        renewed = authority.renew(home / "tls")
        server.presented.check(NOW)
        assert shown(server.url) == renewed.fingerprint != first
        by_request(server.url, ca_file)
        http.call(routes.MENU())  # a connection from before goes on


def test_a_server_renews_what_is_about_to_end(home: Path, ca_file: str) -> None:
    with served(home) as server:
        assert server.presented is not None
        first = authority.read(home / "tls" / "server.pem")
        server.presented.check(first.not_after - timedelta(days=authority.RENEW_DAYS + 2))
        assert shown(server.url) == first.fingerprint
        server.presented.check(first.not_after - timedelta(days=authority.RENEW_DAYS - 1))
        second = authority.read(home / "tls" / "server.pem")
        assert shown(server.url) == second.fingerprint != first.fingerprint
        assert set(second.names) == set(first.names)
        assert second.not_after > first.not_after


def test_a_certificate_that_breaks_meanwhile_stops_nobody(
    home: Path, ca_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    with served(home) as server:
        assert server.presented is not None
        first = shown(server.url)
        (home / "tls" / "server.pem").write_text("nothing of use")
        server.presented.check(NOW)
        assert "left as it is" in caplog.text
        assert shown(server.url) == first


def test_a_till_tells_somebody_else_nothing_and_waits(home: Path, ca_file: str, tmp_path: Path) -> None:
    """Another server answers at the shop's address for a while. It is an outage, said for what it is."""
    other = tmp_path / "other"
    shop.lay_out(other / "orderbell.db")
    other_authority(other / "tls")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    address = f"https://127.0.0.1:{port}"
    with Screen(address, tmp_path / "till.db", ca_file=ca_file) as till:
        with served(home, port):
            till.staff()
            till.until_live()
        with served(other, port) as impostor:
            till.api.try_now()
            taken = till.take()
            till.until(lambda: isinstance(till.api.sync_status.problem, Untrusted))
            assert till.api.sync_status.state is ConnectionState.OFFLINE
            assert till.api.sync_status.counts.waiting == 1
            assert impostor.database.read_blocking(_orders_of) == []
        with served(home, port) as server:
            till.api.try_now()
            till.until_sent()
            till.until_live()
            assert server.database.read_blocking(_orders_of) == [taken.id]


def _orders_of(transaction: Transaction) -> list[str]:
    return [row[0] for row in transaction.search(select(orders.c.id))]


# -- first contact


def test_the_authority_is_fetched_by_the_letters_that_were_typed(home: Path, ca_file: str) -> None:
    known = Path(ca_file).read_text()
    letters = short_fingerprint(known)
    with served(home) as server:
        fetched = trust.fetch_ca(server.url, f" {letters[:5]}-{letters[5:]} ".lower())
        assert ssl.PEM_cert_to_DER_cert(fetched) == ssl.PEM_cert_to_DER_cert(known)
        for wrong in (
            "",
            letters[:-1],
            letters[::-1],
            short_fingerprint(Path(other_authority(home / "x")).read_text()),
        ):
            with pytest.raises(Untrusted, match="The code is not this server's"):
                trust.fetch_ca(server.url, wrong)
        with pytest.raises(Untrusted, match="https"):
            trust.fetch_ca(server.url.replace("https", "http"), letters)


def test_only_what_the_letters_stand_for_is_believed(tmp_path: Path) -> None:
    """Somebody in between hangs an authority of their own behind the shop's, whose letters fit, and then lets the
    screen through to the shop's server: now is not when they want to be believed."""
    ours = next(path for path in _authorities(tmp_path) if path.read_text().rstrip().endswith(PADDED))
    known = ours.read_text()
    theirs = Path(other_authority(tmp_path / "theirs")).read_text()
    ours.write_text(known + theirs)
    letters = short_fingerprint(known)
    assert matches(letters, ours.read_text())  # base64 ends at its padding: the rest is not read
    shop.lay_out(ours.parents[1] / "orderbell.db")
    with served(ours.parents[1]) as server:
        fetched = trust.fetch_ca(server.url, letters)
    assert ssl.PEM_cert_to_DER_cert(fetched) == ssl.PEM_cert_to_DER_cert(known)
    assert fetched.count("BEGIN CERTIFICATE") == 1


def test_an_authority_that_does_not_prove_its_server_is_not_taken(home: Path, ca_file: str, tmp_path: Path) -> None:
    """Somebody else's server that hands out the shop's certificate."""
    known = Path(ca_file).read_text()
    other = tmp_path / "other"
    shop.lay_out(other / "orderbell.db")
    Path(other_authority(other / "tls")).write_text(known)
    with served(other) as server, pytest.raises(Untrusted, match=NOT_OURS):
        trust.fetch_ca(server.url, short_fingerprint(known))


def _authorities(path: Path) -> Iterator[Path]:
    """One after the other, until one's DER has a length that base64 pads."""
    for number in range(100):
        authority.make(path / str(number) / "tls", "Test Kitchen" + "!" * (number % 3), [])
        yield path / str(number) / "tls" / "ca.pem"


def test_a_server_with_another_certificate_has_no_letters(home: Path, ca_file: str) -> None:
    settings = ServerSettings(port=0, data_dir=str(home), tls_certificate=str(home / "tls" / "server.pem"))
    with ServerThread(home, settings) as server, pytest.raises(Untrusted, match="no certificate of the shop's"):
        trust.fetch_ca(server.url, short_fingerprint(Path(ca_file).read_text()))


# -- files


def test_certificates_are_as_strict_verifiers_want_them(home: Path, ca_file: str) -> None:
    strict = trust.context(ca_file)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with served(home) as server:
        parts = urlsplit(server.url)
        with (
            socket.create_connection((parts.hostname, parts.port)) as plain,
            strict.wrap_socket(plain, server_hostname="till.example") as secure,
        ):
            assert secure.version() in {"TLSv1.2", "TLSv1.3"}
    made = authority.read(home / "tls" / "server.pem")
    assert made.not_after - made.not_before < timedelta(days=authority.SERVER_DAYS)
    assert set(made.names) == {"till.example", "localhost", "127.0.0.1", "::1"}
    assert made.issuer == "Orderbell certificate authority of Test Kitchen"


def test_nothing_older_than_tls_1_2(home: Path, ca_file: str) -> None:
    assert trust.context(ca_file).minimum_version == ssl.TLSVersion.TLSv1_2
    assert Presented(home / "tls" / "server.pem").context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file by the rights of its directory")
def test_keys_are_their_owners(home: Path) -> None:
    for name in ("ca-key.pem", "server.pem"):
        assert stat.S_IMODE((home / "tls" / name).stat().st_mode) == 0o600


def test_an_authority_is_made_once(home: Path, ca_file: str) -> None:
    before = Path(ca_file).read_bytes()
    with pytest.raises(AuthorityError, match=r"There is a certificate authority already: .*orderbell tls renew"):
        authority.make(home / "tls", "Test Kitchen", [])
    assert Path(ca_file).read_bytes() == before


@pytest.mark.parametrize("name", ["", "till one", "http://till", "-till", "till.", "a" * 64, "*.example", "café"])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(AuthorityError, match="neither a host's name nor an IP address"):
        authority.make(tmp_path, "Test Kitchen", [name])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "server.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TlsError, match=r"server\.pem"):
        Presented(path)
    with pytest.raises(AuthorityError, match=r"server\.pem"):
        authority.read(path)


def test_a_key_that_is_locked_asks_nobody(home: Path) -> None:
    whole = (home / "tls" / "server.pem").read_bytes()
    key = serialization.load_pem_private_key(whole, None)
    locked = home / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(TlsError, match="locked by a password"):
        Presented(home / "tls" / "server.pem", locked)
