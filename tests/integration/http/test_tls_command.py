"""`orderbell tls` as an admin uses it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import settings
from core.admin.cli import main
from core.admin.sync import SyncSettings
from core.files import write_whole
from core.protocol.trust import short_fingerprint
from core.server.auth import authority
from core.server.auth.tls import Presented
from core.server.settings import ServerSettings
from core.settings import document
from customer_view.settings import CustomerSettings
from customer_view.status_display.settings import StatusDisplaySettings
from pos_app.settings import PosSettings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "shop"


def tls(home: Path, *arguments: str) -> int:
    return main(["tls", *arguments, "--data-dir", str(home)])


def test_made_once_shown_and_renewed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls(home, "show") == 1
    assert "orderbell tls init" in capsys.readouterr().err
    assert tls(home, "init", "--name", "till.example") == 0
    told = capsys.readouterr().out
    ca = (home / "tls" / "ca.pem").read_text()
    assert short_fingerprint(ca) in told
    assert "ca-key.pem to yourself" in told
    assert tls(home, "init") == 1
    assert "There is a certificate authority already" in capsys.readouterr().err
    assert tls(home, "renew", "--name", "other.example", "--name", "192.0.2.7", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown["names"]) == {"other.example", "192.0.2.7", *authority.LOOPBACK}
    assert 390 < shown["days_left"] <= 396
    assert (home / "tls" / "ca.pem").read_text() == ca
    assert shown["ca_short"] == short_fingerprint(ca)


def test_without_names_it_is_for_this_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.admin.addresses.names", lambda: ["shop", "shop.local"])
    monkeypatch.setattr("core.admin.addresses.addresses", lambda: ["192.168.1.5", "fd00::2"])
    assert tls(home, "init") == 0
    found = authority.read(home / "tls" / "server.pem").names
    assert set(found) == {"shop", "shop.local", "192.168.1.5", "fd00::2", *authority.LOOPBACK}


def test_windows_on_this_machine_find_it_afterwards(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "orderbell.toml"
    server = f"[server]\nport = 9000\ndata_dir = {document.literal(str(home))}\n"
    file.write_text(server + '\n[pos]\n# theme = "auto"\n\n[board]\nserver_url = "https://elsewhere"\n')
    assert main(["tls", "init", "--config", str(file)]) == 0
    pos = settings.load(PosSettings, "pos", {"config": str(file)}, {}).values
    assert (pos.server_url, Path(pos.ca_file)) == ("https://127.0.0.1:9000", home / "tls" / "ca.pem")
    customer = settings.load(CustomerSettings, "customer", {"config": str(file)}, {}).values
    assert customer.server_url == "https://127.0.0.1:9000"
    assert "https://elsewhere" in file.read_text(), "what somebody has set stays"


def test_windows_find_it_as_it_was_made_and_after_it_speaks_tls(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "orderbell.toml"
    where = ("--data-dir", str(home), "--config", str(file))
    assert main(["init", *where, "--port", "9000", "--shop-name", "A", "--currency", "EUR", "--yes"]) == 0

    def addresses() -> set[tuple[str, str]]:
        flags = {"config": str(file)}
        found = (
            settings.load(PosSettings, "pos", flags, {}).values,
            settings.load(CustomerSettings, "customer", flags, {}).values,
            settings.load(StatusDisplaySettings, "board", flags, {}).values,
            settings.load(SyncSettings, "sync", flags, {}).values,
        )
        return {(each.server_url, each.ca_file) for each in found}

    assert addresses() == {("http://127.0.0.1:9000", "")}
    assert main(["tls", "init", "--config", str(file)]) == 0
    assert addresses() == {("https://127.0.0.1:9000", str(home / "tls" / "ca.pem"))}


@pytest.mark.parametrize(("left_days", "status"), [(30, 0), (13, 1), (-2, 1)])
def test_show_warns_a_monitor_by_its_status(home: Path, left_days: int, status: int) -> None:
    made = datetime.now(UTC) + timedelta(days=left_days - authority.SERVER_DAYS + 1.5)
    authority.make(home / "tls", "A", [], now=made)
    assert tls(home, "show") == status


def test_a_certificate_of_ones_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority.make(home / "bought", "A Public Authority", ["shop.example"])
    own = str(home / "bought" / "server.pem")
    assert tls(home, "show", "--tls-certificate", own, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["server_file"] == own
    assert shown["issuer"] == "Orderbell certificate authority of A Public Authority"
    assert shown["ca_short"] == ""
    assert tls(home, "renew") == 1  # it is nothing of ours to renew
    assert "nothing can be signed" in capsys.readouterr().err


def test_cut_short_it_is_made_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without `ca.pem` has no authority, whatever else is in it: the server speaks no TLS by halves."""

    def files() -> tuple[Path, Path | None] | None:
        return ServerSettings(data_dir=str(home)).tls_files

    def cut(path: Path, content: bytes, *, private: bool = False) -> None:
        if path.name == authority.CA_FILE:
            raise KeyboardInterrupt
        write_whole(path, content, private=private)

    monkeypatch.setattr(authority, "write_whole", cut)
    with pytest.raises(KeyboardInterrupt):
        authority.make(home / "tls", "A", [])
    assert files() is None
    monkeypatch.undo()
    assert tls(home, "init") == 0
    found = files()
    assert found is not None
    Presented(*found)


def test_a_recovery_kit_from_before_is_said_to_lack_the_authority(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--data-dir", str(tmp_path / "data"), "--config", str(tmp_path / "o.toml"))
    kit = ("--shop-name", "Test", "--currency", "EUR", "--kit", str(tmp_path / "kit"))
    assert main(["init", *flags, *kit]) == 0
    assert "the present one lacks the certificate authority" in capsys.readouterr().out
    assert main(["keys", "rotate", *flags]) == 0
    assert "The recovery kit stays good" in capsys.readouterr().out
    assert main(["tls", "init", *flags]) == 0
    assert "lacks what is here now. Make another: orderbell keys kit FILE" in capsys.readouterr().err
    assert main(["keys", "kit", str(tmp_path / "another"), *flags]) == 0
    capsys.readouterr()
    assert main(["tls", "renew", *flags]) == 0
    assert "kit" not in capsys.readouterr().err
