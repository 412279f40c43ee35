"""One drawer for each person at a POS: several are open at once, each with the cash of its own, counted and closed by
whose it is, or by somebody with the right."""

from collections.abc import Iterator

import pytest

from core.store.backups import check
from core.store.sql.statements import Transaction
from tests.integration.conftest import Place
from tests.integration.drawers.till import Till
from tests.support import books

ADDRESS = "/api/admin/shop/"


@pytest.fixture(autouse=True)
def _per_person(place: Place) -> Iterator[None]:
    reply = place.alex.post(ADDRESS, {"drawers": "person"})
    assert reply.json()["drawers"] == "person"
    yield
    for caller in (place.kim, place.max):
        for session in caller.get("/api/pos/drawers/").json()["sessions"]:
            if session["entries"][-1]["act"] != "closed":
                till = Till(place.max)
                till.session = session["id"]
                till.count(0)
                till.close()


def sound(place: Place) -> list[str]:
    services = place.server.services

    def work(transaction: Transaction) -> list[str]:
        connection = transaction.connection
        found = books.differences(connection, services.report_key, services.report_notes)
        return found + [each.rule for each in check.invariants(connection) if each.count]

    return services.database.read_blocking(work)


def test_two_at_one_till_each_count_their_own(place: Place) -> None:
    kim, max_ = Till(place.kim), Till(place.max)
    owner = kim.open(10_000, own=True)["owner"]
    assert [(owner,)] == place.rows("SELECT id FROM staff WHERE name = 'Kim' AND shop_id = ?", place.world.shop)
    assert max_.open(2_000, own=True)["owner"] not in ("", owner)
    one, two = kim.sell(1), max_.sell(2)
    kim.move("paid_out", 300)
    assert max_.details()["cash"]["expected_minor"] == 2_000 + two["total_minor"]
    kim.count(10_000 + one["total_minor"] - 300)
    z = kim.close(deposit_minor=9_000)
    assert (z["cash"]["difference_minor"], z["cash"]["payments_minor"]) == (0, one["total_minor"])
    max_.count(2_000 + two["total_minor"])
    second = max_.close()
    assert (second["number"], second["sales"]) == (z["number"] + 1, 1), "numbers of the till, without a gap"
    left = z["cash"]["left_minor"]
    kim.open(left - 5, own=True)
    kim.count(left - 5)
    assert kim.details()["cash"]["opening_difference_minor"] == -5, "less than they have left, whatever Max did"
    assert not sound(place)


def test_another_persons_needs_the_right(place: Place) -> None:
    kim, max_ = Till(place.kim), Till(place.max)
    kim.open(1_000, own=True)
    max_.open(1_000, own=True)
    thief = Till(place.kim)
    thief.session = max_.session
    refused = thief.ask("count/", counted_minor=0)
    assert (refused.status_code, refused.json()["needs"][0]["act"]) == (403, "drawers"), refused.text
    assert place.kim.get(f"/api/pos/drawers/{max_.session}/").status_code == 404
    seen = [each["id"] for each in place.kim.get("/api/pos/drawers/").json()["sessions"]]
    assert kim.session in seen
    assert max_.session not in seen
    manager = Till(place.max)
    manager.session = kim.session
    manager.count(1_000)
    z = manager.close()
    assert (z["opened_by"], z["closed_by"]) == ("Kim", "Max")
    max_.count(1_000)
    max_.close()
    mine = [each["report"]["session"] for each in place.kim.get("/api/pos/z-reports/").json()["reports"]]
    assert kim.session in mine
    assert max_.session not in mine


def test_money_is_in_the_drawer_of_whoever_took_it(place: Place) -> None:
    """Whatever an older window names, or none."""
    kim, max_ = Till(place.kim), Till(place.max)
    max_.open(0, own=True)
    loose = kim.sell(1)
    in_others = kim.sell(1, drawer=max_.session)
    rows = place.rows("SELECT DISTINCT drawer FROM ledger WHERE order_id IN (?, ?)", loose["id"], in_others["id"])
    assert rows == [("",)], "theirs is closed"
    kim.open(0, own=True)
    named = kim.sell(1, drawer=max_.session)
    assert place.rows("SELECT DISTINCT drawer FROM ledger WHERE order_id = ?", named["id"]) == [(kim.session,)]
    assert not sound(place)


def test_a_drawer_of_the_till_goes_on_until_it_is_closed(place: Place) -> None:
    """That is how a shop changes over, in the middle of a day."""
    shared = Till(place.kim)
    shared.open(500)
    other = Till(place.max)
    other.session = shared.session
    other.sell(1)
    other.count(500)
    assert other.close()["owner"] == ""
