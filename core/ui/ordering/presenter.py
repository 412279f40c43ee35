"""The presenter of ordering: refreshes the menu, and handles presses on items and lines."""

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, PriceChanged
from core.domain.amendment import GIVEN_BACK
from core.domain.coins import NO_COINS, Coins
from core.domain.errors import InvalidOrder
from core.domain.ids import ItemId
from core.domain.menu import Menu, MenuItem
from core.domain.order import NewLine
from core.domain.tenders import ShopTender
from core.ui.days import use_zone
from core.ui.jobs import Jobs
from core.ui.ordering.basket import BasketLine
from core.ui.ordering.basket_model import BasketModel, limit_text
from core.ui.ordering.menu_model import CategoryModel, TileModel
from core.ui.refresh import Refresher
from core.ui.text import _, money

MENU_REFRESH_S: Final = 300.0
_DIGITS: Final = 4
"""The index of the line in a refusal's field."""
"""A menu changes a few times a day, an item sells out once in a while; the server has the last word at each order."""


class Ordering(QObject):
    """The part that both windows' order pages share. `read_menu` blocks, raises `ClientError`, and runs in `jobs`."""

    choices_asked = Signal(object, object)
    """A `MenuItem` whose choices are needed, and the `BasketLine` that they change, or None for a new one."""
    line_touched = Signal(int)
    """The row of the line that was added to or changed."""
    notified = Signal(str, str)
    """A title and a sentence: why nothing was added, or how a new menu changed the basket."""
    blocked = Signal(object)
    """The `BasketLine` that a new menu does not sell as it is."""
    menu_changed = Signal(object)

    def __init__(self, jobs: Jobs, read_menu: Callable[[], Menu], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.menu = Refresher(jobs, read_menu, MENU_REFRESH_S, parent=self)
        self.tiles = TileModel(self)
        self.categories = CategoryModel(self)
        self.basket = BasketModel(self)
        self.shop_name = ""
        self.tenders: tuple[ShopTender, ...] = ()
        """All of the shop."""
        self.coins = NO_COINS
        """How it rounds what is paid in coins."""
        self._told_version = 0
        self._menu: Menu | None = None
        self._favourites: frozenset[ItemId] = frozenset()
        self.menu.succeeded.connect(self._on_menu_read)
        self.basket.changed.connect(self._on_basket_changed)

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """Use a new menu. Reads that began before are ignored."""
        self._told_version = menu.version
        self._use(menu)

    @Slot(object)
    def _on_menu_read(self, menu: Menu) -> None:
        if menu.version >= self._told_version:
            self._use(menu)

    def _use(self, menu: Menu) -> None:
        basket = self.basket.basket
        stood, prices = basket.troubled, _prices(basket.lines)
        self.shop_name, self.tenders = menu.shop_name, menu.tenders
        self.coins = Coins.of(menu.tenders, menu.roundings)
        use_zone(menu.time_zone)
        self._menu = menu
        self._show_menu(menu)
        self.basket.use(menu)
        self.menu_changed.emit(menu)
        if basket.troubled is not None and stood is None:
            self.blocked.emit(basket.troubled)
        elif _prices(basket.lines) != prices:
            amount = money(basket.amounts().total_minor, basket.currency)
            self.notified.emit(_("The price has changed"), _("The basket comes to {amount} now.").format(amount=amount))

    def _show_menu(self, menu: Menu) -> None:
        self.tiles.use(menu, self._favourites)
        self.categories.use(menu, self._favourites)

    @Slot(object)
    def set_favourites(self, items: frozenset[ItemId]) -> None:
        """Use others. They come first, as a category of their own."""
        self._favourites = items
        if self._menu is not None:
            self._show_menu(self._menu)

    @Slot()
    def _on_basket_changed(self) -> None:
        self.tiles.set_counts(self.basket.basket.quantities())

    def press(self, item: MenuItem) -> None:
        """Add a pressed item, or request its choices."""
        if not item.available:
            self.notified.emit(_("{item} is sold out").format(item=item.name), "")
        elif item.groups:
            self.choices_asked.emit(item, None)
        else:
            self.add(NewLine(item_id=item.id))

    @Slot(object)
    def edit(self, line: BasketLine) -> None:
        """Request a pressed line's choices again, unless the item is no longer sold."""
        if line.is_fixed:
            self.notified.emit(_("It stays as it is"), _(GIVEN_BACK))
            return
        item = self.basket.basket.item(line.id)
        if item is not None:
            self.choices_asked.emit(item, line)

    def add(self, wanted: NewLine) -> None:
        self._touch(lambda: self.basket.add(wanted))

    def replace(self, line: BasketLine, wanted: NewLine) -> None:
        self._touch(lambda: self.basket.replace(line.id, wanted))

    @Slot(object, int)
    def change_quantity(self, line: BasketLine, by: int) -> None:
        try:
            self.basket.change_quantity(line.id, by)
        except InvalidOrder as error:
            title = _("It stays as it is") if line.is_fixed else _("That is the maximum")
            self.notified.emit(title, limit_text(error))

    @Slot(object)
    def remove(self, line: BasketLine) -> None:
        self.change_quantity(line, -line.wanted.quantity)

    def blame(self, error: ClientError) -> bool:
        """Mark the line that `error.field` (`lines[2].item_id`) names and read the menu again. False: it names none."""
        if isinstance(error, PriceChanged):
            self.menu.refresh()
        place, bracket, field = error.field.removeprefix("lines[").partition("].")
        if not bracket or not place.isdecimal() or len(place) > _DIGITS:
            return False
        self.basket.blame(int(place), field)
        self.line_touched.emit(int(place))
        self.menu.refresh()
        return True

    def _touch(self, change: Callable[[], int]) -> None:
        try:
            row = change()
        except InvalidOrder as error:
            self.notified.emit(_("Not added"), limit_text(error))
        except KeyError:
            return  # the line went away while its choices were made
        else:
            self.line_touched.emit(row)


def _prices(lines: Iterable[BasketLine]) -> list[int]:
    return [line.priced.unit_price_minor for line in lines]
