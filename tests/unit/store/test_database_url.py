"""How people write where a database is."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.admin.cli import main
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store.engine.database import CannotOpen, Database, make_engine, parse_url
from core.store.engine.owner import Ownership


@pytest.mark.parametrize(
    ("written", "hosts", "ports"),
    [
        ("postgresql+psycopg://pat:secret@one:5432,two:5433/shop", "one,two", "5432,5433"),
        ("postgresql+psycopg://one,two/shop?sslmode=require", "one,two", ","),
        ("postgresql+psycopg://pat@one:5432,two/shop", "one,two", "5432,"),
        ("postgresql+psycopg://pat:a%2Cb%40c@10.0.0.1:1,10.0.0.2:2,10.0.0.3:3", "10.0.0.1,10.0.0.2,10.0.0.3", "1,2,3"),
    ],
)
def test_several_hosts_are_given_to_the_driver(written: str, hosts: str, ports: str) -> None:
    url = parse_url(written)
    engine = make_engine(written)
    _, arguments = engine.dialect.create_connect_args(url)
    assert (arguments["host"], arguments.get("port")) == (hosts, ports)
    assert arguments.get("sslmode") == ("require" if "sslmode" in written else None)
    assert "secret" not in url.render_as_string(hide_password=True)


def test_a_comma_elsewhere_is_no_second_host() -> None:
    assert parse_url("sqlite:////srv/a,b/orderbell.db").database == "/srv/a,b/orderbell.db"
    url = parse_url("postgresql+psycopg://pat@one/shop?options=-c%20x=a,b")
    assert (url.host, url.database) == ("one", "shop")


MISWRITTEN = (
    "postgresql+psycopg://one:port/shop",
    "postgresql+psycopg://one:1,two:port/shop",
    "postgresql+psycopg://pat:hunt3r2@one:54x2/shop",
    "postgres://pat:hunt@3r2:x@one/shop",
    "postgresql://pat:hush@hunt3r2@one/shop",
    "mysql://pat:hunt3r2@one/shop",
    "hunt3r2",
)


@pytest.mark.parametrize("written", MISWRITTEN)
@pytest.mark.parametrize(
    "use", [parse_url, make_engine, Database, Ownership, lambda url: open_database(ServerSettings(database_url=url))]
)
def test_what_is_no_address_is_refused_in_a_sentence(use: Callable[[str], object], written: str) -> None:
    if use in (parse_url, Ownership) and written.startswith("mysql"):
        return  # which ask only where it is
    with pytest.raises(CannotOpen, match="is no database we know") as refused:
        use(written)
    if "://" in written:
        assert "3r2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_has_one_driver_whatever_it_is_called(scheme: str) -> None:
    url = make_engine(f"{scheme}://pat:hunt3r2@one/shop").url
    assert (url.drivername, url.password) == ("postgresql+psycopg", "hunt3r2")


FORMS = (
    "postgresql+psycopg://u:hunt3r2@one/shop",
    "postgresql+psycopg://u@one/shop?password=hunt3r2",
    "postgresql+psycopg://one/shop?user=u&sslpassword=hunt3r2&sslmode=require",
    "postgresql+psycopg://u:hush/hunt3r2@one:5432/shop",
    "postgresql+psycopg://u:hush hunt3r2@one:5432/shop",
    "postgres://u:hunt3r2@one/shop",
    "postgresql+psycopg://u:hunt3r2@one:54x2/shop",
    "postgresql+psycopg://u:hunt3r2@one:1,two:2/shop",
)


@pytest.mark.parametrize("written", FORMS)
def test_a_password_is_shown_by_no_command(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ORDERBELL_DATABASE_URL", written.replace("one", "127.0.0.1"))
    monkeypatch.setenv("ORDERBELL_DATA_DIR", str(tmp_path))
    bundle = tmp_path / "support.zip"
    for command in (
        ["config", "show"],
        ["config", "show", "--json"],
        ["db", "current"],
        ["serve"],
        ["doctor", "--bundle", str(bundle)],
    ):
        main(command)
    told = "".join(capsys.readouterr())
    with zipfile.ZipFile(bundle) as made:
        told += "".join(made.read(name).decode() for name in made.namelist())
    assert "settings.json" in made.namelist()
    assert "3r2" not in told
    assert "[hidden]" in told
