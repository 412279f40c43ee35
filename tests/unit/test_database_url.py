"""How people write where a database is."""

import pytest
from sqlalchemy.exc import ArgumentError

from core.store.database import CannotOpen, Database, make_engine, parse_url


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


@pytest.mark.parametrize("written", ["postgresql+psycopg://one:port/shop", "postgresql+psycopg://one:1,two:port/shop"])
def test_what_is_no_address_is_refused_in_a_sentence(written: str) -> None:
    with pytest.raises(CannotOpen, match="is no database we know"):
        Database(written)


def test_an_address_that_is_none_is_an_argument_error() -> None:
    with pytest.raises(ArgumentError):
        parse_url("postgresql+psycopg://one:port/shop")
