"""Whatever is wrong with what a command is given, it says what is wrong, where, and what to do, in plain words.

Every command of the table is run in this process with every kind of broken input: a file in a folder's place, a folder
in a file's, no right, no such host, a port that is no number, a database that is none.
"""

import io
import re
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy
from sqlalchemy import URL, Engine

from core.admin import cli
from core.admin.cli import COMMANDS

pytestmark = pytest.mark.sqlite_only("what a command says is the same on each")

PROGRAMMERS = re.compile(
    r"Traceback|Errno|\w+Error\b|Exception|codec|regex|byte 0x|`(int|str|float|bool|array|object)`|NoneType|<class"
    r"|No such file or directory|Not a directory|Is a directory|File exists|Permission denied|_ssl\.c|sqlalche\.me"
    r"|invalid \w+ value|\\[nt]"
)
"""What is in no sentence for whoever runs a shop."""
NEXT_STEP = re.compile(
    r"orderbell [a-z-]+|--[a-z]|\?|\b(Add|Ask|Begin|Check|Choose|Close|Give|Install|Keep|Make|Move|Name|Put|Run|Say|See"
    r"|Start|Stop|Try|Use|Write|write|There are|there are|has to|may be|has \d+ to|as \S+|must name|The first line"
    r"|choose from)\b"
)
UNKNOWN_HOST = "postgresql+psycopg://kim:hunter2@nosuchhost.invalid/orderbell"
SILENT = "postgresql+psycopg://kim:hunter2@127.0.0.1:1/orderbell"


class Said(NamedTuple):
    status: int
    text: str


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shop in it, and everything around it that is wrong."""
    place = tmp_path_factory.mktemp("machine")
    made = ["--shop-name", "Test", "--currency", "EUR", "--time-zone", "Europe/Berlin", "--json"]
    data = ["--data-dir", str(place / "shop"), "--config", str(place / "orderbell.toml")]
    assert cli.main(["init", *made, *data]) == 0
    assert cli.main(["tls", "init", "--data-dir", str(place / "shop"), "--name", "till.example"]) == 0
    (place / "file").write_text("hello\n", encoding="utf-8")
    (place / "garbage").write_bytes(b"\x00\xff\xfe garbage")
    (place / "folder").mkdir()
    (place / "broken.toml").write_text("[server\nport=1", encoding="utf-8")
    wrong = '[server]\nport = "x"\nhosts = "a"\n[srv]\n[pos]\nserver_url = "shop.local:8765"\n'
    (place / "wrong.toml").write_text(wrong, encoding="utf-8")
    (place / "menu.csv").write_text("typ,name\nitem,Tea\n", encoding="utf-8")
    (place / "cut.csv").write_text('type,name,price\ncategory,"Dri,\n', encoding="utf-8")
    for name in ("newer", "corrupt", "keyless"):
        (place / name).mkdir()
        shutil.copy(place / "shop" / "keys.json", place / name)
    with sqlite3.connect(place / "newer" / "orderbell.db") as db:
        db.execute("CREATE TABLE alembic_version (version_num)")
        db.execute("INSERT INTO alembic_version VALUES ('9999')")
    db.close()
    (place / "corrupt" / "orderbell.db").write_bytes(b"garbage" * 1000)
    (place / "keyless" / "keys.json").write_text("{}", encoding="utf-8")
    return place


@pytest.fixture
def run(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object, typed: bytes = b"") -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
        try:
            status: object = cli.main([str(each) for each in arguments])
        except SystemExit as ended:
            status = ended.code
        out, err = capsys.readouterr()
        text = f"{err}\n{out}"
        print(" ".join(map(str, arguments)), "->", status, text)  # shown where a test fails
        assert status in (0, 1, 2)
        assert not PROGRAMMERS.search(text), f"{arguments}: {text}"
        assert "hunter2" not in text
        return Said(int(str(status)), text.replace(str(shop), "…"))

    return run


def refused(said: Said) -> str:
    assert said.status in (1, 2)
    assert NEXT_STEP.search(said.text), f"no next step: {said.text}"
    return said.text


READ = (
    ("users", "list"),
    ("roles", "list"),
    ("tenders", "list"),
    ("devices", "list"),
    ("menu", "export"),
    ("orders", "export"),
    ("shop", "show"),
    ("security-log",),
    ("keys", "list"),
    ("keys", "rotate"),
    ("keys", "kit", "kit"),
    ("backup", "create"),
    ("db", "current"),
    ("db", "check"),
    ("db", "upgrade"),
    ("doctor",),
    ("tls", "show"),
    ("tls", "renew"),
)
"""Commands that need a shop."""


@pytest.mark.parametrize("command", READ, ids=" ".join)
def test_a_place_where_no_shop_is(command: tuple[str, ...], shop: Path, run: Run) -> None:
    for place in ("none", "file/x", "file", "keyless"):
        refused(run(*command, "--data-dir", shop / place))
    for place in ("newer", "corrupt"):
        said = run(*command, "--data-dir", shop / place)
        if command[0] not in ("keys", "tls") or command[1] == "kit":
            assert f"…/{place}/orderbell.db" in refused(said), "where"


@pytest.mark.parametrize("command", READ, ids=" ".join)
def test_a_settings_file_that_is_none(command: tuple[str, ...], shop: Path, run: Run) -> None:
    assert "There is no settings file …/none.toml. Begin one with" in refused(
        run(*command, "--config", shop / "none.toml")
    )
    assert "…/folder cannot be read: it is a folder" in refused(run(*command, "--config", shop / "folder"))
    assert "…/garbage cannot be read: it is no text" in refused(run(*command, "--config", shop / "garbage"))
    assert "…/broken.toml is not TOML: " in refused(run(*command, "--config", shop / "broken.toml"))
    wrong = refused(run(*command, "--config", shop / "wrong.toml"))
    assert "port = 'x' (from …/wrong.toml:2): it may be a whole number from 0 to 65535." in " ".join(wrong.split())


OF_THE_DATABASE = [each for each in READ if each[0] not in ("keys", "tls", "doctor") or each[1:2] == ("kit",)]


@pytest.mark.parametrize("command", OF_THE_DATABASE, ids=" ".join)
def test_a_database_that_cannot_be_reached(command: tuple[str, ...], shop: Path, run: Run) -> None:
    def said(url: str) -> str:
        return refused(run(*command, "--data-dir", shop / "shop", "--database-url", url))

    assert "nosuchhost.invalid/orderbell cannot be used: no machine of that name is known. Check" in said(UNKNOWN_HOST)
    assert "127.0.0.1:1/orderbell cannot be used: nothing answers at that address and port. Is it" in said(SILENT)
    assert "Write sqlite:///FILE or postgresql" in said("mysql://x/y")
    assert "is no database we know" in said("nonsense")
    assert "/nonexistent/folder/x.db" in said("sqlite:////nonexistent/folder/x.db")


@pytest.mark.parametrize("command", ["init", "serve"])
def test_a_port_that_is_none(command: str, shop: Path, run: Run) -> None:
    for port in ("abc", "99999", "-1", "80.5", ""):
        said = refused(run(command, "--data-dir", shop / "shop", "--port", port))
        assert f"port = {port!r} (from --port): it may be a whole number from 0 to 65535." in said


def test_a_server_that_cannot_listen(shop: Path, run: Run) -> None:
    def said(*flags: object) -> str:
        return refused(run("serve", "--data-dir", shop / "shop", *flags))

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"127.0.0.1, port {port}: another program listens there already. Stop" in said("--port", port)
    assert "nosuchhost.invalid, port 8765: no machine of that name is known" in said("--host", "nosuchhost.invalid")
    assert "this machine has no such address. Choose one of its own" in said("--host", "192.0.2.1")
    assert "--log-format): it may be json, text" in said("--log-format", "xml")
    for certificate in ("file", "none", "folder"):
        assert f"…/{certificate}" in said("--port", 0, "--tls-certificate", shop / certificate)
    assert "serve: unrecognized arguments: --nonsense. See: orderbell serve --help" in said("--nonsense")
    assert "…/file/x" in refused(run("serve", "--data-dir", shop / "file" / "x"))


def test_a_second_authority(shop: Path, run: Run) -> None:
    said = refused(run("tls", "init", "--data-dir", shop / "shop"))
    assert (
        "There is a certificate authority already: …/shop/tls/ca.pem. Another certificate by it: orderbell tls renew."
        in said
    )
    assert "Write it as pos.example or 192.168.1.5." in refused(
        run("tls", "init", "--data-dir", shop / "t", "--name", "!")
    )
    assert "a part of it is a file" in refused(run("tls", "init", "--data-dir", shop / "file" / "x"))


WRONG_ANSWERS = (
    ("--shop-name", "", "--shop-name: a name has 1 to 80 letters"),
    ("--currency", "dollar", "as USD or EUR"),
    ("--time-zone", "Berlin", "did you mean Europe/Berlin?"),
    ("--country", "Germany", "Give its ISO 3166 code, such as US or DE"),
    ("--tax-rate", "x", "'x' is not a percentage, such as 8.25"),
    ("--menu", "none.csv", "none.csv cannot be read: there is no such file or folder. Check"),
    ("--menu", "folder", "folder cannot be read: it is a folder"),
    ("--menu", "menu.csv", "The first line names the columns"),
    ("--menu", "cut.csv", "cut.csv:2"),
    ("--menu", "garbage", "garbage"),
    ("--pin-file", "none", "--pin-file …/none cannot be read: there is no such file"),
    ("--pin-file", "folder", "folder cannot be read: it is a folder"),
    ("--pin-file", "garbage", "garbage cannot be read: it is no text"),
    ("--pin-file", "file", "--pin-file: a PIN has 4 to 10 digits"),
)


def test_answers_that_are_none(shop: Path, run: Run, tmp_path: Path) -> None:
    place = ("--data-dir", tmp_path / "new", "--config", tmp_path / "new.toml", "--yes")
    for flag, value, expected in WRONG_ANSWERS:
        answers = {"--shop-name": "Test", "--currency": "EUR"}
        answers[flag] = str(shop / value) if flag in ("--menu", "--pin-file") else value
        said = refused(run("init", *place, *(part for each in answers.items() for part in each)))
        assert expected in said
    assert "--shop-name is missing" in refused(run("init", "--json", *place))
    assert "--currency is missing" in refused(run("init", "--shop-name", "Test", *place))
    assert "There is a shop already, 'Test' in …/shop" in refused(run("init", "--json", "--data-dir", shop / "shop"))
    new = ("init", "--json", "--shop-name", "Test", "--currency", "EUR")
    assert "…/file" in refused(run(*new, "--data-dir", shop / "file" / "x"))
    assert "…/file cannot be used: something of that name" in refused(
        run(*new, *place[:2], "--config", shop / "file" / "x")
    )


def test_no_right(shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    for command in (("init", "--json"), ("serve",), ("tls", "init"), ("demo", "--tour", shop / "none")):
        flags = () if command[0] == "demo" else ("--data-dir", shop / "none")
        said = refused(run(*command, *flags))
        assert "…/none cannot be used: this user has no right to. Run it as the user that it belongs to" in said


def test_no_driver(shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    source = shop / "shop" / "orderbell.db"
    create = sqlalchemy.create_engine

    def lacking(url: URL, **more: Any) -> Engine:
        if url.drivername.startswith("postgresql"):
            raise ModuleNotFoundError("No module named 'psycopg'")
        return create(url, **more)

    monkeypatch.setattr(sqlalchemy, "create_engine", lacking)
    said = refused(run("db", "copy", source, UNKNOWN_HOST))
    assert "nosuchhost.invalid/orderbell needs PostgreSQL's driver, which is not installed here" in said
    assert re.search(r"Install it: \S+pip install 'psycopg\[binary\]'", said)


def test_copies(shop: Path, run: Run) -> None:
    source = shop / "shop" / "orderbell.db"
    for destination, expected in (
        (UNKNOWN_HOST, "nosuchhost.invalid/orderbell cannot be used: no machine of that name"),
        (SILENT, "nothing answers at that address and port"),
        (shop / "file" / "x.db", "…/file/x.db cannot be used: it cannot be opened. Is its folder there"),
        (shop / "folder", "…/folder is a folder. Name the file"),
        (shop / "garbage", "…/garbage cannot be used: it is no SQLite database, or is damaged. Name another"),
        ("mysql://a/b", "Write sqlite:///FILE"),
        (source, "Stop the server first"),
    ):
        assert expected in refused(run("db", "copy", source, destination))
    assert "There is no database …/none.db. Name another" in refused(run("db", "copy", shop / "none.db", shop / "x.db"))
    assert "…/garbage cannot be used" in refused(run("db", "copy", shop / "garbage", shop / "x.db"))
    assert "DST. See: orderbell db copy --help" in refused(run("db", "copy", "x"))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("users add ''", "name: it has to have at least 1 character."),
        ("users add Admin", "There already is somebody of this name. Choose another."),
        ("users add Kim --role boss", "choose from 'cashier', 'manager', 'admin'"),
        ("users add Kim --ask", "a PIN has 4 to 10 digits"),
        ("users disable Bob", "There are: Admin."),
        ("users reset", "is required. See: orderbell users reset --help"),
        ("users reset --customer abc", "orderbell users list --customers NAME"),
        ("users unlock --address abc", "address: 'abc' is no IP address"),
        ("users remove Admin", "add --yes"),
        ("users rename Admin ''", "name: it has to have at least 1 character."),
        ("users list --shop nope", "There is no shop nope."),
        ("devices pair 1!", "POS2"),
        ("devices pair POS2 --kind toaster", "there are: pos, display, kiosk"),
        ("devices revoke XX", "orderbell devices list"),
        ("menu export …/none/menu.csv", "…/none cannot be used: there is no such file or folder. Check"),
        ("menu export …/folder", "…/folder cannot be used: it is a folder"),
        ("menu export …/file/x.csv", "…/file"),
        ("menu import …/none.csv", "…/none.csv cannot be read: there is no such file"),
        ("menu import …/folder", "…/folder cannot be read: it is a folder"),
        ("menu import …/menu.csv", "names the columns"),
        ("menu import …/cut.csv", "This line cannot be read"),
        ("menu import -", "The first line names the columns"),
        ("menu set Tacoo --no-picture", "orderbell menu export -"),
        ("menu set Tea --picture …/none.png", "…/none.png cannot be read: there is no such file"),
        ("menu set Tea --picture …/menu.csv", "Choose a PNG, JPEG or WebP file of at most 32 MB."),
        ("shop set", "Say what is to be another: --name"),
        ("shop set --currency dollar", "as USD or EUR"),
        ("shop set --time-zone Berlin", "did you mean Europe/Berlin?"),
        ("shop set --country Germany", "Give its ISO 3166 code, such as US or DE"),
        ("shop set --tax-rate x", "'x' is not a percentage, such as 8.25"),
        ("shop set --name ''", "a name has 1 to 80 letters"),
        ("orders export --from yesterday", "'yesterday' is no day; write it as 2026-11-01"),
        ("orders export …/none/orders.csv", "…/none cannot be used: there is no such file or folder. Check"),
        ("orders export --separator x", "choose from"),
        ("report --from yesterday", "'yesterday' is no day; write it as 2026-11-01"),
        ("report --from 2026-11-02 --to 2026-11-01", "The last day comes before the first."),
        ("report --by weather", "choose from"),
        ("report …/none/report.csv", "…/none cannot be used: there is no such file or folder. Check"),
        ("security-log --last x", "'x' is no whole number"),
        ("keys kit …/file", "Name another file, or move that one away"),
        ("keys kit …/file/x.kit", "…/file/x.kit could not be written"),
        ("keys recover …/none --code-file -", "…/none cannot be read: there is no such file"),
        ("keys recover …/folder --code-file -", "it is a folder"),
        ("keys recover …/file --code-file -", "…/file is no recovery kit. Name another file."),
        ("keys recover …/file", "--code-file FILE"),
        ("backup create --to …/file", "something of that name is there already"),
        ("backup create --backup-dir …/file", "There is no backup in …/file: something of that name"),
        ("backup verify …/file", "orderbell backup list"),
        ("backup restore none", "There is no backup 'none'"),
        ("backup restore …/file", "orderbell backup list"),
        ("doctor --bundle …/folder", "…/folder: something of that name is there already"),
        ("doctor --bundle …/b.zip --log …/none", "…/none: there is no such file"),
    ],
)
def test_what_is_typed(command: str, expected: str, shop: Path, run: Run) -> None:
    arguments = [part.replace("…", str(shop)).replace("''", "") for part in command.split()]
    assert expected in refused(run(*arguments, "--data-dir", shop / "shop"))


@pytest.mark.parametrize("window", ["pos", "customer", "board", "sync"])
def test_windows_that_cannot_start(window: str, shop: Path, run: Run) -> None:
    def said(*flags: object) -> str:
        text = refused(run(window, *flags))
        assert "usage:" not in text
        return text

    for url in ("shop.local:8765", "ftp://x", "", "https://x/y"):
        assert f"server_url = {url!r} (from --server-url): it may be text, as https://192" in said("--server-url", url)
    for url in ("https://shop.local:abc", "https://shop.local:99999", "http://[::1", "https://:8765"):
        assert f"server_url {url} is no address: write it as https://192" in said("--server-url", url)
    assert "orderbell tls init" in said("--server-url", "http://shop.local:8765")
    assert "ca_file …/none cannot be used: there is no such file" in said("--ca-file", shop / "none")
    assert "ca_file …/file cannot be used: it is no certificate" in said("--ca-file", shop / "file")
    assert "There is no settings file" in said("--config", shop / "none.toml")
    assert "it may be" in said("--interval-s" if window == "sync" else "--text-scale", "0")
    assert "--nonsense. See: orderbell" in said("--nonsense")


def test_windows_files(shop: Path, run: Run) -> None:
    assert "…/none" in refused(run("sync", "--local-file", shop / "none"))
    assert "…/folder is a folder" in refused(run("sync", "--local-file", shop / "folder"))
    assert "…/garbage" in refused(run("sync", "--local-file", shop / "garbage"))
    assert "…/none cannot be read: there is no such file" in refused(run("board", "--secret-file", shop / "none"))
    assert "…/garbage cannot be read: it is no text" in refused(run("board", "--secret-file", shop / "garbage"))


def test_the_doctor_from_afar(shop: Path, run: Run) -> None:
    assert "begins with https://" in refused(run("doctor", "--server", "shop.local:8765"))
    assert "is not known. Check" in refused(run("doctor", "--server", "http://nosuchhost.invalid:1"))
    assert "refuses the connection" in refused(run("doctor", "--server", "http://127.0.0.1:1"))
    assert "https://h:abc" in refused(run("doctor", "--server", "https://h:abc"))


def test_the_demo(shop: Path, run: Run) -> None:
    assert "…/file cannot be used: something of that name is there already. Name" in refused(
        run("demo", "--tour", shop / "file")
    )
    assert "…/file/x" in refused(run("demo", "--tour", shop / "file" / "x"))
    assert "…/none cannot be read: there is no such file" in refused(run("demo", "--orders", shop / "none"))
    assert "…/garbage cannot be read: it is no text" in refused(run("demo", "--orders", shop / "garbage"))
    assert "the first line must name the columns" in refused(run("demo", "--orders", shop / "file"))


def test_config(shop: Path, run: Run) -> None:
    assert "choose from" in refused(run("config", "show", "x"))
    assert "orderbell config template" in refused(run("config", "check", "--config", shop / "none.toml"))
    said = refused(run("config", "check", "--config", shop / "wrong.toml"))
    assert "server_url = 'shop.local:8765' (from …/wrong.toml:6): it may be text, as https://192.168.1.5:8765." in said


def test_a_fault_of_the_simulated_terminal_that_is_no_chance(run: Run, tmp_path: Path) -> None:
    said = refused(run("card-terminal", tmp_path / "charges", "--lose", "2"))
    assert "--lose is how often an answer is lost, 0 to 1. Give another number." in said


def test_every_command_was_tried() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert not [name for name in COMMANDS if not re.search(rf"[\"' ({{]{name}[\"' ]", text)]
