"""How a window follows the menu: patched, read again, put back; and orders whose price has changed on their way."""

from pathlib import Path

import msgspec
import pytest

from core.client.errors import ServerFault, Unreachable
from core.client.operations import Kind, Operation, State
from core.client.storage.cache import Cache
from core.client.storage.local_store import LocalStore
from core.domain.commands import PlaceOrder
from core.domain.ids import CustomerId, new_order_id
from core.domain.menu import Menu, with_availability
from core.domain.menu_draft import with_item
from core.domain.order import NewLine, Order
from tests.support.desk import Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, MENU, SODA, SOUP
from tests.support.model_transport import ModelTransport
from tests.unit.conftest import OpenDesk


def told(desk: Desk) -> list[Menu]:
    return [changed.menu for changed in desk.told if changed.menu is not None]


def test_what_sells_out_is_told_without_asking(
    open_desk: OpenDesk, shop: FakeBackend, transport: ModelTransport
) -> None:
    desk = open_desk()
    desk.sync.pull()
    assert desk.cache.menu == MENU
    shop.sell(CHIPS.id, False)
    shop.sell(SOUP.id, True)
    transport.calls.clear()
    desk.sync.pull()
    assert told(desk)[-1] == desk.cache.menu == shop.menu
    assert transport.calls == ["events"]


def test_what_an_event_does_not_say_is_asked_for(
    open_desk: OpenDesk, shop: FakeBackend, transport: ModelTransport
) -> None:
    desk = open_desk()
    desk.sync.pull()
    shop.change_menu(MENU.categories[:1])
    shop.sell(SOUP.id, True)
    transport.calls.clear()
    desk.sync.pull()
    assert told(desk)[-1] == desk.cache.menu == shop.menu
    assert transport.calls == ["events", "menu"]


def test_a_menu_that_is_ahead_of_the_events_does_not_go_back(open_desk: OpenDesk, shop: FakeBackend) -> None:
    """It was read by another road while they were on their way."""
    desk = open_desk()
    desk.sync.pull()
    shop.sell(CHIPS.id, False)
    shop.sell(CHIPS.id, True)
    desk.cache.put_menu(shop.menu)
    count = len(told(desk))
    desk.sync.pull()
    assert desk.cache.menu == shop.menu
    assert len(told(desk)) == count


def test_a_menu_that_is_read_before_its_event_comes_is_told_all_the_same(
    open_desk: OpenDesk, shop: FakeBackend
) -> None:
    """As the engine reads it once an hour: the event says nothing new then, and screens would keep the old one."""
    desk = open_desk()
    desk.sync.pull()
    desk.sync.fetch_menu()
    before = len(told(desk))
    shop.sell(CHIPS.id, False)
    desk.sync.fetch_menu()
    desk.sync.pull()
    assert told(desk)[before:] == [shop.menu], "once"


def test_an_answer_that_was_overtaken_changes_nothing(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.sync.pull()
    shop.sell(CHIPS.id, False)
    desk.sync.pull()
    assert desk.cache.put_menu(MENU) == shop.menu
    assert desk.cache.menu == shop.menu


def test_away_for_long_one_reads_it_with_the_snapshot(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.sync.pull()
    for _ in range(4):
        shop.change_menu(shop.menu.categories[::-1])
        shop.sell(CHIPS.id, False)
        shop.sell(CHIPS.id, True)
    shop.kept_from = len(shop.events)
    desk.sync.pull()
    assert told(desk)[-1] == desk.cache.menu == shop.menu


def test_after_a_restore_the_older_menu_is_right(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.take()
    desk.try_all()
    backup = shop.backup()
    shop.sell(CHIPS.id, False)
    desk.sync.pull()
    shop.restore(backup)
    shop.sell(SODA.id, False)  # the same version, and another menu
    desk.sync.pull()
    assert told(desk)[-1] == desk.cache.menu == shop.menu


def test_a_menu_that_cannot_be_had_stops_nothing(
    open_desk: OpenDesk, shop: FakeBackend, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.sync.pull()
    shop.change_menu(())

    def fails() -> Menu:
        raise ServerFault("no menu")

    with monkeypatch.context() as broken:
        broken.setattr(transport, "menu", fails)
        desk.sync.pull()
    assert desk.cache.place == shop.cursor()
    assert desk.cache.menu == MENU
    shop.change_menu(MENU.categories[:1])
    desk.sync.pull()
    assert desk.cache.menu == shop.menu, "the next change has it read again"


def test_without_a_network_the_place_is_kept_until_the_menu_is_here(
    open_desk: OpenDesk, shop: FakeBackend, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.sync.pull()
    place = desk.cache.place
    shop.change_menu(())

    def cut() -> Menu:
        raise Unreachable("cut")

    with monkeypatch.context() as broken:
        broken.setattr(transport, "menu", cut)
        with pytest.raises(Unreachable):
            desk.sync.pull()
    assert desk.cache.place == place
    desk.sync.pull()
    assert desk.cache.menu == shop.menu


def test_a_window_that_opens_offline_has_the_last_menu(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    local = LocalStore(path)
    menu = msgspec.structs.replace(MENU, categories=with_availability(MENU.categories, {CHIPS.id: False}), version=9)
    Cache(local).keep_menu(menu)
    local.close()
    local = LocalStore(path)
    assert Cache(local).menu == menu
    local.close()


def price(shop: FakeBackend, minor: int) -> None:
    """By the shop's menu the chips cost so much from now on, which nobody was told."""
    shop.menu = msgspec.structs.replace(
        shop.menu, categories=with_item(shop.menu.categories, msgspec.structs.replace(CHIPS, price_minor=minor))
    )


def place(desk: Desk) -> Operation:
    order_id = new_order_id()
    seen: Order = msgspec.structs.replace(new_order(order_id), customer_id=CustomerId("ada"))
    request = PlaceOrder(lines=(NewLine(item_id=CHIPS.id),), id=order_id, expected_total_minor=seen.total_minor)
    return desk.accept(Kind.PLACE, order_id, request, seen)


def test_nobody_orders_at_a_price_they_have_not_seen(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk("ada", "ada", ModelTransport(shop, CustomerId("ada")))
    desk.sync.pull()
    price(shop, 500)
    wanted = place(desk)
    desk.send_all()
    (held,) = desk.outbox.open()
    assert held.state is State.CONFLICT
    assert desk.store.outbox() == (held,), "its window is told"
    assert held.theirs is not None
    assert held.theirs.total_minor == 500
    assert shop.orders == {}
    price(shop, 600)  # and once more, before they have answered
    desk.sync.retry(held.op_id)
    desk.send_all()
    (held,) = desk.outbox.open()
    assert held.theirs is not None
    assert held.theirs.total_minor == 600
    desk.sync.retry(held.op_id)
    desk.send_all()
    assert desk.outbox.open() == ()
    assert shop.orders[wanted.order_id].total_minor == 600
    assert shop.applied == [wanted.op_id]


def test_an_order_that_became_too_dear_is_given_up(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk("ada", "ada", ModelTransport(shop, CustomerId("ada")))
    desk.sync.pull()
    price(shop, 500)
    wanted = place(desk)
    desk.send_all()
    desk.sync.discard(wanted.op_id, "too dear")
    desk.send_all()
    assert shop.orders == {}
    assert len(desk.store) == 0
