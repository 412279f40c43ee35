"""What sells out at one till reaches every screen at once, and nothing that was sold meanwhile is lost."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from core.client.errors import MenuMoved, PriceChanged, Refused, Unreachable
from core.client.operations import State
from core.domain import menu_draft
from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.ids import DeviceId, ItemId
from core.domain.menu import Menu
from core.domain.order import NewLine
from core.protocol import routes
from core.protocol.requests import ChangeAvailability, ReplaceMenu
from core.store import devices
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.customer_synced import Cable
from tests.support.synced import Screen


@pytest.fixture
def till(place: Place, tmp_path: Path) -> Iterator[Screen]:
    with Screen(place.server.url, tmp_path / "till.db") as screen:
        screen.staff(shop.ALEX)
        screen.until_live()
        yield screen
        menu = screen.api.call(routes.MENU())
        screen.api.call(routes.REPLACE_MENU(body=ReplaceMenu(version=menu.version, categories=shop.MENU.categories)))


@pytest.fixture
def customer(place: Place, tmp_path: Path) -> Iterator[Screen]:
    with Screen(place.server.url, tmp_path / "customer.db") as screen:
        screen.customer()
        screen.until_live()
        yield screen


def told(screen: Screen) -> Menu | None:
    """The menu as it was last told."""
    return next((changed.menu for changed in reversed(screen.told) if changed.menu is not None), None)


def sells(screen: Screen, item_id: ItemId) -> bool:
    menu = told(screen)
    return menu is not None and menu.items()[item_id].available


def _sells_or_not(screen: Screen, available: bool) -> bool:
    return sells(screen, shop.FRIES) is available


def switch(screen: Screen, available: bool) -> None:
    screen.api.call(routes.SET_AVAILABLE(shop.FRIES, body=ChangeAvailability(available=available)))


def dearer(screen: Screen) -> Menu:
    """Fries for 4.50 from now on."""
    menu = screen.api.call(routes.MENU())
    fries = msgspec.structs.replace(menu.items()[shop.FRIES], price_minor=450)
    wanted = menu_draft.with_item(menu.categories, fries)
    return screen.api.call(routes.REPLACE_MENU(body=ReplaceMenu(version=menu.version, categories=wanted)))


def test_what_sells_out_is_pushed_to_everybody(till: Screen, customer: Screen) -> None:
    for available in (False, True):
        switch(till, available)
        for screen in (till, customer):
            screen.until(partial(_sells_or_not, screen, available))
        assert told(customer) == customer.api.call(routes.MENU())


def test_a_menu_that_is_replaced_is_read_again_everywhere(till: Screen, customer: Screen) -> None:
    menu = dearer(till)
    assert told(till) == menu
    customer.until(lambda: told(customer) == menu)


def test_a_customer_is_asked_about_a_price_they_have_not_seen(till: Screen, customer: Screen) -> None:
    request = PlaceOrder(lines=(NewLine(item_id=shop.FRIES),), expected_total_minor=422)
    menu = dearer(till)
    customer.until(lambda: told(customer) == menu)
    with pytest.raises(PriceChanged) as asked:
        customer.api.call(routes.PLACE(body=request))
    assert asked.value.order is not None
    total = asked.value.order.total_minor
    placed = customer.api.call(routes.PLACE(body=msgspec.structs.replace(request, expected_total_minor=total)))
    customer.until_sent()
    row = customer.store.get(placed.id)
    assert row is not None
    assert row.total_minor == total == 487


def test_an_order_whose_price_has_changed_on_its_way_waits_for_a_word(
    cable: Cable, till: Screen, tmp_path: Path
) -> None:
    with Screen(cable.url, tmp_path / "away.db") as away:
        away.customer()
        away.until_live()
        cable.pull()
        placed = away.api.call(routes.PLACE(body=PlaceOrder(lines=(NewLine(item_id=shop.FRIES),))))
        dearer(till)
        cable.plug()
        away.api.try_now()
        away.until(lambda: any(each.state is State.CONFLICT for each in away.api.operations()))
        (held,) = away.api.operations()
        assert held.theirs is not None
        assert (held.seen.total_minor, held.theirs.total_minor) == (422, 487)
        away.api.retry(held.op_id)
        away.until_sent()
        away.until(lambda: (row := away.store.server_row(placed.id)) is not None and row.total_minor == 487)


def test_what_a_till_sold_while_it_was_away_is_sold(place: Place, cable: Cable, till: Screen, tmp_path: Path) -> None:
    """It is sold out by now, dearer, and then not on the menu at all; the customer has paid and gone."""
    second = DeviceId("SECOND1")
    place.server.database.write_blocking(lambda transaction: devices.insert(transaction, place.world.shop, second))
    with Screen(cable.url, tmp_path / "away.db") as away:
        away.staff(device=second)
        away.until_live()
        cable.pull()
        taken = away.api.call(routes.TAKE(body=TakeOrder(lines=(NewLine(item_id=shop.FRIES),))))
        switch(till, False)
        menu = dearer(till)
        till.api.call(routes.REPLACE_MENU(body=ReplaceMenu(version=menu.version, categories=menu.categories[:1])))
        cable.plug()
        away.api.try_now()
        away.until_sent()
        away.until(lambda: away.store.server_row(taken.id) is not None)
        row = away.store.server_row(taken.id)
        assert row is not None
        assert (row.number, row.total_minor) == (taken.number, taken.total_minor)
        assert away.api.operations() == ()
        away.until(lambda: told(away) == till.api.call(routes.MENU()))


def test_the_menu_that_is_kept_is_told_and_not_passed_off_as_just_read(cable: Cable, tmp_path: Path) -> None:
    with Screen(cable.url, tmp_path / "away.db") as away:
        away.staff()
        away.until_live()
        menu = away.api.call(routes.MENU())
    cable.pull()
    with Screen(cable.url, tmp_path / "away.db") as back:
        back.api.resume()
        assert told(back) == menu
        with pytest.raises(Unreachable):
            back.api.call(routes.MENU())


def test_who_edits_an_older_menu_is_told(till: Screen) -> None:
    menu = till.api.call(routes.MENU())
    switch(till, False)
    with pytest.raises(MenuMoved) as moved:
        till.api.call(routes.REPLACE_MENU(body=ReplaceMenu(version=menu.version, categories=menu.categories[:1])))
    assert moved.value.menu == till.api.call(routes.MENU())
    nameless = msgspec.structs.replace(menu.categories[0], name="")
    unnamed = ReplaceMenu(version=moved.value.menu.version, categories=(nameless,))
    with pytest.raises(Refused, match="name is missing"):
        till.api.call(routes.REPLACE_MENU(body=unnamed))
