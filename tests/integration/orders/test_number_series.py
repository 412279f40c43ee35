"""Numbers that a till gives by itself: what the server takes, and what a jump cannot do."""

from typing import Any

import pytest

from core.domain.numbers import AHEAD
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place


def take(place: Place, number: str = "") -> Any:
    return place.kim.post("/api/pos/orders/", order_body(number=number), key=new_key())


def last(place: Place) -> int:
    count: int = place.kim.get("/api/snapshot/").json()["series_last"]
    return count


@pytest.mark.parametrize("beyond", ["999999999999", "1000000000", None])
def test_a_jump_is_refused_in_a_sentence_and_moves_nothing(place: Place, beyond: str | None) -> None:
    before = last(place)
    number = f"POS1-{beyond or f'{before + AHEAD + 1:06d}'}"
    refused = take(place, number)
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (409, "number_too_far", "number")
    assert refused.json()["detail"].startswith(f"{number} is too far ahead: the server knows ")
    assert last(place) == before
    assert take(place).json()["number"] == f"POS1-{before + 1:06d}", "the series goes on as if nothing had been"


def test_a_till_that_was_away_is_taken_at_its_word(place: Place) -> None:
    before = last(place)
    furthest = f"POS1-{before + AHEAD:06d}"
    assert take(place, furthest).json()["number"] == furthest
    assert take(place, f"POS1-{before + 1:06d}").status_code == 201, "those before it come after it"
    taken = take(place, f"POS1-{before + 1:06d}")
    assert (taken.status_code, taken.json()["type"], taken.json()["field"]) == (409, "exists", "number")
    assert last(place) == before + AHEAD


@pytest.mark.parametrize("number", ["ONLINE-000001", "POS2-000001", "POS1-000000", "POS1-0000001"])
def test_no_other_series_is_moved_from_here(place: Place, number: str) -> None:
    refused = take(place, number)
    assert (refused.status_code, refused.json()["field"]) == (422, "number")


def test_a_customers_number_is_the_servers(place: Place) -> None:
    body = {"lines": [{"item_id": "fries"}], "number": "ONLINE-000999"}
    first, second = (place.ada.post("/api/online/orders/", body, key=new_key()).json()["number"] for _ in range(2))
    assert "ONLINE-000999" not in (first, second)
    assert int(second.rpartition("-")[2]) == int(first.rpartition("-")[2]) + 1
