"""`orderbell init`: a shop from an empty machine, once, with what was answered, however often it is cut short."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import settings
from core.admin import asking, cli, config, init
from core.admin.cli import main
from core.domain.money import CURRENCIES
from core.server.auth import authority
from core.server.settings import SECTION, ServerSettings
from core.store import shops
from core.store.engine.database import Database, file_url
from core.store.engine.owner import Ownership
from core.store.shops import Shop
from tests.integration.calls import Caller
from tests.support.server import ServerProcess

pytestmark = pytest.mark.sqlite_only("it is set up the same way on each")
CSV = "type,name,price\ncategory,Drinks,\nitem,Tea,2.50\nitem,Coffee,3\n"


class Home:
    """Where a shop is to be made, and the command that makes it."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.file = directory / "etc" / "orderbell.toml"
        self.flags = ("--data-dir", str(self.data), "--config", str(self.file))

    def init(self, *arguments: str) -> int:
        return main(["init", *self.flags, *arguments])

    def shop(self) -> tuple[Shop | None, int, list[str]]:
        """The shop, how many items it sells, and its admins."""
        database = Database(file_url(self.data / "orderbell.db"))
        try:
            found = database.read_blocking(shops.default)
            if found is None:
                return None, 0, []
            rows = database.read_blocking(
                lambda transaction: [
                    tuple(row) for row in transaction.connection.exec_driver_sql("SELECT name, role FROM staff")
                ]
            )
            items = database.read_blocking(
                lambda transaction: transaction.connection.exec_driver_sql("SELECT count(*) FROM menu_items").scalar()
            )
            return found, int(items or 0), [f"{role} {name}" for name, role in rows]
        finally:
            database.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Somebody at the terminal, who types this; gives what they are asked."""

    def prepare(*answers: str, pins: tuple[str, ...] = ()) -> list[str]:
        asked: list[str] = []
        left, secret = iter(answers), iter(pins)

        def ask(question: str) -> str:
            asked.append(question)
            return next(left)

        monkeypatch.setattr(asking, "is_interactive", lambda: True)
        monkeypatch.setattr("builtins.input", ask)
        monkeypatch.setattr("getpass.getpass", lambda _question: next(secret))
        return asked

    return prepare


def test_from_nothing_to_signing_in(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    answers = (
        "--shop-name",
        " Corner  Kitchen",
        "--currency",
        "eur",
        "--time-zone",
        "Europe/Berlin",
        "--tax-rate",
        "19,5",
    )
    assert home.init(*answers, "--tax-added", "--admin", "Ada", "--menu", "demo", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    shop, items, staff = home.shop()
    assert shop is not None
    assert (shop.name, shop.currency, shop.time_zone) == ("Corner Kitchen", "EUR", "Europe/Berlin")
    assert shop.country == made["country"] == "DE", "the time zone's"
    assert (shop.tax.rate_bp, shop.tax.included) == (1950, False)
    assert (items, staff) == (made["items"], ["admin Ada"])
    assert items > 10
    assert made["next"][0] == f"orderbell serve --config {home.file}"
    # The settings file alone says where all of it is.
    assert settings.load(ServerSettings, SECTION, {}, {}, home.file).values.data_dir == str(home.data)
    with ServerProcess(home.data, "--config", str(home.file)) as server:
        assert server.said == []
        body = {"staff": "Ada", "pin": made["pin"], "device": made["terminal"], "shop": ""}
        assert Caller(server.url).post("/api/auth/staff/sign-in/", body).status_code == 200


@pytest.mark.parametrize(
    ("host", "encrypts", "steps"),
    [
        ("0.0.0.0", False, ["serve", "pos", "tls init", "keys kit FILE"]),
        ("127.0.0.1", True, ["serve", "pos", "keys kit FILE"]),
        ("192.0.2.2", False, ["tls init", "serve", "devices pair POS1", "pos", "keys kit FILE"]),
        ("192.0.2.2", True, ["serve", "devices pair POS1", "pos", "keys kit FILE"]),
    ],
)
def test_what_is_said_to_come_next_works_in_that_order(
    home: Home, capsys: pytest.CaptureFixture[str], host: str, encrypts: bool, steps: list[str]
) -> None:
    """Windows refuse an address of the network that is not encrypted, and have to be paired to one."""
    home.data.mkdir()
    if encrypts:
        authority.make(home.data / "tls", "Test Kitchen", [])
    assert home.init("--shop-name", "Test", "--currency", "EUR", "--host", host, "--json") == 0
    expected = [f"orderbell {step} --config {home.file}" for step in steps]
    assert json.loads(capsys.readouterr().out)["next"] == expected


def test_it_is_asked_for_on_a_terminal(
    home: Home, typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    menu = tmp_path / "menu.csv"
    menu.write_text(CSV, encoding="utf-8")
    none = tmp_path / "none.csv"
    none.write_text("nothing\n", encoding="utf-8")
    asked = typed(
        *(
            "",
            "Café",
            "euro",
            "KWD",
            "Asia/Kuwayt",
            "Asia/Kuwait",
            "Kuwait",
            "kw",
            "5 percent",
            "5",
            "perhaps",
            "yes",
            str(none),
            str(menu),
            "Noor",
            "",
        ),
        pins=("12", "123456", "314159", "314158", "314159", "314159"),
    )
    assert home.init() == 0
    shop, items, staff = home.shop()
    assert shop is not None
    assert (shop.name, shop.currency, shop.time_zone, shop.country) == ("Café", "KWD", "Asia/Kuwait", "KW")
    assert (shop.tax.rate_bp, shop.tax.included, items, staff) == (500, True, 2, ["admin Noor"])
    told = capsys.readouterr()
    assert "314159" not in told.out + told.err + " ".join(asked)
    for sentence in (
        "1 to 80",
        "There is no currency",
        "did you mean Asia/Kuwait",
        "There is no country",
        "not a percentage",
    ):
        assert sentence in told.err
    assert "4 to 10 digits" in told.err
    assert "\\n" not in told.out + told.err
    assert "It is no menu yet." in told.err.splitlines()
    assert any(line.startswith(f"{none}:1:") for line in told.err.splitlines())
    assert "not the same" in told.err


def test_a_shop_that_is_there_is_left_alone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.init("--shop-name", "First", "--currency", "USD", "--json") == 0
    before = {path.name: path.read_bytes() for path in (home.file, home.data / "keys.json")}
    assert home.init("--shop-name", "Second", "--currency", "USD") == 1
    assert "There is a shop already, 'First'" in capsys.readouterr().err
    assert before == {path.name: path.read_bytes() for path in (home.file, home.data / "keys.json")}
    assert home.shop()[0].name == "First"  # type: ignore[union-attr]


@pytest.mark.parametrize("last", ["write_whole", "setup.open_keys", "create_shop"])
def test_cut_short_it_goes_on(
    home: Home, last: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"core.admin.init.{last}", cut)
        assert home.init("--shop-name", "Corner", "--currency", "USD") == cli.INTERRUPTED
    assert "Run it again" in capsys.readouterr().err
    assert home.shop()[0] is None
    assert home.init("--shop-name", "Corner", "--currency", "USD", "--json") == 0
    assert home.shop()[0] is not None
    assert json.loads(capsys.readouterr().out)["pin"]


def test_a_pin_that_was_made_is_known_before_the_shop_is(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    def cut(*_: Any, **__: Any) -> None:
        told.append(capsys.readouterr().out)
        raise KeyboardInterrupt

    monkeypatch.setattr(init, "create_shop", cut)
    assert home.init("--shop-name", "Corner", "--currency", "USD") == cli.INTERRUPTED
    assert "The PIN of Admin is " in told[0]


def test_another_that_was_quicker_is_left_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.init("--shop-name", "First", "--currency", "USD") == 0
    with monkeypatch.context() as looked_before:
        looked_before.setattr(Database, "read_blocking", lambda _self, _work: None)
        assert home.init("--shop-name", "Second", "--currency", "USD") == 1
    assert "has just made a shop" in capsys.readouterr().err
    assert home.shop()[0].name == "First"  # type: ignore[union-attr]


def test_a_settings_file_that_is_there_is_kept(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.file.parent.mkdir()
    home.file.write_text("[server]\nport = 9000\n", encoding="utf-8")
    assert home.init("--shop-name", "Corner", "--currency", "USD") == 0
    assert home.file.read_text() == "[server]\nport = 9000\n"
    told = capsys.readouterr()
    assert "Kept the settings file" in told.out
    assert "data_dir = " in told.err
    assert '[pos], [customer], [board], [sync] there have: server_url = "http://127.0.0.1:9000"' in told.err


def test_windows_that_a_kept_file_leads_to_the_server_are_not_spoken_of(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.file.parent.mkdir()
    to = 'server_url = "http://127.0.0.1:9000"\n'
    sections = "".join(f"[{window}]\n{to}" for window in config.WINDOWS)
    home.file.write_text(f"[server]\nport = 9000\n{sections}", encoding="utf-8")
    assert home.init("--shop-name", "Corner", "--currency", "USD") == 0
    assert "Windows" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--currency", "USD"), "--shop-name is missing"),
        (("--shop-name", "A"), "--currency is missing"),
        (("--shop-name", "A", "--currency", "XAU"), "There is no currency 'XAU'"),
        (("--shop-name", "A", "--currency", "USD", "--tax-rate", "8.255"), "two decimals"),
        (("--shop-name", "A", "--currency", "USD", "--tax-rate", "-1"), "0 to 100"),
        (("--shop-name", "A", "--currency", "USD", "--tax-rate", "nan"), "0 to 100"),
        (("--shop-name", "A", "--currency", "USD", "--time-zone", "Mars"), "no time zone"),
        (("--shop-name", "A", "--currency", "USD", "--menu", "none.csv"), "none.csv cannot be read"),
        (("--shop-name", "A", "--currency", "USD", "--pin-file", "none"), "cannot be read"),
    ],
)
def test_answers_that_cannot_be(
    home: Home, flags: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.init(*flags) == 2
    assert sentence in capsys.readouterr().err
    assert not home.file.exists()


def test_a_menu_that_is_none_names_its_lines(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    menu = tmp_path / "menu.csv"
    menu.write_text("type,name,price\ncategory,Drinks,\nitem,Tea,two\n", encoding="utf-8")
    assert home.init("--shop-name", "A", "--currency", "USD", "--menu", str(menu)) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith("it is no menu yet.")
    assert told[1].startswith(f"{menu}:3: price")


def test_a_pin_from_a_file(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "pin"
    secret.write_text("24681357\n")
    assert home.init("--shop-name", "A", "--currency", "USD", "--pin-file", str(secret), "--json") == 0
    assert json.loads(capsys.readouterr().out)["pin"] == ""


def test_a_pin_that_is_guessed_first_is_refused(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "pin"
    secret.write_text("1234\n")
    assert home.init("--shop-name", "A", "--currency", "USD", "--pin-file", str(secret)) == 2
    assert "one of the first that are guessed" in capsys.readouterr().err
    assert not home.file.exists()


def test_a_database_that_is_served_is_left_alone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.data.mkdir()
    with Ownership(file_url(home.data / "orderbell.db")):
        assert home.init("--shop-name", "A", "--currency", "USD") == 1
    assert "in use by another process" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file by the rights of its directory")
def test_what_is_secret_is_its_owners(home: Home) -> None:
    assert home.init("--shop-name", "A", "--currency", "USD", "--json") == 0
    for path in (home.file, home.data / "keys.json", home.data / "orderbell.db"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700


def test_every_currency_that_is_somebodys_is_known() -> None:
    from babel.core import get_global

    today = {
        code
        for used in get_global("territory_currencies").values()
        for code, _since, until, is_tender in used
        if until is None and is_tender
    }
    assert not today - CURRENCIES
