"""Days begin when they begin at the shop, also where clocks are changed at midnight, wherever a screen stands."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from core.client.order_store import OrderStore
from core.client.sync.updates import Changed
from core.instants import day_of, midnight
from core.ui import days, text
from core.ui.bridge import Bridge
from pos_app.history.search import Search
from tests.support.shop import MENU

WITHOUT_MIDNIGHT = {
    "America/Santiago": date(2026, 9, 6),
    "America/Havana": date(2026, 3, 8),
    "Africa/Cairo": date(2026, 4, 24),
    "Asia/Beirut": date(2026, 3, 29),
}
"""Where clocks go from midnight to one, and when in 2026."""


@pytest.fixture(autouse=True)
def any_zone() -> Iterator[None]:
    yield
    days.use_zone("")


@pytest.fixture(params=[*WITHOUT_MIDNIGHT, "Europe/Berlin", "Asia/Kolkata"])
def shop(request: pytest.FixtureRequest) -> ZoneInfo:
    return ZoneInfo(request.param)


@pytest.fixture(params=[False, True], ids=["shop's zone", "machine's zone"])
def where(request: pytest.FixtureRequest, shop: ZoneInfo, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo | None]:
    """The zone by which days are counted; None: that of a machine that stands in the shop."""
    if not request.param:
        yield shop
        return
    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone cannot be changed for a test")
    before = os.environ.get("TZ")
    os.environ["TZ"] = shop.key
    time.tzset()
    yield None
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_a_day_is_all_of_its_instants_and_no_other(shop: ZoneInfo, where: ZoneInfo | None) -> None:
    day = date(2026, 1, 1)
    while day.year == 2026:
        begins = midnight(day, where)
        assert begins.astimezone(shop).date() == day
        assert (begins - timedelta(microseconds=1)).astimezone(shop).date() == day - timedelta(days=1)
        assert day_of(begins, where) == day
        day += timedelta(days=1)


@pytest.mark.parametrize(("name", "day"), WITHOUT_MIDNIGHT.items())
def test_an_order_of_the_last_hour_is_not_todays(name: str, day: date) -> None:
    """On a machine in UTC: the zone is the shop's."""
    days.use_zone(name)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(name))
    today = Search(ago=(0, 0)).query(noon)
    first = datetime.fromisoformat(today.placed_from)
    assert first.astimezone(ZoneInfo(name)).hour == 1, "this day has no midnight"
    assert (first - timedelta(minutes=1)).astimezone(ZoneInfo(name)).strftime("%H:%M") == "23:59"
    yesterday = Search(ago=(1, 1)).query(noon)
    assert yesterday.placed_to == today.placed_from, "no instant is in two days, or in none"
    assert text.day(first - timedelta(minutes=1), noon) == "Yesterday"
    assert text.day(first, noon) == "Today"


def test_screens_show_the_shops_time() -> None:
    text.use_language("en_US")
    at = datetime(2026, 9, 6, 3, 30, tzinfo=UTC)
    days.use_zone("America/Santiago")
    assert (text.clock(at).replace("\u202f", " "), text.date(at)) == ("11:30 PM", "9/5/26")
    days.use_zone("Asia/Kolkata")
    assert (text.clock(at).replace("\u202f", " "), text.date(at)) == ("9:00 AM", "9/6/26")


def test_the_menu_says_which_zone(qapp: QApplication) -> None:
    bridge = Bridge(OrderStore())
    bridge._on_changed_received(Changed(updates=(), menu=msgspec.structs.replace(MENU, time_zone="Asia/Kolkata")))
    assert days.local(datetime(2026, 9, 6, 20, tzinfo=UTC)).date() == date(2026, 9, 7)


def test_a_zone_that_this_machine_does_not_know(where: ZoneInfo | None, shop: ZoneInfo) -> None:
    days.use_zone("Mars/Olympus")
    at = datetime(2026, 9, 6, 3, 30, tzinfo=UTC)
    assert days.local_date(at) == at.astimezone().date()
