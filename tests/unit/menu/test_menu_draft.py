"""A menu is changed piece by piece, and what is not touched stays as it was."""

import msgspec

from core.domain import menu_draft as draft
from core.domain.ids import ItemId
from core.domain.menu import mistakes, with_availability
from core.domain.menu_changes import Kind, changes
from tests.support.menus import BOWL, CHIPS, MENU, SODA, SOUP

BOWLS, SIDES = MENU.categories
NOWHERE = ItemId("nowhere")


def names(categories: draft.Categories) -> list[list[str]]:
    return [[item.name for item in category.items] for category in categories]


def kinds(after: draft.Categories) -> set[Kind]:
    return {change.kind for change in changes(MENU.categories, after)}


def test_an_item_is_changed_where_it_is() -> None:
    dearer = msgspec.structs.replace(SODA, price_minor=150)
    after = draft.with_item(MENU.categories, dearer)
    assert after[1].items == (CHIPS, dearer)
    assert after[0] is BOWLS
    assert kinds(after) == {Kind.PRICE}
    assert draft.with_item(MENU.categories, msgspec.structs.replace(SODA, id=NOWHERE)) == MENU.categories


def test_an_item_is_added_removed_and_moved() -> None:
    after, item_id = draft.with_new_item(MENU.categories, SIDES.id, "Chips")
    assert item_id == "chips-2"
    assert after[1].items[-1].price_minor == 0, "which the shop has to say"
    assert names(after)[1] == [CHIPS.name, SODA.name, "Chips"]
    assert mistakes(after) == ()
    assert draft.without_item(after, item_id) == MENU.categories
    assert names(draft.moved_item(after, item_id, -1))[1] == [CHIPS.name, "Chips", SODA.name]
    assert names(draft.moved_item(after, item_id, -9))[1] == ["Chips", CHIPS.name, SODA.name]
    assert draft.moved_item(after, item_id, 1) == after
    assert names(draft.moved_item(after, CHIPS.id, 1))[1] == [SODA.name, CHIPS.name, "Chips"]
    assert names(draft.moved_item(after, CHIPS.id, 2))[1] == [SODA.name, "Chips", CHIPS.name]
    assert draft.moved_item(after, NOWHERE, 1) == after


def test_an_item_goes_to_another_category() -> None:
    after = draft.item_in(MENU.categories, SODA.id, BOWLS.id)
    assert names(after) == [[BOWL.name, SOUP.name, SODA.name], [CHIPS.name]]
    assert kinds(after) == {Kind.CATEGORY}
    assert draft.item_in(MENU.categories, SODA.id, SIDES.id) == MENU.categories
    assert draft.item_in(MENU.categories, NOWHERE, SIDES.id) == MENU.categories
    assert draft.item_in((), SODA.id, SIDES.id) == ()
    assert draft.category_of(after, SODA.id) == after[0]
    assert draft.category_of(after, NOWHERE) is None


def test_categories_come_change_and_go() -> None:
    after, category_id = draft.with_category(MENU.categories, "Bowls")
    assert category_id == "bowls-2"
    assert mistakes(after) == ()
    assert draft.moved_category(after, category_id, -2)[0].id == category_id
    assert draft.renamed_category(after, category_id, "Big bowls")[2].name == "Big bowls"
    assert draft.without_category(after, category_id) == MENU.categories
    assert draft.without_category(MENU.categories, BOWLS.id) == (SIDES,)


def test_what_sold_out_meanwhile_is_sold_out_in_the_draft() -> None:
    mine = draft.with_item(MENU.categories, msgspec.structs.replace(CHIPS, price_minor=1))
    mine = draft.without_item(mine, BOWL.id)
    theirs = with_availability(MENU.categories, {CHIPS.id: False, BOWL.id: False})
    after = draft.with_stock_of(mine, MENU.categories, theirs)
    assert after[1].items[0] == msgspec.structs.replace(CHIPS, price_minor=1, available=False)
    assert names(after) == names(mine)
    own = with_availability(mine, {SODA.id: False})
    assert not draft.with_stock_of(own, MENU.categories, theirs)[1].items[1].available, "what I said stays said"


def test_what_is_new_gets_ids_that_read_like_its_name() -> None:
    after, category_id = draft.with_category(MENU.categories, "New category")
    after, first = draft.with_new_item(after, category_id, "New item")
    after, second = draft.with_new_item(after, category_id, "New item")
    for item_id in (first, second):
        item = next(each for each in after[2].items if each.id == item_id)
        after = draft.with_item(after, msgspec.structs.replace(item, name="Lime soda"))
    after = draft.renamed_category(after, category_id, "Drinks")
    proper, became = draft.with_proper_ids(after, MENU.categories)
    assert [item.id for item in proper[2].items] == ["lime-soda", "lime-soda-2"]
    assert proper[2].id == "drinks"
    assert became == {first: "lime-soda", second: "lime-soda-2", category_id: "drinks"}
    assert proper[:2] == MENU.categories
    assert mistakes(proper) == ()
    assert draft.with_proper_ids(MENU.categories, MENU.categories) == (MENU.categories, {})


def test_an_id_that_is_taken_by_what_is_new_is_not_taken_from_what_is_there() -> None:
    """Chips were removed and something of that name is new: the shop never sells two things by one id."""
    gone = draft.without_item(MENU.categories, CHIPS.id)
    after, item_id = draft.with_new_item(gone, SIDES.id, "Chips")
    assert item_id == CHIPS.id
    proper, _became = draft.with_proper_ids(after, MENU.categories)
    assert mistakes(proper) == ()
