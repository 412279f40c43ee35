"""The basket, priced by the menu that is shown. A preview: the server prices the order that is placed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from core.domain.amendment import GIVEN_BACK, repriced
from core.domain.commands import AmendedLine
from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.ids import ItemId, LineId, ModifierId
from core.domain.menu import Menu, MenuItem
from core.domain.money import Tax
from core.domain.order import MAX_LINES, MAX_QUANTITY, LineModifier, NewLine, Order, OrderLine, price_lines
from core.domain.pricing import Amounts, price
from core.domain.refund import line_ids
from core.domain.service import NO_SERVICE, Service, standard
from core.domain.status import Fulfilment
from core.instants import now
from core.ui.text import _


class Trouble(StrEnum):
    """Why a line cannot be ordered as it is."""

    SOLD_OUT = "sold_out"
    GONE = "gone"
    CHOICES = "choices"


class BasketLine(msgspec.Struct, frozen=True):
    """One line. `id` stays the same while its quantity and choices change."""

    id: int
    wanted: NewLine
    priced: OrderLine
    trouble: Trouble | None = None
    kept: LineId = LineId("")
    """Of a placed order that is being changed: which of its lines it is. It keeps its price."""

    @property
    def is_fixed(self) -> bool:
        """Whether it stays as it is, as something of it was given back."""
        return bool(self.kept) and self.priced.is_given_back


_EMPTY: Final = Menu(shop_name="", currency="", tax=Tax(), categories=())


class Basket:
    """Lines in the order they were added. The same item with the same choices and note is one line."""

    def __init__(self) -> None:
        self._menu = _EMPTY
        self._items: dict[ItemId, MenuItem] = {}
        self._lines: list[BasketLine] = []
        self._last_id = 0
        self.fulfilment = Fulfilment.PICKUP
        """Which decides about the tax, too."""
        self.discount: Discount | None = None
        """The whole order's; gone with the last line."""
        self.own_service: Service | None = None
        """The service charge where somebody said another than the shop's; gone with the last line."""
        self.changes: Order | None = None
        """The placed order that is being changed; None: it is a new one."""
        self.follows = ""
        """The number of the order of an earlier day in whose place it is."""

    @property
    def lines(self) -> Sequence[BasketLine]:
        return self._lines

    @property
    def wanted(self) -> tuple[NewLine, ...]:
        """The lines as they are requested from the server."""
        return tuple(line.wanted for line in self._lines)

    @property
    def amended(self) -> tuple[AmendedLine, ...]:
        """The lines as they are requested for a placed order."""
        return tuple(
            AmendedLine(
                id=line.kept, quantity=line.wanted.quantity, note=line.wanted.note, discount=line.wanted.discount
            )
            if line.kept
            else AmendedLine(**{name: getattr(line.wanted, name) for name in NewLine.__struct_fields__})
            for line in self._lines
        )

    @property
    def currency(self) -> str:
        return self._menu.currency

    @property
    def offered_discounts(self) -> Sequence[Discount]:
        """The discounts that the shop offers."""
        return self._menu.discounts

    @property
    def service(self) -> Service:
        """The service charge, of 0 % for none."""
        order = self.changes
        if self.own_service is not None:
            return self.own_service
        if order is not None and order.fulfilment is self.fulfilment:
            return order.service or NO_SERVICE
        return self.usual_service

    @property
    def usual_service(self) -> Service:
        """The shop's standard service charge."""
        return standard(self._menu.services, self.fulfilment) or NO_SERVICE

    @property
    def menu_version(self) -> int:
        """The version of the menu that its prices are of."""
        return self._menu.version

    @property
    def quantity(self) -> int:
        """The number of items, over all lines."""
        return sum(line.wanted.quantity for line in self._lines)

    def amounts(self) -> Amounts:
        """The totals of the basket. More than can be paid is shown without tax; the order is refused."""
        lines = [line.priced for line in self._lines]
        try:
            terms, order = self._menu.terms, self.changes
            if not lines:
                return Amounts()
            if order is not None:
                return repriced(order, lines, terms, self.fulfilment, self.discount, self.service)
            return price(lines, terms, self.fulfilment, terms.tax_date(now()), self.discount, service=self.service)
        except InvalidOrder:
            listed_minor = sum(line.total_minor for line in lines)
            return Amounts(tuple(lines), listed_minor, total_minor=listed_minor)

    def quantities(self) -> dict[ItemId, int]:
        """The number of each item, whatever their choices."""
        counts: dict[ItemId, int] = {}
        for line in self._lines:
            counts[line.wanted.item_id] = counts.get(line.wanted.item_id, 0) + line.wanted.quantity
        return counts

    def item(self, line_id: int) -> MenuItem | None:
        """A line's item in the current menu; None when it is no longer sold."""
        return self._items.get(self._lines[self.place(line_id)].wanted.item_id)

    def place(self, line_id: int) -> int:
        """The index of the line. Raises `KeyError` when it is not there."""
        for at, line in enumerate(self._lines):
            if line.id == line_id:
                return at
        raise KeyError(line_id)

    # -- changing it

    def add(self, wanted: NewLine) -> int:
        """Add a line, or add to an equal one; returns that line's id.

        Raises `InvalidOrder`, having changed nothing: the server's own rules, the most lines, the most of one.
        """
        wanted = _plain(wanted)
        (priced,) = price_lines(self._items, (wanted,))
        twin = self._twin(wanted)
        if twin is not None and twin.priced.unit_price_minor == priced.unit_price_minor:
            self.set_quantity(twin.id, twin.wanted.quantity + wanted.quantity)
            return twin.id
        if len(self._lines) >= MAX_LINES:
            raise InvalidOrder(f"An order has at most {MAX_LINES} lines.", "lines")
        self._last_id += 1
        self._lines.append(self._price(self._last_id, wanted))
        return self._last_id

    def replace(self, line_id: int, wanted: NewLine) -> int:
        """Change a line's choices, note and quantity, and merge it with an equal one. Returns the id of the resulting
        line. Raises as `add` does."""
        wanted = _plain(wanted)
        price_lines(self._items, (wanted,))
        at = self.place(line_id)
        former = self._lines[at]
        wanted = msgspec.structs.replace(wanted, discount=former.wanted.discount)
        if former.kept and set(former.wanted.modifier_ids) == set(wanted.modifier_ids):
            self._lines[at] = _noted(former, wanted.note)
            self.set_quantity(line_id, wanted.quantity)
            return line_id
        twin = self._twin(wanted)
        if twin is not None and twin.id != line_id:
            self.set_quantity(twin.id, twin.wanted.quantity + wanted.quantity)
            del self._lines[at]
            return twin.id
        self._lines[at] = self._price(line_id, wanted)
        return line_id

    def set_quantity(self, line_id: int, quantity: int) -> None:
        """Raises `InvalidOrder` outside 1 to `MAX_QUANTITY`, and for a line that is fixed."""
        self._check_free(line_id)
        if not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidOrder(f"A quantity is between 1 and {MAX_QUANTITY}.", "quantity")
        at = self.place(line_id)
        line = self._lines[at]
        self._lines[at] = msgspec.structs.replace(
            line,
            wanted=msgspec.structs.replace(line.wanted, quantity=quantity),
            priced=msgspec.structs.replace(
                line.priced, quantity=quantity, total_minor=line.priced.unit_price_minor * quantity
            ),
        )

    def reduce(self, line_id: int | None, discount: Discount | None) -> None:
        """Give a line a discount, or the whole order (None), in place of the one it has; None takes it away. Raises
        `InvalidOrder` for a line that is fixed."""
        if line_id is None:
            self.discount = discount if self._lines else None
            return
        self._check_free(line_id)
        at = self.place(line_id)
        line = self._lines[at]
        wanted = msgspec.structs.replace(line.wanted, discount=discount)
        self._lines[at] = msgspec.structs.replace(
            line, wanted=wanted, priced=msgspec.structs.replace(line.priced, discount=discount)
        )

    def remove(self, line_id: int) -> None:
        """Raises `InvalidOrder` for a line that is fixed."""
        self._check_free(line_id)
        del self._lines[self.place(line_id)]
        if not self._lines:
            self.discount = self.own_service = None

    def empty(self) -> None:
        """Remove all lines but those that are fixed. It is of the same order still."""
        self._lines[:] = [line for line in self._lines if line.is_fixed]
        if not self._lines:
            self.discount = self.own_service = None

    def clear(self) -> None:
        """Begin anew."""
        self._lines.clear()
        self.discount = self.own_service = self.changes = None
        self.follows = ""

    def restore(
        self, lines: Sequence[BasketLine], discount: Discount | None = None, service: Service | None = None
    ) -> None:
        """Add removed lines again, at the end or onto equal ones, as far as there is room; and the order's discount and
        service charge, unless there is another by now."""
        self.discount = self.discount or discount
        self.own_service = self.own_service or service
        for line in lines:
            if line.is_fixed:
                continue  # it was never removed
            twin = self._twin(line.wanted)
            if twin is not None:
                self.set_quantity(twin.id, min(twin.wanted.quantity + line.wanted.quantity, MAX_QUANTITY))
            elif len(self._lines) < MAX_LINES:
                self._lines.append(self._reprice(line))

    def load(self, lines: Sequence[NewLine]) -> None:
        """Add lines as they once were wanted, priced by the menu of now. What it does not sell has a trouble."""
        for wanted in lines:
            self._last_id += 1
            self._lines.append(self._reprice(BasketLine(self._last_id, wanted, self._as_it_was(wanted))))

    def change(self, order: Order) -> None:
        """Begin to change a placed order: its lines, as they were sold."""
        self.clear()
        self.changes, self.fulfilment, self.discount = order, order.fulfilment, order.discount
        self.own_service = order.service if order.service is not None and order.service.reason else None
        for line_id, line in zip(line_ids(order), order.lines, strict=True):
            self._last_id += 1
            wanted = NewLine(
                item_id=line.item_id,
                quantity=line.quantity,
                modifier_ids=self._options_of(line),
                note=line.note,
                discount=line.discount,
            )
            self._lines.append(
                BasketLine(self._last_id, wanted, msgspec.structs.replace(line, id=line_id), kept=line_id)
            )

    def repeat(self, order: Order) -> None:
        """A new order in place of one of an earlier day: its lines, by the menu of now."""
        self.clear()
        self.follows, self.fulfilment = order.number, order.fulfilment
        self.load(
            [
                NewLine(
                    item_id=line.item_id,
                    quantity=line.quantity,
                    modifier_ids=self._options_of(line),
                    note=line.note,
                    discount=line.discount,
                )
                for line in order.lines
            ]
        )
        self.discount = order.discount

    def _options_of(self, line: OrderLine) -> tuple[ModifierId, ...]:
        """The options of a line that was sold, by their names."""
        item, names = self._items.get(line.item_id), [each.name for each in line.modifiers]
        known = {each.name: each.id for group in item.groups for each in group.modifiers} if item is not None else {}
        return tuple(known[name] for name in names if name in known)

    def alike(self, lines: Sequence[NewLine], fulfilment: Fulfilment) -> "Basket":
        """A basket of its own with these lines, by the same menu."""
        other = Basket()
        other.fulfilment = fulfilment
        other.use(self._menu)
        other.load(lines)
        return other

    def _as_it_was(self, wanted: NewLine) -> OrderLine:
        """A line that cannot be ordered as it is, at the price of what is known of it."""
        item = self._items.get(wanted.item_id)
        if item is None:
            return OrderLine(wanted.item_id, _("Item no longer sold"), wanted.quantity, 0, 0, note=wanted.note)
        known = {each.id: each for group in item.groups for each in group.modifiers}
        chosen = [known[each] for each in wanted.modifier_ids if each in known]
        unit = item.price_minor + sum(each.price_minor for each in chosen)
        modifiers = tuple(LineModifier(each.name, each.price_minor) for each in chosen)
        return OrderLine(item.id, item.name, wanted.quantity, unit, unit * wanted.quantity, modifiers, wanted.note)

    # -- the menu, and the server's refusals

    def use(self, menu: Menu) -> None:
        """Price everything by `menu` from now on. A line it no longer sells keeps its price, with a trouble."""
        self._menu = menu
        self._items = menu.items()
        self._lines[:] = [self._reprice(line) for line in self._lines]

    def blame(self, at: int, field: str) -> None:
        """Mark line `at` (from 0), which the server refused for its `field`. Ignored for an unknown line."""
        if 0 <= at < len(self._lines):
            trouble = Trouble.CHOICES if field.startswith("modifier") else Trouble.SOLD_OUT
            self._lines[at] = msgspec.structs.replace(self._lines[at], trouble=trouble)

    @property
    def troubled(self) -> BasketLine | None:
        """The first line that cannot be ordered as it is."""
        return next((line for line in self._lines if line.trouble), None)

    def _twin(self, wanted: NewLine) -> BasketLine | None:
        """An amount off one line is not an amount off two: such a line has no other like it."""
        if wanted.discount is not None and wanted.discount.amount_minor is not None:
            return None
        likeness = _likeness(wanted)
        return next((line for line in self._lines if not line.is_fixed and _likeness(line.wanted) == likeness), None)

    def _check_free(self, line_id: int) -> None:
        if self._lines[self.place(line_id)].is_fixed:
            raise InvalidOrder(GIVEN_BACK, "line")

    def _price(self, line_id: int, wanted: NewLine) -> BasketLine:
        return BasketLine(line_id, wanted, price_lines(self._items, (wanted,))[0])

    def _reprice(self, line: BasketLine) -> BasketLine:
        if line.kept:
            return line
        item = self._items.get(line.wanted.item_id)
        if item is None:
            trouble = Trouble.GONE
        elif not item.available:
            trouble = Trouble.SOLD_OUT
        else:
            try:
                return self._price(line.id, line.wanted)
            except InvalidOrder:
                trouble = Trouble.CHOICES
        return msgspec.structs.replace(line, trouble=trouble)


def _noted(line: BasketLine, note: str) -> BasketLine:
    return msgspec.structs.replace(
        line,
        wanted=msgspec.structs.replace(line.wanted, note=note),
        priced=msgspec.structs.replace(line.priced, note=note),
    )


def _plain(wanted: NewLine) -> NewLine:
    return msgspec.structs.replace(wanted, note=wanted.note.strip())


def _likeness(wanted: NewLine) -> tuple[ItemId, frozenset[ModifierId], str, Discount | None]:
    return wanted.item_id, frozenset(wanted.modifier_ids), wanted.note, wanted.discount
