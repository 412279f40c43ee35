"""A cashier who takes an order and brings it to its end, by mouse only or by keyboard only."""

from collections.abc import Iterable
from typing import Final, Protocol

from core.admin.demo.processes import ProcessFailed, Window, until
from core.admin.demo.shop import CASHIER
from core.domain.ids import ModifierId
from core.domain.menu import Menu, MenuItem
from core.domain.order import NewLine, Tender
from core.domain.status import Fulfilment
from tests.rush.hands import Keyboard, Mouse
from tests.rush.orders import Ordered

COLUMNS: Final = ("confirmed", "preparing", "ready")
"""What a counter's order goes through, a step at a time."""
_FIRST: Final = Fulfilment.DINE_IN
_SEE_S: Final = 20.0


class Cashier(Protocol):
    names: bool
    """Whether a name can be typed."""

    @property
    def presses(self) -> int: ...
    def sign_in(self) -> None: ...
    def take(self, ordered: Ordered) -> str:
        """Take it, from the board to the board: the number on its receipt."""
        ...

    def complete(self, number: str) -> None:
        """Bring it to its end, a step at a time."""
        ...


class ByMouse:
    names = False

    def __init__(self, window: Window, menu: Menu) -> None:
        self._window = window
        self._menu = menu
        self._hand = Mouse(window)

    @property
    def presses(self) -> int:
        return self._hand.presses

    @property
    def turns(self) -> int:
        """Turns of the wheel."""
        return self._hand.turns

    def sign_in(self) -> None:
        hand = self._hand
        hand.wait("sign_in_keys")
        hand.begin()
        for letter in CASHIER.name.upper():
            hand.click(f"key_{letter}")
        hand.click("keys_digits_letters")
        for digit in CASHIER.pin:
            hand.click(f"key_{digit}")
        hand.click("sign_in")
        hand.wait("nav_new")

    def take(self, ordered: Ordered) -> str:
        hand = self._hand
        hand.click("nav_new")
        for line in ordered.lines:
            self._add(line)
        hand.click("checkout")
        hand.wait("payment_panel")
        if ordered.fulfilment is not _FIRST:
            hand.click(f"fulfilment_{ordered.fulfilment}")
        by_note = ordered.tender is Tender.CASH and ordered.given
        hand.click(f"cash_quick_{ordered.given - 1}" if by_note else f"payment_{ordered.tender}")
        hand.wait("next_order")
        number = str(self._window.act("state", name="sale_number")["text"])
        hand.click("nav_orders")
        hand.wait("column_confirmed", number, "step")
        return number

    def complete(self, number: str) -> None:
        for column in COLUMNS:
            there(self._window, column, number)
            self._hand.find(f"column_{column}", f"column_{column}", number, "step")

    def _add(self, line: NewLine) -> None:
        hand, item = self._hand, self._menu.items()[line.item_id]
        before = quantity(self._window)
        if hand.sees("menu_tiles", item.name) is None:
            hand.click("menu_categories", category_of(self._menu, item))
        hand.click("menu_tiles", item.name)
        if not item.groups:
            for added in range(1, line.quantity):
                until_quantity(self._window, before + added)
                hand.click("menu_tiles", item.name)
        else:
            hand.wait("item_dialog")
            for modifier in line.modifier_ids:
                hand.find(f"choice_{modifier}", "item_dialog")
            for _more in range(1, line.quantity):
                hand.click("more")
            hand.click("item_add")
        until_quantity(self._window, before + line.quantity)


class ByKeyboard:
    names = True

    def __init__(self, window: Window, menu: Menu) -> None:
        self._window = window
        self._menu = menu
        self._hand = Keyboard(window)

    @property
    def presses(self) -> int:
        return self._hand.presses

    def sign_in(self) -> None:
        hand = self._hand
        hand.wait("staff_name")
        hand.begin()
        hand.wait_focus("staff_name")
        hand.type(CASHIER.name)
        hand.press("Tab")
        hand.wait_focus("pin")
        hand.type(CASHIER.pin)
        hand.press("Return")
        hand.wait("nav_new")

    def take(self, ordered: Ordered) -> str:
        hand = self._hand
        hand.press("n")
        hand.wait_focus("menu_search")
        for line in ordered.lines:
            self._add(line)
        hand.press("ctrl+Return")
        hand.wait_focus("cash_given")
        self._answer(ordered)
        if hand.focus == "cash_given":
            hand.press("Return")
        elif hand.focus != "next_order":
            hand.press("ctrl+Return")
        hand.wait_focus("next_order")
        number = str(self._window.act("state", name="sale_number")["text"])
        hand.press("ctrl+1")
        hand.wait_focus(*(f"column_{status}" for status in ("pending", *COLUMNS)))
        return number

    def complete(self, number: str) -> None:
        """The keyboard goes to the card by its number, and from there Enter by Enter."""
        hand = self._hand
        for column in COLUMNS:
            there(self._window, column, number)
            hand.press("slash")
            hand.wait_focus("search")
            hand.type(str(int(number.rpartition("-")[2])))
            hand.press("Return")
            hand.wait_focus(f"column_{column}")
            hand.press("Return")

    def _answer(self, ordered: Ordered) -> None:
        """How it is handed over and whom it is for, from the amount backwards; and how it is paid."""
        hand = self._hand
        if ordered.fulfilment is not _FIRST:
            hand.reach(f"fulfilment_{_FIRST}", key="shift+Tab")
            hand.press("Right")
            hand.wait_focus(f"fulfilment_{ordered.fulfilment}")
        if ordered.name:
            hand.reach("customer_search", key="shift+Tab")
            hand.type(ordered.name)
            hand.press("Return")
            hand.wait_focus("cash_given")
        if ordered.tender is not Tender.CASH:
            hand.reach(f"payment_{ordered.tender}")
            hand.press("Return")
        elif ordered.given:
            hand.type("200")

    def _add(self, line: NewLine) -> None:
        hand, item = self._hand, self._menu.items()[line.item_id]
        before = quantity(self._window)
        hand.type(shortest(item, self._menu.items().values()))
        self._first_tile(item)
        hand.press("Return")
        if not item.groups:
            until_quantity(self._window, before + 1)
            if line.quantity > 1:
                hand.press("plus", line.quantity - 1)
        else:
            hand.wait("item_dialog")
            self._choose(item, line.modifier_ids)
            if line.quantity > 1:
                hand.reach("quantity")
                hand.type(str(line.quantity))
            hand.press("Return")
        until_quantity(self._window, before + line.quantity)
        hand.wait_focus("menu_search")

    def _choose(self, item: MenuItem, modifier_ids: Iterable[ModifierId]) -> None:
        """By the digits of each group: Tab leads to what is chosen of one, and no further in it."""
        hand, wanted = self._hand, set(modifier_ids)
        for group in item.groups:
            names = [f"choice_{modifier.id}" for modifier in group.modifiers]
            for digit, modifier in enumerate(group.modifiers, start=1):
                if modifier.id in wanted - set(group.defaults):
                    hand.reach(*names)
                    hand.press(str(digit))
                    hand.wait_focus(f"choice_{modifier.id}")

    def _first_tile(self, item: MenuItem) -> None:
        def look() -> None:
            rows = self._window.command("state", name="menu_tiles")["rows"]
            if not rows or not rows[0].startswith(item.name):
                raise ProcessFailed(f"the search shows {rows[:2]}, and not {item.name}")

        until(look, _SEE_S)


def shortest(item: MenuItem, items: Iterable[MenuItem]) -> str:
    """The fewest letters of its name's first word, or of all words, that find it first."""
    names = [each.name.casefold() for each in items]
    own = item.name.casefold()
    for length in range(1, len(own) + 1):
        sought = own[:length].strip()
        first = next(name for name in names if all(any(w.startswith(s) for w in name.split()) for s in sought.split()))
        if first == own:
            return sought
    return own


def category_of(menu: Menu, item: MenuItem) -> str:
    return next(category.name for category in menu.categories if item in category.items)


def quantity(window: Window) -> int:
    """The number of items in the basket."""
    try:
        rows = window.command("state", name="basket_lines")["rows"]
    except ProcessFailed:
        return 0
    return sum(int(row.split()[0]) for row in rows)


def until_quantity(window: Window, expected: int) -> None:
    def look() -> None:
        if (found := quantity(window)) != expected:
            raise ProcessFailed(f"{found} items are in the basket, and not {expected}")

    until(look, _SEE_S)


def there(window: Window, column: str, number: str) -> None:
    """Wait until the column has the order, and its last step is sent: meanwhile its button is grey."""

    def look() -> None:
        rows = [row for row in window.command("state", name=f"column_{column}")["rows"] if number in row]
        if not rows or rows[0].endswith("sending"):
            raise ProcessFailed(f"{column} has {rows}, and waits for {number}")

    until(look, _SEE_S)
