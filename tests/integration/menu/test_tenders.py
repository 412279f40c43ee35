"""The tenders of a shop: an admin changes them, every screen is told, and what is paid by them is in every figure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.domain.menu import Menu
from core.domain.tenders import TENDERS, ShopTender, tender_named
from core.protocol.events import MenuChanged
from core.server.settings import ServerSettings
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.integration.drawers.till import Till
from tests.integration.menu.test_shop import ADDRESS, log, menu, refused
from tests.integration.push.test_feed import follow, snapshot
from tests.support import shop

MEAL = ShopTender(id=tender_named("Meal card"), needs_reference=True)
COINS = ShopTender(id=tender_named("Second currency"), opens_drawer=True, rounds=True)
OURS = (MEAL, *TENDERS, COINS)


def change(place: Place, tenders: tuple[ShopTender, ...], *, by: str = "alex") -> Any:
    return getattr(place, by).post(ADDRESS, {"tenders": msgspec.to_builtins(tenders)}, key=new_key())


@pytest.fixture
def ours(place: Place) -> Iterator[Menu]:
    """The shop with two tenders of its own. What it once had stays, so it is withdrawn afterwards."""
    reply = change(place, OURS)
    assert reply.status_code == 200, reply.text
    yield msgspec.json.decode(reply.content, type=Menu)
    gone = tuple(msgspec.structs.replace(each, withdrawn=True) for each in (MEAL, COINS))
    assert change(place, (*TENDERS, *gone)).status_code == 200


def test_a_shop_has_what_earlier_releases_knew(place: Place) -> None:
    assert [each for each in menu(place.ada).tenders if not each.withdrawn] == list(TENDERS)


def test_an_admin_changes_them_and_every_screen_is_told(place: Place, ours: Menu) -> None:
    start, logged = snapshot(place.kim).cursor, len(log(place))
    assert menu(place.kim).tenders == menu(place.ada).tenders == OURS, "in the order of the keys"
    asked = (msgspec.structs.replace(MEAL, offline=False), *OURS[1:])
    assert change(place, asked, by="kim").status_code == 403
    reply = change(place, asked)
    assert reply.status_code == 200, reply.text
    version = menu(place.kim).version
    assert [frame.event for frame in follow(place.kim, start)[0]] == [MenuChanged(version=version)]
    assert any("tenders to Meal card (needs a reference, not offline), Cash" in each for each in log(place)[logged:])
    assert change(place, asked).json()["version"] == version, "nothing is another"
    status, _, words = refused(change(place, asked[1:]))
    assert (status, "Withdraw it instead" in words) == (422, True)


def test_what_is_paid_by_them_is_in_every_figure(place: Place, ours: Menu) -> None:
    till = Till(place.kim)
    held = place.kim.get("/api/pos/drawers/").json()["sessions"]
    if held and held[0]["entries"][-1]["act"] != "closed":
        till.session = held[0]["id"]
        till.count(0)
        till.close()
    till.open(1_000)
    meal = till.sell(payment="unpaid", tender="Meal_card")
    total = meal["total_minor"]
    assert meal["tender"] == "Meal_card"
    without = place.kim.post(
        f"/api/pos/orders/{meal['id']}/payments/", {"version": 1, "tender": "Meal_card"}, key=new_key()
    )
    assert (refused(without)[0], without.json()["field"]) == (422, "reference")
    meal = till.take(meal, tender="Meal_card", reference="Slip 7")
    coins = till.sell(payment="unpaid")
    coins = till.take(coins, tender="Second_currency", given_minor=total + 400)
    assert [each["given_minor"] for each in coins["payments"]] == [total + 400]
    withdrawn = tuple(msgspec.structs.replace(each, withdrawn=each in (MEAL, COINS)) for each in OURS)
    assert change(place, withdrawn).status_code == 200
    late = till.sell(payment="paid", tender="Second_currency")  # a till that was not told yet
    meal = till.refund(meal, amount_minor=100)
    assert till.read(meal)["payments"][0]["refunded_minor"] == 100, "by a tender that is withdrawn"
    till.count(1_000 + total * 2)
    assert till.details()["cash"]["difference_minor"] == 0, "other coins lie in the drawer; a meal card does not"
    z = till.close()
    assert z["payments"] == {"Meal_card": total - 100, "Second_currency": 2 * total}
    day = datetime.now(UTC).date()
    asked = f"?first={day - timedelta(days=1)}&last={day + timedelta(days=1)}&by=tender"
    rows = {each["name"]: each for each in place.alex.get(f"/api/admin/reports/sales/{asked}").json()["rows"]}
    assert rows["Meal_card"]["refunds_minor"] == 100
    assert rows["Second_currency"]["sales_minor"] >= 2 * total
    changes = place.kim.get(f"/api/pos/orders/{late['id']}/").json()["payments"]
    assert [each["tender"] for each in changes] == ["Second_currency"]


def test_an_order_by_no_tender_of_the_shop_is_refused(place: Place) -> None:
    body = {"lines": [{"item_id": shop.FRIES}], "tender": "Shells"}
    for address, caller in (("/api/online/orders/", place.ada), ("/api/pos/orders/", place.kim)):
        reply = caller.post(address, body, key=new_key())
        assert (reply.status_code, reply.json()["field"]) == (422, "tender"), reply.text
    status, _, words = refused(place.kim.post("/api/pos/orders/", body | {"tender": "x" * 61}, key=new_key()))
    assert status == 422, words


@pytest.mark.sqlite_only("one process owns a file; a server has no owner")
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def orderbell(*arguments: str, status: int = 0) -> str:
        assert main(["tenders", *arguments, "--data-dir", str(tmp_path)]) == status
        said = capsys.readouterr()
        return said.out + said.err

    assert [line.split()[0] for line in orderbell("list").splitlines()[-4:]] == ["Cash", "Card", "Cash", "Voucher"]
    orderbell("add", "Meal card", "--reference")
    orderbell("add", "Bank app", "--online-only")
    said = orderbell("order", "bank app", "CARD")
    assert [said.index(name) for name in ("Bank app", "Card", "Cash ", "Meal card")] == sorted(
        said.index(name) for name in ("Bank app", "Card", "Cash ", "Meal card")
    )
    orderbell("set", "meal card", "--no-reference")
    orderbell("withdraw", "voucher")
    kept = msgspec.json.decode(orderbell("list", "--json"), type=tuple[ShopTender, ...])
    assert kept == (
        ShopTender(id=tender_named("Bank app"), offline=False),
        TENDERS[1],
        TENDERS[0],
        TENDERS[2],
        msgspec.structs.replace(TENDERS[3], withdrawn=True),
        ShopTender(id=tender_named("Meal card")),
    )
    assert "already" in orderbell("add", "CASH", status=1)
    assert "There is no tender 'Shells'" in orderbell("withdraw", "Shells", status=1)
    assert "coins and notes" in orderbell("add", "Purse", "--drawer", status=1)
    assert "Say what is to be another" in orderbell("set", "cash", status=2)
