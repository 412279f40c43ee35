"""The shop's name, currency, tax, time zone and country are changed after `init`, on every screen, and logged."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.admin import cli
from core.admin.setup import open_keys
from core.domain.menu import Menu
from core.domain.money import Tax
from core.protocol.events import MenuChanged
from core.server.settings import ServerSettings
from tests.integration.calls import Caller, order_body
from tests.integration.conftest import Place
from tests.integration.push.test_feed import follow, snapshot
from tests.support import shop

ADDRESS = "/api/admin/shop/"


@pytest.fixture
def other(place: Place) -> Caller:
    """The operator, of the shop that nothing was ordered in."""
    access = place.server.services.access
    return Caller(place.server.url, {"access_token": access.sign_local("orderbell", place.world.other_shop)})


@pytest.fixture(autouse=True)
def as_it_was(place: Place, other: Caller) -> Iterator[None]:
    yield
    tax = {"tax_rate_bp": shop.MENU.tax.rate_bp, "tax_included": shop.MENU.tax.included}
    for caller, name in ((place.alex, shop.MENU.shop_name), (other, "Other Kitchen")):
        body = {"name": name, "time_zone": "UTC"} | tax | ({"currency": shop.MENU.currency} if caller is other else {})
        assert caller.post(ADDRESS, body).status_code == 200


def menu(caller: Caller) -> Menu:
    return msgspec.json.decode(caller.get("/api/menu/").content, type=Menu)


def log(place: Place) -> list[str]:
    found = place.rows("SELECT about FROM security_log WHERE event = 'shop_changed' ORDER BY at, id")
    return [about for (about,) in found]


def refused(reply: Any) -> tuple[int, str, str]:
    problem = reply.json()
    return reply.status_code, problem["type"], problem["detail"]


def test_all_of_it_is_changed_told_and_logged(place: Place) -> None:
    before, logged, start = menu(place.ada), len(log(place)), snapshot(place.ada).cursor
    wanted = {"name": " Corner  Kitchen ", "tax_rate_bp": 725, "tax_included": False, "country": "cl"}
    reply = place.alex.post(ADDRESS, wanted | {"time_zone": "America/Santiago"})
    assert reply.status_code == 200, reply.text
    after = menu(place.ada)
    assert (after.shop_name, after.tax, after.time_zone, after.country) == (
        "Corner Kitchen",
        Tax(725, included=False),
        "America/Santiago",
        "CL",
    )
    assert msgspec.json.decode(reply.content, type=Menu) == after
    assert (after.version, after.categories) == (before.version + 1, before.categories)
    events = [frame.event for frame in follow(place.ada, start)[0]]
    assert events == [MenuChanged(version=after.version)], "screens read the menu, and the shop with it"
    said = log(place)[logged:]
    assert "name Test Kitchen to Corner Kitchen" in said
    assert "time zone UTC to America/Santiago" in said
    assert any(
        each.startswith("tax ") and each.endswith(" to standard: TAX 7.25 % on top of the prices") for each in said
    )


def test_orders_are_taxed_by_it(place: Place) -> None:
    assert place.alex.post(ADDRESS, {"tax_rate_bp": 1000, "tax_included": False}).status_code == 200
    order = place.ada.post("/api/online/orders/", order_body()).json()
    assert order["tax_minor"] == (order["subtotal_minor"] + 5) // 10


def test_nothing_is_changed_by_the_same_again(place: Place) -> None:
    before, logged = menu(place.alex), log(place)
    assert place.alex.post(ADDRESS, {"name": before.shop_name, "currency": before.currency}).status_code == 200
    assert (menu(place.alex), log(place)) == (before, logged)


def test_the_currency_stays_once_there_are_orders(place: Place) -> None:
    assert place.ada.post("/api/online/orders/", order_body()).status_code == 201
    status, kind, why = refused(place.alex.post(ADDRESS, {"currency": "EUR", "name": "Euro Kitchen"}))
    assert (status, kind) == (409, "has_orders")
    assert why.startswith("The currency stays USD: there are orders, and their amounts are in it.")
    assert menu(place.alex).shop_name == shop.MENU.shop_name, "all of it or nothing"


def test_the_currency_of_a_shop_without_orders(place: Place, other: Caller) -> None:
    assert other.post(ADDRESS, {"currency": "eur"}).status_code == 200
    assert menu(other).currency == "EUR"
    status, kind, why = refused(other.post(ADDRESS, {"currency": "JPY"}))
    assert (status, kind) == (409, "has_prices"), "12.50 would be 1250"
    assert "empty menu first" in why


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"country": "ZZ"}, "country"),
        ({"name": "  "}, "name"),
        ({"tax_rate_bp": 10_001}, "tax_rate_bp"),
    ],
)
def test_what_does_not_exist(place: Place, body: dict[str, Any], field: str) -> None:
    reply = place.alex.post(ADDRESS, body)
    assert (reply.status_code, reply.json()["field"]) == (422, field)


def test_only_admins(place: Place) -> None:
    for caller, status in ((place.kim, 403), (place.ada, 403), (place.nobody, 401)):
        assert caller.post(ADDRESS, {"name": "Mine"}).status_code == status


@pytest.mark.sqlite_only("the command asks whatever backend there is")
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def run(*arguments: str) -> tuple[int, str]:
        status = cli.main(["shop", *arguments, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return status, told.out + told.err

    changes = ("--name", "Café", "--time-zone", "Africa/Cairo", "--tax-rate", "14", "--tax-added")
    service = ("--service-charge", "12.5", "--service-for", "dine_in", "pickup")
    assert run("set", *changes, *service, "--cash-rounding", "0.05", "--cash-rounding-mode", "half_down")[0] == 0
    status, said = run("show")
    assert status == 0
    assert [line for line in said.splitlines() if not line.startswith("changes")][:7] == [
        "name      Café",
        "currency  USD",
        "tax       14 % on top of the prices",
        "cash      rounded to 0.05 (half down)",
        "service   12.5 % for dine_in, pickup",
        "drawers   one for each POS, whoever is signed in there",
        "time zone Africa/Cairo",
    ]
    assert "cash      exact" in run("set", "--cash-rounding", "none")[1]
    assert "service   none" in run("set", "--service-charge", "none")[1]
    assert run("set", "--service-charge", "much")[0] == 2
    for wrong in ("0", "a coin", "0.001"):
        assert run("set", "--cash-rounding", wrong)[0] == 2
    shown = json.loads(run("show", "--json")[1])
    assert (shown["tax_rate_bp"], shown["tax_included"], shown["items"]) == (1400, False, len(shop.MENU.items()))
    assert "Say what is to be another: --name" in run("set")[1]
    cli.main(["security-log", "--data-dir", str(tmp_path)])
    assert "shop changed" in capsys.readouterr().out
