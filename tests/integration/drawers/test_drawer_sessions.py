"""Drawer sessions of a till: what is done at a drawer is kept once, and what should be in it is told after the
count."""

from typing import Any

import pytest
import sqlalchemy

from tests.integration.calls import new_key, staff
from tests.integration.conftest import Place
from tests.integration.drawers.till import Till
from tests.support import shop


@pytest.fixture
def till(place: Place) -> Till:
    """A till whose drawer is closed."""
    till = Till(place.kim)
    sessions = place.kim.get("/api/pos/drawers/").json()["sessions"]
    if sessions and sessions[0]["entries"][-1]["act"] != "closed":
        till.session = sessions[0]["id"]
        till.count(0)
        till.close()
    return till


def test_a_session_from_float_to_close(till: Till) -> None:
    till.open(10_000, denominations=[{"value_minor": 2_000, "count": 5}])
    sold = till.sell(3, given_minor=5_000)
    till.sell(tender="card")
    till.move("paid_in", 500, "change from the bank")
    till.move("paid_out", 1_250, "flowers")
    till.move("drop", 2_000, "to the safe")
    till.move("no_sale", reason="changed a note")
    expected = 10_000 + sold["total_minor"] + 500 - 1_250 - 2_000
    till.count(expected - 20)
    cash = till.details()["cash"]
    assert (cash["expected_minor"], cash["difference_minor"]) == (expected, -20)
    z = till.close(deposit_minor=expected - 20 - 5_000)
    assert z["cash"]["left_minor"] == 5_000
    assert z["cash"]["payments_minor"] == sold["total_minor"]
    assert z["moved"]["no_sale"] == {"count": 1, "amount_minor": 0}
    assert z["moved"]["drop"] == {"count": 1, "amount_minor": 2_000}
    assert till.open(4_990)["z_number"] == 0
    till.count(4_990)
    assert till.details()["cash"]["opening_difference_minor"] == -10


def test_a_count_is_blind_and_the_first_one_stays(till: Till, place: Place) -> None:
    till.open(5_000)
    till.sell()
    assert till.details()["cash"] is None, "a cashier is not told what should be there"
    refused = till.x(place.kim)
    assert refused.status_code == 409
    assert "Count the drawer first" in refused.json()["detail"]
    assert till.details(place.alex)["cash"]["payments_minor"] > 0, "an admin sees it at any time"
    assert till.x(place.alex).ok
    till.count(1_000)
    till.count(till.details()["cash"]["expected_minor"])
    z = till.close()
    assert z["cash"]["first_counted_minor"] == 1_000
    assert z["cash"]["difference_minor"] == 0


def test_what_is_moved_after_the_count_asks_for_another(till: Till, place: Place) -> None:
    till.open(1_000)
    till.count(1_000)
    till.move("paid_in", 100)
    assert till.details()["cash"] is None
    refused = till.ask("close/")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "Count the drawer first, after all that was put in or taken out."


def test_one_session_at_a_time(till: Till, place: Place) -> None:
    till.open()
    refused = place.kim.post("/api/pos/drawer/", {"session": new_key(), "float_minor": 0}, key=new_key())
    assert refused.status_code == 409
    assert "open already" in refused.json()["detail"]
    till.count(10_000)
    till.close()
    for again in (till.ask("cash/", act="drop", amount_minor=1, reason="x"), till.ask("count/", counted_minor=0)):
        assert again.status_code == 409, "a session that was closed stays closed"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("cash/", {"act": "paid_out", "amount_minor": 100}, "reason"),
        ("cash/", {"act": "paid_out", "amount_minor": 100, "reason": " "}, "reason"),
        ("cash/", {"act": "no_sale", "amount_minor": 100, "reason": "x"}, "amount_minor"),
        ("cash/", {"act": "drop", "reason": "x"}, "amount_minor"),
        ("cash/", {"act": "opened", "amount_minor": 1, "reason": "x"}, "act"),
        ("cash/", {"act": "drop", "amount_minor": 1, "reason": "4111 1111 1111 1111"}, "reason"),
        ("count/", {"counted_minor": 5, "denominations": [{"value_minor": 2, "count": 2}]}, "counted_minor"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(till: Till, path: str, body: dict[str, Any], field: str) -> None:
    till.open()
    refused = till.ask(path, **body)
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


def test_an_act_that_is_sent_twice_is_done_once(till: Till) -> None:
    till.open()
    key = new_key()
    first, second = (till.ask("cash/", key=key, act="drop", amount_minor=100, reason="safe") for _ in range(2))
    assert first.content == second.content
    assert len(till.details()["session"]["entries"]) == 2


def test_money_belongs_to_the_session_that_the_till_names(till: Till, place: Place) -> None:
    till.open()
    mine = till.sell()
    elsewhere = till.sell(drawer=new_key())
    other = Till(staff(place.server, shop.SAM, shop.OTHER_DEVICE, place.world.other_shop))
    other.sell(drawer=till.session)
    assert till.details(place.alex)["cash"]["payments_minor"] == mine["total_minor"], "and not another shop's, or day's"
    assert elsewhere["payment"] == "paid"


def test_cashiers_see_their_own_till_and_admins_all(till: Till, place: Place) -> None:
    till.open()
    stranger = place.sam.get(f"/api/pos/drawers/{till.session}/")
    assert stranger.status_code == 404
    assert till.session in {each["id"] for each in place.alex.get("/api/pos/drawers/").json()["sessions"]}
    assert place.sam.get("/api/pos/drawers/", params={"device": shop.DEVICE}).json()["sessions"] == []


@pytest.mark.parametrize("table", ["drawer_entries", "z_reports"])
def test_what_was_done_at_a_drawer_cannot_be_changed(till: Till, place: Place, table: str) -> None:
    till.open()
    till.count(10_000)
    till.close()
    for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET device = 'X'"):
        with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
            place.server.database.write_blocking(
                lambda transaction, verb=verb: transaction.connection.exec_driver_sql(verb)  # type: ignore[misc]
            )


def test_a_clock_beyond_the_calendar_stops_nobody_from_closing(till: Till) -> None:
    """What it says is not believed: a session is at most a year older than what the server heard."""
    wrong = "0001-01-01T00:30:00Z"
    till.open(moved_at_client=wrong)
    till.count(10_000, moved_at_client=wrong)
    report = till.close(moved_at_client=wrong)
    assert report["business_date"] > "2000-01-01"
