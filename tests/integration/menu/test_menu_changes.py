"""The menu as it is changed: by whom, all or nothing, told to everybody at once, and orders priced by it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.domain.ids import ItemId
from core.domain.menu import Category, Menu, MenuItem, items_of, with_availability
from core.protocol.events import MenuChanged
from core.protocol.feed import Frame
from core.protocol.requests import ReplaceMenu
from core.store import menus, shops
from core.store.menus import Offers
from core.store.sql.statements import Transaction
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.push.test_feed import follow, seq, snapshot
from tests.support import shop
from tests.support.listener import Listener, chained, hello

ADDRESS = "/api/admin/menu/"
TACO = MenuItem(ItemId("taco"), "Taco", 350, "Corn, beans.")


@pytest.fixture(autouse=True)
def as_it_was(place: Place) -> Iterator[None]:
    """Each test finds the menu that the world began with."""
    yield
    put(place, shop.MENU.categories)


def menu(caller: Caller) -> Menu:
    reply = caller.get("/api/menu/")
    assert reply.status_code == 200, reply.text
    return msgspec.json.decode(reply.content, type=Menu)


def put(place: Place, categories: tuple[Category, ...], version: int | None = None) -> Any:
    wanted = ReplaceMenu(version=version or menu(place.alex).version, categories=categories)
    return place.alex.call("PUT", ADDRESS, msgspec.to_builtins(wanted))


def with_taco() -> tuple[Category, ...]:
    """One item more, one dearer, one gone."""
    mains, sides = shop.MENU.categories
    fries = msgspec.structs.replace(sides.items[0], price_minor=450)
    return (mains, msgspec.structs.replace(sides, items=(TACO, fries)))


def sell(caller: Caller, item: str, available: bool, key: str = "") -> Any:
    return caller.post(f"/api/pos/menu/{item}/availability/", {"available": available}, key=key or new_key())


def test_the_menu_is_replaced_as_a_whole(place: Place) -> None:
    before = menu(place.alex)
    reply = put(place, with_taco())
    assert reply.status_code == 200, reply.text
    after = menu(place.nobody)
    assert after == msgspec.json.decode(reply.content, type=Menu)
    assert after == msgspec.structs.replace(before, categories=with_taco(), version=before.version + 1)


def test_who_read_an_older_menu_is_told_the_one_there_is(place: Place) -> None:
    before = menu(place.alex)
    assert put(place, with_taco()).status_code == 200
    reply = put(place, (), before.version)
    assert (reply.status_code, reply.json()["type"], reply.json()["field"]) == (409, "menu_changed", "version")
    assert msgspec.convert(reply.json()["menu"], Menu) == menu(place.alex)


def test_what_is_wanted_already_is_no_change(place: Place) -> None:
    """So a reply that was lost is asked for again without harm, though the version has moved."""
    before = menu(place.alex)
    put(place, with_taco())
    head = snapshot(place.kim).cursor
    reply = put(place, with_taco(), before.version)
    assert reply.status_code == 200
    assert reply.json()["version"] == before.version + 1
    assert snapshot(place.kim).cursor == head


def test_a_menu_that_cannot_be_is_refused_whole(place: Place) -> None:
    before = menu(place.alex)
    twice = Category("more", "More", (TACO, TACO))
    reply = put(place, (*shop.MENU.categories, twice))
    assert (reply.status_code, reply.json()["field"]) == (422, "categories[2].items[1].id")
    assert menu(place.alex) == before


def test_a_menu_may_be_larger_than_other_requests(place: Place) -> None:
    many = tuple(MenuItem(ItemId(f"item-{n}"), f"Item {n}", n, "x" * 200) for n in range(1000))
    assert put(place, (Category("all", "All", many),)).status_code == 200
    assert len(menu(place.ada).items()) == 1000
    assert place.kim.post("/api/pos/orders/", {"note": "x" * 100_000}, key=new_key()).status_code == 413


def test_an_id_that_was_anothers_is_not_given_again(place: Place) -> None:
    """What a window has had in a basket since is still the old dish, and no longer sold."""
    mains, sides = shop.MENU.categories
    (bowl, *rest), fries = mains.items, sides.items[0]
    wanted, extras = bowl.groups[0], bowl.groups[-1]
    choice, fewer = extras.modifiers[0], msgspec.structs.replace(bowl, groups=(wanted,))
    assert put(place, (msgspec.structs.replace(mains, items=(fewer, *rest)),)).status_code == 200
    olives = msgspec.structs.replace(choice, name="Olives")
    others = msgspec.structs.replace(bowl, groups=(wanted, msgspec.structs.replace(extras, modifiers=(olives,))))
    stew, again = msgspec.structs.replace(fries, name="Stew"), msgspec.structs.replace(sides, items=sides.items)
    new = (
        msgspec.structs.replace(mains, items=(others, *rest)),
        msgspec.structs.replace(sides, items=(stew, *sides.items[1:])),
    )
    reply = put(place, new)
    assert reply.status_code == 200, reply.text
    after = menu(place.ada)
    assert msgspec.convert(reply.json(), Menu) == after
    assert {item.name: item.id for item in after.categories[1].items} == {"Stew": "stew", "Churros": shop.SOLD_OUT}
    assert [each.id for each in after.items()[shop.BOWL].groups[-1].modifiers] == ["olives"]
    old = place.ada.post("/api/online/orders/", order_body(lines=[{"item_id": shop.FRIES}]), key=new_key())
    assert old.status_code == 422, "what was fries is not a stew"
    assert put(place, (after.categories[0], again)).status_code == 200
    assert menu(place.ada).items()[shop.FRIES].name == "Fries", "the same dish again is what it was"


def test_past_orders_keep_their_lines(place: Place) -> None:
    order = place.ada.place(lines=[{"item_id": shop.FRIES}])
    mains, _sides = shop.MENU.categories
    assert put(place, (mains,)).status_code == 200
    found = place.ada.get(f"/api/online/orders/{order['id']}/").json()
    assert found["lines"] == order["lines"]


def test_another_shop_has_another_menu(place: Place) -> None:
    theirs = menu(place.sam)
    put(place, with_taco())
    assert menu(place.sam) == theirs


def test_an_item_is_sold_out_once_however_often_it_is_said(place: Place) -> None:
    before = menu(place.kim)
    key = new_key()
    replies = [sell(place.kim, shop.FRIES, False, key), sell(place.kim, shop.FRIES, False, key)]
    replies.append(sell(place.alex, shop.FRIES, False))
    assert [reply.json() for reply in replies] == [
        {"item_id": shop.FRIES, "available": False, "version": before.version + 1}
    ] * 3
    assert [reply.headers["Operation-Outcome"] for reply in replies] == ["applied", "duplicate", "superseded"]
    after = menu(place.kim)
    assert after.categories == with_availability(before.categories, {shop.FRIES: False})
    assert after.version == before.version + 1


def test_what_the_menu_does_not_have_cannot_sell_out(place: Place) -> None:
    assert sell(place.kim, "pizza", False).status_code == 404


def told(frames: list[Frame]) -> list[MenuChanged]:
    return [frame.event for frame in frames if isinstance(frame.event, MenuChanged)]


def test_everybody_in_the_shop_hears_of_it_and_boards_do_not(place: Place) -> None:
    starts = {caller: snapshot(caller).cursor for caller in (place.ada, place.grace, place.kim, place.sam)}
    board = place.board.get("/api/board/").json()["cursor"]
    version = menu(place.kim).version
    mine = place.ada.place()
    sell(place.kim, shop.FRIES, False)
    put(place, with_taco())
    place.grace.place(lines=[{"item_id": TACO.id}])
    expected = [
        MenuChanged(version=version + 1, item_id=shop.FRIES, available=False),
        MenuChanged(version=version + 2),
    ]
    for caller in (place.ada, place.grace, place.kim):
        frames, end = follow(caller, starts[caller], limit=1)
        assert told(frames) == expected
        assert chained(frames, seq(starts[caller]))
        assert end == snapshot(place.kim).cursor
        pushed = Listener(place.server.url, hello(caller.token, starts[caller]))
        with pushed:
            pushed.caught_up()
            assert pushed.heard == frames
    assert told(follow(place.sam, starts[place.sam])[0]) == []
    assert mine["id"] not in str(follow(place.grace, starts[place.grace])[0])
    with Listener(place.server.url, hello(place.board.token, board)) as display:
        display.caught_up()
        assert display.heard == []


def test_it_is_pushed_in_turn_with_ones_own_orders(place: Place) -> None:
    start = snapshot(place.ada).cursor
    with Listener(place.server.url, hello(place.ada.token, start)) as ada:
        ada.caught_up()
        first = place.ada.place()
        sell(place.kim, shop.FRIES, False)
        place.grace.place(lines=[{"item_id": shop.BOWL}])
        last = place.ada.place(lines=[{"item_id": shop.BOWL}])
        ada.until_about(last["id"])
        assert chained(ada.heard, seq(start))
        kinds = [type(frame.event).__name__ for frame in ada.heard]
        assert kinds == ["OrderPlaced", "MenuChanged", "OrderPlaced"]
        assert first["id"] in ada.texts[1]


def test_a_customer_gets_nothing_that_is_sold_out(place: Place) -> None:
    sell(place.kim, shop.FRIES, False)
    reply = place.ada.post("/api/online/orders/", order_body(), key=new_key())
    assert (reply.status_code, reply.json()["field"]) == (422, "lines[1].item_id")
    assert reply.json()["detail"] == "Fries is sold out."


def test_what_was_taken_at_the_counter_was_there(place: Place) -> None:
    """The till may have been away when it sold out; who took the order saw what there was."""
    sell(place.kim, shop.FRIES, False)
    reply = place.kim.post("/api/pos/orders/", order_body(), key=new_key())
    assert reply.status_code == 201, reply.text


def test_the_price_told_at_the_counter_is_the_price(place: Place) -> None:
    seen = menu(place.kim)
    sell(place.kim, shop.SOLD_OUT, True)
    put(place, with_taco())
    sell(place.kim, TACO.id, False)
    put(place, (Category("none", "None", ()),))
    lines = [{"item_id": shop.FRIES}, {"item_id": shop.SOLD_OUT}]
    body = order_body(lines=lines, menu_version=seen.version)
    reply = place.kim.post("/api/pos/orders/", body, key=new_key())
    assert reply.status_code == 201, reply.text
    assert [line["unit_price_minor"] for line in reply.json()["lines"]] == [390, 480]
    between = order_body(lines=[{"item_id": shop.FRIES}], menu_version=seen.version + 2)
    reply = place.kim.post("/api/pos/orders/", between, key=new_key())
    assert [line["unit_price_minor"] for line in reply.json()["lines"]] == [450]
    nowadays = place.kim.post("/api/pos/orders/", order_body(), key=new_key())
    assert nowadays.status_code == 422


def test_a_customer_cannot_order_by_an_older_menu(place: Place) -> None:
    seen = menu(place.ada)
    put(place, with_taco())
    order = place.ada.place(lines=[{"item_id": shop.FRIES}], menu_version=seen.version)
    assert order["lines"][0]["unit_price_minor"] == 450


def test_nobody_pays_what_they_were_not_asked_for(place: Place) -> None:
    line = [{"item_id": shop.FRIES}]
    total = place.ada.place(lines=line)["total_minor"]
    put(place, with_taco())
    before = place.counts()["orders"]
    body = order_body(lines=line, expected_total_minor=total)
    reply = place.ada.post("/api/online/orders/", body, key=new_key())
    assert (reply.status_code, reply.json()["type"]) == (409, "price_changed")
    asked = reply.json()["order"]["total_minor"]
    assert asked == total + 65  # 60 more, and 8.25 % of it
    assert place.counts()["orders"] == before
    number = place.ada.place()["number"]
    again = place.ada.post("/api/online/orders/", body | {"expected_total_minor": asked}, key=new_key())
    assert again.status_code == 201, again.text
    assert int(again.json()["number"][-6:]) == int(number[-6:]) + 1, "what was refused took no number"


def test_old_menus_are_forgotten_when_another_takes_their_place(place: Place) -> None:
    def kept() -> list[int]:
        of_shop = "SELECT last_version FROM past_menus WHERE shop_id = ? ORDER BY last_version"
        return [row[0] for row in place.rows(of_shop, place.world.shop)]

    def change() -> None:
        put(place, shop.MENU.categories if menu(place.alex).categories == with_taco() else with_taco())

    for _ in range(4):
        change()
    before = kept()
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE past_menus SET replaced_at = 1 WHERE last_version < {before[-1]}")
    for _ in before:
        change()
    assert kept()[0] == before[-1], "two at a time, and none that may still be told of"
    assert len(kept()) == len(before) + 1


def test_a_clock_that_is_ahead_for_a_moment_has_none_forgotten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept() -> list[int]:
        of_shop = "SELECT last_version FROM past_menus WHERE shop_id = ? ORDER BY last_version"
        return [row[0] for row in place.rows(of_shop, place.world.shop)]

    def change() -> None:
        put(place, shop.MENU.categories if menu(place.alex).categories == with_taco() else with_taco())

    change()
    before = kept()
    with monkeypatch.context() as ahead:
        ahead.setattr(menus, "now", lambda: datetime.now(UTC) + timedelta(days=400))
        change()
    assert kept()[: len(before)] == before


def test_a_menu_that_was_rolled_back_is_not_remembered(place: Place) -> None:
    """The next one gets its version."""
    offers = Offers()
    database = place.server.database

    def offer(transaction: Transaction) -> tuple[Category, ...]:
        found = shops.get(transaction, place.world.shop)
        assert found is not None
        return offers.of(transaction, found).menu.categories

    def change_and_fail(transaction: Transaction) -> None:
        menus.set_available(transaction, place.world.shop, shop.FRIES, False)
        assert not items_of(offer(transaction))[shop.FRIES].available
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"):
        database.write_blocking(change_and_fail)
    database.write_blocking(lambda tx: menus.set_available(tx, place.world.shop, shop.SOLD_OUT, True))
    assert offers.missed(place.world.shop), "a reader should ask"
    now = items_of(database.read_blocking(offer))
    assert not offers.missed(place.world.shop)
    assert now[shop.FRIES].available
    assert now[shop.SOLD_OUT].available


def test_a_window_that_sends_no_colours_and_defaults_takes_none_away(place: Place) -> None:
    mains, sides = shop.MENU.categories
    row, item = next((at, each) for at, each in enumerate(mains.items) if each.groups)
    group = item.groups[0]

    def menu_with(colour: str, default: bool) -> tuple[Category, ...]:
        first = msgspec.structs.replace(group.modifiers[0], default=default)
        groups = (msgspec.structs.replace(group, modifiers=(first, *group.modifiers[1:])), *item.groups[1:])
        items = (*mains.items[:row], msgspec.structs.replace(item, groups=groups), *mains.items[row + 1 :])
        return (msgspec.structs.replace(mains, items=items, colour=colour), sides)

    assert put(place, menu_with("teal", True)).status_code == 200
    told = menu(place.nobody).categories
    assert (told[0].colour, told[0].items[row].groups[0].defaults) == ("teal", (group.modifiers[0].id,))
    before = menu(place.alex).version
    assert put(place, shop.MENU.categories).status_code == 200
    assert menu(place.alex).version == before, "nothing was changed"
    assert put(place, menu_with("mauve", True)).status_code == 422
    assert put(place, menu_with("auto", False)).status_code == 200
    assert menu(place.nobody).categories == shop.MENU.categories
