"""The tax table: changed without `init`, and what orders are taxed by, of clients old and new, online and late."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.admin import cli
from core.admin.setup import open_keys
from core.domain.menu import Menu
from core.server.settings import ServerSettings
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop

ADDRESS = "/api/admin/shop/"
ONE_RATE = {"tax_rate_bp": shop.MENU.tax.rate_bp, "tax_included": shop.MENU.tax.included}


def entry(category: str, rate: int, **more: Any) -> dict[str, Any]:
    return {"category": category, "taxes": [{"code": "VAT", "rate": rate}], **more}


TABLE = [entry("standard", 19_000), entry("food", 7_000), entry("food", 19_000, fulfilment="dine_in")]


@pytest.fixture(autouse=True)
def as_it_was(place: Place) -> Iterator[None]:
    yield
    categorise(place, "standard")
    body = {"taxes": [entry("standard", 0)]} | ONE_RATE
    assert place.alex.post(ADDRESS, body).status_code == 200


def menu(place: Place) -> Menu:
    return msgspec.json.decode(place.ada.get("/api/menu/").content, type=Menu)


def tabled(place: Place, taxes: list[dict[str, Any]] = TABLE, **more: Any) -> None:
    reply = place.alex.post(ADDRESS, {"taxes": taxes} | more)
    assert reply.status_code == 200, reply.text


def categorise(place: Place, category: str | None) -> Any:
    """Give the fries that tax category, as a window does: None as one of an earlier release, which knows none."""
    current = place.alex.get("/api/menu/").json()
    for item in (item for each in current["categories"] for item in each["items"] if item["id"] == shop.FRIES):
        item["tax_category"] = category
        if category is None:
            del item["tax_category"]
    return place.alex.call("PUT", "/api/admin/menu/", {k: current[k] for k in ("version", "categories")})


def counter(place: Place, **more: Any) -> dict[str, Any]:
    body = order_body(lines=[{"item_id": shop.FRIES}], fulfilment="pickup") | more
    reply = place.kim.post("/api/pos/orders/", body, key=new_key())
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def fries_category(place: Place) -> str:
    return next(item.tax_category for item in menu(place).items().values() if item.id == shop.FRIES)


def test_rates_go_by_category_and_fulfilment_and_are_kept_with_the_order(place: Place) -> None:
    tabled(place, tax_included=True)
    assert categorise(place, "food").status_code == 200
    for fulfilment, rate in (("pickup", 7_000), ("dine_in", 19_000)):
        order = counter(place, fulfilment=fulfilment)
        [line] = order["lines"]
        assert line["tax_category"] == "food"
        assert line["taxes"] == [{"code": "VAT", "rate": rate, "amount_minor": order["tax_minor"]}]
        assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]["lines"] == [line]
    tabled(place, [entry("standard", 25_000), entry("food", 25_000)])
    kept = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]
    assert (kept["lines"], kept["tax_minor"], kept["tax_date"]) == (
        order["lines"],
        order["tax_minor"],
        order["tax_date"],
    )


def test_a_refund_gives_the_tax_of_its_line_back(place: Place) -> None:
    tabled(place, tax_included=True)
    assert categorise(place, "food").status_code == 200
    order = counter(place, lines=[{"item_id": shop.FRIES, "quantity": 2}, {"item_id": shop.BOWL}], payment="paid")
    line = order["lines"][0]
    body = {"version": order["version"], "reason": "cold", "lines": [{"id": line["id"], "quantity": 2}]}
    after = place.kim.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key()).json()
    assert after["refunded_minor"] == line["total_minor"]
    amount_minor = line["taxes"][0]["amount_minor"]
    assert after["lines"][0]["taxes"] == [line["taxes"][0] | {"refunded_minor": amount_minor}]
    assert after["lines"][0]["refunded_tax_minor"] == amount_minor


def test_a_client_that_knows_one_rate_is_given_the_standard_one(place: Place) -> None:
    tabled(place, [entry("standard", 8_875), entry("food", 2_000)])
    assert place.ada.get("/api/menu/").json()["tax"] == {"rate_bp": 888, "included": shop.MENU.tax.included}
    assert place.alex.post(ADDRESS, {"tax_rate_bp": 500}).status_code == 200
    assert [each.category for each in menu(place).taxes.entries] == ["standard", "food"], "the others stay"


def test_a_window_that_sends_no_tax_category_takes_none_away(place: Place) -> None:
    tabled(place)
    assert categorise(place, "food").status_code == 200
    before = menu(place)
    assert categorise(place, None).status_code == 200
    assert menu(place) == before, "nothing was changed"
    assert categorise(place, "standard").status_code == 200
    assert fries_category(place) == ""


def test_a_till_that_was_offline_is_priced_by_the_table_that_it_had(place: Place) -> None:
    tabled(place, tax_included=False)
    told = menu(place).version
    before = counter(place, menu_version=told)
    tabled(place, [entry("standard", 50_000)], tax_included=True)
    late = counter(place, menu_version=told)
    assert (late["total_minor"], late["tax_minor"]) == (before["total_minor"], before["tax_minor"])
    assert counter(place, menu_version=menu(place).version)["total_minor"] == before["subtotal_minor"]


def test_a_customer_is_asked_once_taxes_make_another_total(place: Place) -> None:
    tabled(place, tax_included=False)
    body = order_body(lines=[{"item_id": shop.FRIES}])
    shown = place.ada.place(lines=body["lines"])["total_minor"]
    tabled(place, [entry("standard", 50_000)])
    reply = place.ada.post("/api/online/orders/", body | {"expected_total_minor": shown}, key=new_key())
    assert (reply.status_code, reply.json()["type"]) == (409, "price_changed")


def test_a_table_based_on_an_older_menu_is_refused_with_the_current_one(place: Place) -> None:
    seen = menu(place).version
    tabled(place)
    reply = place.alex.post(ADDRESS, {"taxes": [entry("standard", 1)], "version": seen})
    assert reply.status_code == 409
    assert menu(place).taxes.entries[0].taxes[0].rate == 19_000


@pytest.mark.parametrize(
    ("taxes", "field"),
    [
        ([], "taxes"),
        ([entry("standard", 1), entry("wine", 1, fulfilment="dine_in")], "taxes"),
        ([entry("standard", 1), entry("standard", 2)], "taxes[1]"),
        ([entry("standard", 100_001)], "taxes[0]"),
    ],
)
def test_a_table_by_which_orders_cannot_be_priced_is_refused(
    place: Place, taxes: list[dict[str, Any]], field: str
) -> None:
    before = menu(place)
    reply = place.alex.post(ADDRESS, {"taxes": taxes})
    assert (reply.status_code, reply.json()["field"]) == (422, field)
    assert menu(place) == before


def test_items_have_a_category_of_the_table(place: Place) -> None:
    reply = categorise(place, "food")
    assert (reply.status_code, reply.json()["field"].rpartition(".")[2]) == (422, "tax_category")
    tabled(place)
    assert categorise(place, "food").status_code == 200
    reply = place.alex.post(ADDRESS, {"taxes": [entry("standard", 1)]})
    assert reply.status_code == 422, "an item has it"
    assert "food" in reply.json()["detail"]


def test_only_admins_change_it(place: Place) -> None:
    for caller, status in ((place.kim, 403), (place.ada, 403), (place.nobody, 401)):
        assert caller.post(ADDRESS, {"taxes": TABLE}).status_code == status


@pytest.mark.sqlite_only("the command asks whatever backend there is")
def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def run(command: str, *arguments: str) -> tuple[int, str]:
        status = cli.main([command, *arguments, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return status, told.out + told.err

    assert run("shop", "tax", "standard", "8.875")[0] == 0
    assert run("shop", "tax", "food", "VAT=7")[0] == 0
    status, said = run("shop", "tax", "food", "VAT=19", "--fulfilment", "dine_in", "--from", "2027-01-01")
    assert status == 0
    assert [line.split() for line in said.splitlines() if "─" not in line] == [
        ["category", "fulfilment", "from", "rate"],
        ["standard", "any", "TAX", "8.875", "%"],
        ["food", "any", "VAT", "7", "%"],
        ["food", "dine_in", "2027-01-01", "VAT", "19", "%"],
        ["Prices", "are", "without", "the", "tax,", "which", "is", "added."],
    ]
    assert "2 more in the table" in run("shop", "show")[1]
    assert len(json.loads(run("shop", "taxes", "--json")[1])) == 3
    assert run("shop", "tax", "food")[0] == 2
    assert run("shop", "tax", "wine", "--remove")[0] == 1
    exported = tmp_path / "menu.csv"
    assert run("menu", "export", str(exported))[0] == 0
    rows = exported.read_text(encoding="utf-8-sig")
    assert f"{shop.FRIES}," in rows
    changed = "\n".join(
        line.replace(",standard,", ",food,") if f",{shop.FRIES}," in line else line for line in rows.splitlines()
    )
    exported.write_text(changed, encoding="utf-8")
    status, said = run("menu", "import", str(exported), "--yes")
    assert status == 0, said
    assert "tax" in said
    assert run("shop", "tax", "food", "--remove")[0] == 1, "an item has it"
    assert run("shop", "tax", "food", "--remove", "--fulfilment", "dine_in", "--from", "2027-01-01")[0] == 0
