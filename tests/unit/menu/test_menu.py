"""What a menu must be, and what makes it another."""

from typing import Any

import msgspec
import pytest

from core.domain.ids import ItemId, ModifierId
from core.domain.menu import (
    MAX_CATEGORIES,
    MAX_CHOICES,
    MAX_DESCRIPTION,
    MAX_GROUPS,
    MAX_ITEMS,
    MAX_NAME,
    MAX_PRICE_MINOR,
    Category,
    InvalidMenu,
    MenuItem,
    Modifier,
    ModifierGroup,
    as_if_available,
    as_meant,
    check_menu,
    items_of,
    mistakes,
    new_id,
    normal_name,
    with_availability,
)
from core.domain.menu_changes import Change, Kind, changes, only_availability
from tests.support.menus import BOWL, CHIPS, EXTRAS, MENU, SALSA, SODA, SOUP

ITEM = "categories[0].items[0]"
GROUP = f"{ITEM}.groups[0]"
CHOICE = f"{GROUP}.modifiers[0]"
BAD_NAMES = ["", "  ", " x", "x ", "x" * (MAX_NAME + 1), "a\nb", "a\tb", "a\x00b", "a\u2028b", "a\x7f"]
BAD_IDS = ["", " ", "a b", "-a", ".a", "é", "a/b", "a" * 65, "a\n"]


def of(item: MenuItem) -> tuple[Category, ...]:
    return (Category("c", "C", (item,)),)


def item(**changed: Any) -> MenuItem:
    return msgspec.structs.replace(MenuItem(ItemId("i"), "Item", 100), **changed)


def group(**changed: Any) -> tuple[Category, ...]:
    plain = ModifierGroup("g", "Group", (Modifier(ModifierId("m"), "Choice", 10), Modifier(ModifierId("n"), "Other")))
    return of(item(groups=(msgspec.structs.replace(plain, **changed),)))


def choice(**changed: Any) -> tuple[Category, ...]:
    return group(modifiers=(msgspec.structs.replace(Modifier(ModifierId("m"), "Choice"), **changed),))


def fields(categories: tuple[Category, ...]) -> list[str]:
    return [mistake.field for mistake in mistakes(categories)]


GOOD = [
    MENU.categories,
    (),
    (Category("c", "Empty", ()),),
    (Category("c", "C", tuple(item(id=ItemId(f"i{n}")) for n in range(MAX_ITEMS))),),
    of(item(price_minor=0)),
    of(item(price_minor=MAX_PRICE_MINOR, name="x" * MAX_NAME, description="x" * MAX_DESCRIPTION)),
    of(item(id=ItemId("a" * 64), name="=cmd()", description="Bread, “butter”; and 'more'")),
    group(least=2, most=2),
    group(least=0, most=MAX_CHOICES),
    choice(price_minor=-100),
    (Category("same", "One", (item(id=ItemId("same")),)), Category("other", "One", ())),
]


@pytest.mark.parametrize("categories", GOOD)
def test_a_shop_can_sell_by_it(categories: tuple[Category, ...]) -> None:
    assert mistakes(categories) == ()
    check_menu(categories)


BAD: list[tuple[tuple[Category, ...], list[str]]] = [
    *(((Category("c", name, ()),), ["categories[0].name"]) for name in BAD_NAMES),
    *(((Category(identity, "C", ()),), ["categories[0].id"]) for identity in BAD_IDS),
    ((Category("c", "C", ()), Category("c", "D", ())), ["categories[1].id"]),
    (tuple(Category(f"c{n}", "C", ()) for n in range(MAX_CATEGORIES + 1)), ["categories"]),
    *((of(item(name=name)), [f"{ITEM}.name"]) for name in BAD_NAMES),
    *((of(item(id=ItemId(identity))), [f"{ITEM}.id"]) for identity in BAD_IDS),
    ((Category("c", "C", (item(),)), Category("d", "D", (item(),))), ["categories[1].items[0].id"]),
    (
        (Category("c", "C", tuple(item(id=ItemId(f"i{n}")) for n in range(MAX_ITEMS + 1))),),
        ["categories"],
    ),
    (of(item(price_minor=-1)), [f"{ITEM}.price_minor"]),
    (of(item(price_minor=MAX_PRICE_MINOR + 1)), [f"{ITEM}.price_minor"]),
    (of(item(description="x" * (MAX_DESCRIPTION + 1))), [f"{ITEM}.description"]),
    (of(item(description="a\nb")), [f"{ITEM}.description"]),
    *((group(name=name), [f"{GROUP}.name"]) for name in BAD_NAMES),
    *((group(id=identity), [f"{GROUP}.id"]) for identity in BAD_IDS),
    (group(modifiers=()), [f"{GROUP}.modifiers"]),
    (group(least=-1), [f"{GROUP}.least"]),
    (group(least=3), [f"{GROUP}.least"]),
    (group(most=0), [f"{GROUP}.most"]),
    (group(least=2, most=1), [f"{GROUP}.most"]),
    (group(most=MAX_CHOICES + 1), [f"{GROUP}.most"]),
    (
        of(item(groups=tuple(ModifierGroup(f"g{n}", "G", (Modifier(ModifierId(f"m{n}"), "M"),)) for n in range(21)))),
        [f"{ITEM}.groups"],
    ),
    (
        group(modifiers=tuple(Modifier(ModifierId(f"m{n}"), "M") for n in range(MAX_CHOICES + 1))),
        [f"{ITEM}.groups"],
    ),
    (
        of(item(groups=(SALSA, SALSA))),
        [f"{ITEM}.groups[1].id", *(f"{ITEM}.groups[1].modifiers[{n}].id" for n in (0, 1))],
    ),
    *((choice(name=name), [f"{CHOICE}.name"]) for name in BAD_NAMES),
    *((choice(id=ModifierId(identity)), [f"{CHOICE}.id"]) for identity in BAD_IDS),
    (choice(price_minor=MAX_PRICE_MINOR + 1), [f"{CHOICE}.price_minor"]),
    (choice(price_minor=-101), [f"{ITEM}.groups"]),
    (choice(price_minor=-MAX_PRICE_MINOR - 1), [f"{CHOICE}.price_minor", f"{ITEM}.groups"]),
]


@pytest.mark.parametrize(("categories", "blamed"), BAD)
def test_every_mistake_is_named(categories: tuple[Category, ...], blamed: list[str]) -> None:
    assert fields(categories) == blamed
    with pytest.raises(InvalidMenu) as refused:
        check_menu(categories)
    assert refused.value.field == blamed[0]
    assert refused.value.mistakes == mistakes(categories)


def test_all_mistakes_are_told_at_once() -> None:
    bad = Category("c", "", (item(price_minor=-1), item(name="")))
    assert fields((bad, bad))[:3] == ["categories[0].name", f"{ITEM}.price_minor", "categories[0].items[1].id"]
    assert len(mistakes((bad, bad))) == 10


def test_an_id_reads_like_the_name_and_is_free() -> None:
    assert new_id("Chicken Bowl", ()) == "chicken-bowl"
    assert new_id("Chicken  bowl!", ("chicken-bowl",)) == "chicken-bowl-2"
    assert new_id("Chicken bowl", ("chicken-bowl", "chicken-bowl-2")) == "chicken-bowl-3"
    assert new_id("Crème brûlée", ()) == "creme-brulee"
    for name in ("شاي", "Ünïcode", "-", "x" * 200, "1 + 1", "ж" * 200, "🌮", "Café שלום" * 20):
        made = item(id=ItemId(new_id(name, ("item",))))
        assert mistakes(of(made)) == ()


SCRIPTS = (
    *("Μουσακάς", "Γύρος", "Борщ", "Шаурма", "شاي", "قهوة", "麻婆豆腐", "北京烤鸭", "비빔밥", "寿司", "שקשוקה", "ส้มตำ"),
    *("🌮", "🍕", "Smørrebrød", "Smorrebrod"),
)


def test_an_id_is_its_names_in_every_script() -> None:
    made = {name: new_id(name, ()) for name in SCRIPTS}
    assert len(set(made.values())) == len(SCRIPTS), "never one that another name gets"
    taken: list[str] = []
    for name in reversed(SCRIPTS):
        taken.append(new_id(name, taken))
    assert taken[::-1] == list(made.values()), "wherever it stands"
    assert new_id("Борщ", ()) == "a9f7c9f1fe", "the same in every release: it is what baskets hold"
    assert new_id("Smørrebrød mit Ei", ()).startswith("sm-rrebr-d-mit-ei-")


def test_a_name_is_compared_without_its_dress() -> None:
    assert normal_name("  ＢＯＲＳＣＨ\u00a0 Soup ") == normal_name("borsch soup")
    assert normal_name("БОРЩ") == normal_name("борщ")
    assert normal_name("Café") != normal_name("Cafe")


def test_availability_touches_nothing_else() -> None:
    assert with_availability(MENU.categories, {}) == MENU.categories
    changed = with_availability(MENU.categories, {CHIPS.id: False, SOUP.id: True, ItemId("gone"): False})
    assert {each.id: each.available for each in items_of(changed).values()} == {
        BOWL.id: True,
        SOUP.id: True,
        CHIPS.id: False,
        SODA.id: True,
    }
    assert with_availability(changed, {CHIPS.id: True, SOUP.id: False}) == MENU.categories
    assert all(each.available for each in as_if_available(MENU.items()).values())


def test_what_has_changed_is_all_told() -> None:
    bowls, sides = MENU.categories
    dearer = msgspec.structs.replace(BOWL, price_minor=900, groups=(SALSA,), description="New.")
    again = msgspec.structs.replace(SOUP, available=True)
    cola = msgspec.structs.replace(SODA, name="Cola", available=False)
    taco = MenuItem(ItemId("taco"), "Taco", 350)
    after = (Category("sides", "Sides", (cola, again, taco)), msgspec.structs.replace(bowls, items=(dearer,)))
    assert set(changes(MENU.categories, after)) == {
        Change(kind=Kind.NAME, id=sides.id, name=sides.name, before=sides.name, after="Sides", is_category=True),
        Change(kind=Kind.ORDER, id="", name="", is_category=True),
        Change(kind=Kind.PRICE, id=BOWL.id, name=BOWL.name, before=849, after=900),
        Change(kind=Kind.DESCRIPTION, id=BOWL.id, name=BOWL.name, before=BOWL.description, after="New."),
        Change(kind=Kind.CHOICES, id=BOWL.id, name=BOWL.name),
        Change(kind=Kind.NAME, id=SODA.id, name=SODA.name, before=SODA.name, after="Cola"),
        Change(kind=Kind.SOLD_OUT, id=SODA.id, name=SODA.name),
        Change(kind=Kind.SOLD_AGAIN, id=SOUP.id, name=SOUP.name),
        Change(kind=Kind.CATEGORY, id=SOUP.id, name=SOUP.name, before=bowls.name, after="Sides"),
        Change(kind=Kind.ADDED, id=taco.id, name=taco.name, after=350),
        Change(kind=Kind.REMOVED, id=CHIPS.id, name=CHIPS.name, before=445),
    }


def test_the_same_menu_is_no_change_and_another_is_one() -> None:
    assert changes(MENU.categories, MENU.categories) == ()
    bowls, sides = MENU.categories
    turned = msgspec.structs.replace(sides, items=sides.items[::-1])
    (change,) = changes(MENU.categories, (bowls, turned))
    assert (change.kind, change.id) == (Kind.ORDER, sides.id)
    assert {change.kind for change in changes(MENU.categories, (bowls,))} == {Kind.REMOVED}
    assert {change.kind for change in changes((bowls,), MENU.categories)} == {Kind.ADDED}
    swapped = msgspec.structs.replace(BOWL, groups=(EXTRAS, SALSA))
    (change,) = changes(of(BOWL), of(swapped))
    assert change.kind is Kind.CHOICES


def test_what_sells_out_is_told_from_what_is_changed() -> None:
    sold_out = with_availability(MENU.categories, {CHIPS.id: False})
    assert only_availability(MENU.categories, sold_out)
    assert only_availability(MENU.categories, MENU.categories)
    assert not only_availability(MENU.categories, sold_out[::-1])


def test_the_limits_of_groups_are_tested_at_their_edges() -> None:
    groups = tuple(ModifierGroup(f"g{n}", "G", (Modifier(ModifierId(f"m{n}"), "M"),)) for n in range(MAX_GROUPS))
    assert mistakes(of(item(groups=groups))) == ()
    whole = (ModifierGroup("g", "G", tuple(Modifier(ModifierId(f"m{n}"), "M") for n in range(MAX_CHOICES))),)
    assert mistakes(of(item(groups=whole))) == ()
    assert mistakes(tuple(Category(f"c{n}", "C", ()) for n in range(MAX_CATEGORIES))) == ()


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ((Category("c", "C", ()), Category("c", "D", ())), ["Another category has the id 'c'."]),
        (
            (Category("c", "C", (item(),)), Category("d", "D", (item(),))),
            ["Another item has the id 'i'."],
        ),
        (
            of(item(groups=(SALSA, SALSA))),
            ["Another option group has the id 'salsa'."]
            + [f"Another option has the id {choice!r}." for choice in ("mild", "hot")],
        ),
        (of(item(price_minor=-1)), ["A price is nothing or more."]),
        (of(item(price_minor=MAX_PRICE_MINOR + 1)), ["This price is too high."]),
        (group(modifiers=()), ["An option group has at least one option."]),
        (group(least=3), ["The minimum is between 0 and the number of options."]),
        (group(most=0), ["The maximum is 1 or more, and not below the minimum."]),
        (choice(price_minor=MAX_PRICE_MINOR + 1), ["This price is too high."]),
        (choice(price_minor=-101), ["Its options can take more off the price than there is."]),
        (
            of(item(price_minor=0, groups=(ModifierGroup("g", "G", (Modifier(ModifierId("m"), "M", -1),)),))),
            ["Its options can take more off the price than there is."],
        ),
        (
            of(item(price_minor=1, groups=(ModifierGroup("g", "G", (Modifier(ModifierId("m"), "M", -2),)),))),
            ["Its options can take more off the price than there is."],
        ),
        (of(item(name=" ")), ["A name is missing."]),
        (of(item(id=ItemId("a b"))), ["An id has up to 64 letters, digits, dots, dashes and underscores."]),
        (of(item(description="a\nb")), ["A description is one line of plain text."]),
        (
            of(item(description="x" * (MAX_DESCRIPTION + 1))),
            [f"A description has at most {MAX_DESCRIPTION} characters."],
        ),
        (
            tuple(Category(f"c{n}", "C", ()) for n in range(MAX_CATEGORIES + 1)),
            [f"A menu has at most {MAX_CATEGORIES} categories."],
        ),
        (
            (Category("c", "C", tuple(item(id=ItemId(f"i{n}")) for n in range(MAX_ITEMS + 1))),),
            [f"A menu has at most {MAX_ITEMS} items."],
        ),
    ],
)
def test_a_mistake_says_what_to_do(categories: tuple[Category, ...], said: list[str]) -> None:
    assert [mistake.message for mistake in mistakes(categories)] == said
    with pytest.raises(InvalidMenu) as refused:
        check_menu(categories)
    assert refused.value.message == said[0]


def test_an_item_with_too_much_to_choose_from_says_how_much_there_may_be() -> None:
    many = tuple(ModifierGroup(f"g{n}", "G", (Modifier(ModifierId(f"m{n}"), "M"),)) for n in range(MAX_GROUPS + 1))
    assert f"An item has at most {MAX_GROUPS} option groups." in said_of(item(groups=many))
    whole = (ModifierGroup("g", "G", tuple(Modifier(ModifierId(f"m{n}"), "M") for n in range(MAX_CHOICES + 1))),)
    assert f"An item has at most {MAX_CHOICES} options." in said_of(item(groups=whole))


def said_of(one: MenuItem) -> list[str]:
    return [mistake.message for mistake in mistakes(of(one))]


def test_the_dearest_choice_is_as_dear_as_the_dearest_item() -> None:
    assert mistakes(choice(price_minor=MAX_PRICE_MINOR)) == ()


def test_what_is_not_sold_out_stays_the_same_object() -> None:
    (category,) = with_availability(of(BOWL), {BOWL.id: True})
    assert category.items[0] is BOWL
    assert as_if_available({BOWL.id: BOWL})[BOWL.id] is BOWL


def test_an_id_has_no_dash_at_its_ends_and_at_most_56_letters() -> None:
    assert new_id(" -x- ", ()) == "x"
    assert new_id("Xenia X", ()) == "xenia-x"
    assert len(new_id("y" * 200, ())) == 56


def test_categories_that_come_and_go_are_told_as_such() -> None:
    kept, other = Category("a", "A", ()), Category("b", "B", ())
    assert changes((kept,), (kept, other)) == (Change(kind=Kind.ADDED, id="b", name="B", is_category=True),)
    assert changes((kept, other), (kept,)) == (Change(kind=Kind.REMOVED, id="b", name="B", is_category=True),)
    turned = Category("c", "C", (SODA, CHIPS))
    assert changes((Category("c", "C", (CHIPS, SODA)),), (turned,)) == (
        Change(kind=Kind.ORDER, id="c", name="C", is_category=True),
    )


def test_defaults_are_no_more_than_may_be_taken() -> None:
    two = tuple(Modifier(ModifierId(each), each, default=True) for each in "ab")
    for most, wrong in ((None, 0), (2, 0), (1, 1)):
        item = MenuItem(ItemId("i"), "I", 100, groups=(ModifierGroup("g", "G", two, 0, most),))
        found = mistakes((Category("c", "C", (item,)),))
        assert [each.field for each in found] == ["categories[0].items[0].groups[0].default"] * wrong


def test_a_colour_is_one_of_the_palette() -> None:
    for colour, wrong in (("", 0), ("auto", 0), ("teal", 0), ("mauve", 1)):
        found = mistakes((Category("c", "C", (), colour),))
        assert [each.field for each in found] == ["categories[0].colour"] * wrong


def test_what_a_menu_does_not_name_stays_and_words_for_none_take_it_away() -> None:
    def menu(colour: str, *defaults: bool | None, most: int | None = None) -> tuple[Category, ...]:
        options = tuple(Modifier(ModifierId(f"o{n}"), f"O{n}", 0, each) for n, each in enumerate(defaults))
        item = MenuItem(ItemId("i"), "I", 100, groups=(ModifierGroup("g", "G", options, 0, most),))
        return (Category("c", "C", (item,), colour),)

    before = menu("teal", True, None, most=1)
    assert as_meant(menu("", None, None, most=1), before) == before, "a window of an earlier release sends neither"
    assert as_meant(menu("auto", False, None, most=1), before) == menu("", None, None, most=1)
    assert as_meant(menu("pink", None, True, most=1), before) == menu("pink", None, True, most=1), "another one instead"
    assert as_meant(before, ()) == before
