"""The forms of one item and of one category."""

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from core.domain.menu import BY_PLACE, COLOURS, MAX_DESCRIPTION, MAX_NAME, Category, MenuItem
from core.domain.sale.taxes import TaxTable
from core.domain.tax_table import STANDARD
from core.domain.tax_table import categories as categories_of
from core.ui.ordering.menu_model import TOKENS
from core.ui.text import N_, _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle
from core.ui.widgets.fields import Picker
from core.ui.widgets.painting import paint_disc
from pos_app.menu.choices import Choices
from pos_app.menu.price_field import PriceField

_PICTURE: Final = 80
COLOUR_WORDS: Final = {
    "amber": N_("Amber"),
    "blue": N_("Blue"),
    "green": N_("Green"),
    "violet": N_("Violet"),
    "pink": N_("Pink"),
    "teal": N_("Teal"),
}


class _Form(QScrollArea):
    """The common part of both forms: a column that scrolls, buttons to move and remove, and the mistake."""

    move_wanted = Signal(int)
    remove_wanted = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there, so that the fields keep their width; seen only when there is something to scroll.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._theme = theme
        body = QWidget()
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(theme.space(1), 0, theme.space(2), theme.space(2))
        self.column.setSpacing(theme.space(2))
        self.setWidget(body)
        self.wrong = label(role="error", wrap=True)
        """The mistake. It is outside of the scrolled part, which does not move when it is shown."""
        self.wrong.setObjectName(f"{name}_wrong")
        self.wrong.hide()

    @Slot(int, int)
    def _on_range_changed(self, _least: int, most: int) -> None:
        restyle(self.verticalScrollBar(), idle=most == 0)

    def tools(self, remove: str) -> QVBoxLayout:
        rows, row = QVBoxLayout(), QHBoxLayout()
        rows.setSpacing(self._theme.space(2))
        row.setSpacing(self._theme.space(2))
        rows.addLayout(row)
        prefix = self.objectName()
        for words, name, by in ((_("Up"), "up", -1), (_("Down"), "down", 1)):
            move = button(words, self._theme, name=f"{prefix}_{name}")
            move.setProperty("by", by)
            move.clicked.connect(self._on_move_pressed)
            row.addWidget(move, 1)
        gone = button(remove, self._theme, "danger", "trash", name=f"{prefix}_remove")
        gone.clicked.connect(self.remove_wanted)
        rows.addWidget(gone)
        return rows

    def complain(self, words: Sequence[str]) -> None:
        """Show the mistake that prevents saving."""
        self.wrong.setText("\n".join(dict.fromkeys(words)))
        self.wrong.setVisible(bool(words))

    @Slot()
    def _on_move_pressed(self) -> None:
        pressed = self.sender()
        if pressed is not None:
            self.move_wanted.emit(int(pressed.property("by")))


class ItemForm(_Form):
    edited = Signal()
    """Something was typed: `value` is the new item."""
    category_wanted = Signal(str)
    picture_wanted = Signal()
    picture_removed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "menu_item")
        self._item: MenuItem | None = None
        self._currency = ""
        self.name = _line("menu_item_name", _("Name"), MAX_NAME)
        self.price = PriceField(_("Price"), theme)
        self.price.setObjectName("menu_item_price")
        self.description = _line("menu_item_description", _("Description"), MAX_DESCRIPTION)
        self.category = Picker(theme, "menu_item_category", _("Category"))
        self.tax = Picker(theme, "menu_item_tax", _("Tax"))
        self._tax_label = label(_("Tax"), "small")
        self.choices = Choices(theme)
        self._picture = label()
        self._picture.setObjectName("menu_item_picture")
        self._picture.setFixedSize(theme.px(_PICTURE), theme.px(_PICTURE))
        self._no_picture = button(_("Remove"), theme, name="menu_item_no_picture")
        self._no_picture.clicked.connect(self.picture_removed)
        for words, field in (
            (_("Name"), self.name),
            (_("Price"), self.price),
            (_("Category"), self.category),
            (_("Description"), self.description),
            (self._tax_label, self.tax),
            (_("Picture"), self._picture_row()),
            (_("Options"), self.choices),
        ):
            self.column.addWidget(label(words, "small") if isinstance(words, str) else words)
            self.column.addWidget(field)
        self.column.addSpacing(theme.space(3))
        self.column.addLayout(self.tools(_("Remove item")))
        self.column.addStretch(1)
        for field_ in (self.name, self.price, self.description):
            field_.textEdited.connect(self.edited)
        self.choices.changed.connect(self.edited)
        self.category.activated.connect(self._on_category_chosen)
        self.tax.activated.connect(self.edited)
        self.show_taxes(TaxTable())

    def _picture_row(self) -> QWidget:
        wanted = button(_("Choose a picture"), self._theme, name="menu_item_choose_picture")
        wanted.clicked.connect(self.picture_wanted)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self._theme.space(2))
        row.addWidget(self._picture)
        buttons = QVBoxLayout()
        buttons.setSpacing(self._theme.space(2))
        buttons.addWidget(wanted)
        buttons.addWidget(self._no_picture)
        row.addLayout(buttons, 1)
        return whole

    def show_picture(self, picture: QPixmap | None, *, has_one: bool) -> None:
        """Show the item's picture, if it has one and it is here."""
        side = self._picture.size()
        shown = picture.scaled(side, Qt.AspectRatioMode.KeepAspectRatio) if picture is not None else QPixmap()
        self._picture.setPixmap(shown)
        self._picture.setAccessibleName(_("The item's picture") if has_one else _("No picture"))
        self._no_picture.setEnabled(has_one)

    def forget(self) -> None:
        """Reload all fields when it is shown next."""
        self._item = None

    def show_taxes(self, table: TaxTable) -> None:
        """Offer the categories of the tax table. With one there is nothing to choose."""
        offered = categories_of(table)
        if offered != [self.tax.itemData(at) for at in range(self.tax.count())]:
            self.tax.clear()
            for each in offered:
                self.tax.addItem(_("Standard") if each == STANDARD else each, each)
            self.forget()
        for part in (self._tax_label, self.tax):
            part.setVisible(len(offered) > 1)

    def show_item(self, item: MenuItem, category_id: str, categories: Sequence[Category], currency: str) -> None:
        """Show an item. A field that is being typed in is not changed."""
        known = self._item is not None and self._item.id == item.id
        if not known or msgspec.structs.replace(self.value, available=item.available) != item:
            self._currency = currency
            self.name.setText(item.name)
            self.name.setCursorPosition(0)
            self.price.show_price(item.price_minor, currency)
            self.description.setText(item.description)
            self.description.setCursorPosition(0)
            self.tax.setCurrentIndex(max(0, self.tax.findData(item.tax_category or STANDARD)))
            self.choices.show_groups(item.groups, currency)
            self.verticalScrollBar().setValue(0)
        self._item = item
        names = [(category.name or _("Without a name"), category.id) for category in categories]
        if names != [(self.category.itemText(at), self.category.itemData(at)) for at in range(self.category.count())]:
            self.category.clear()
            for name, known_id in names:
                self.category.addItem(name, known_id)
        self.category.setCurrentIndex(self.category.findData(category_id))
        restyle(self.name, invalid="" if item.name else "true")

    @property
    def value(self) -> MenuItem:
        """The item as typed. An invalid price leaves the previous one."""
        assert self._item is not None
        price_minor, tax = self.price.price_minor, self.tax.currentData()
        return msgspec.structs.replace(
            self._item,
            name=self.name.text().strip(),
            price_minor=self._item.price_minor if price_minor is None else price_minor,
            description=self.description.text().strip(),
            groups=self.choices.groups,
            tax_category=self._item.tax_category if tax == (self._item.tax_category or STANDARD) else tax,
        )

    @property
    def complete(self) -> bool:
        """Whether every typed price is valid."""
        return self._item is None or (self.price.price_minor is not None and self.choices.complete)

    @Slot()
    def _on_category_chosen(self) -> None:
        self.category_wanted.emit(self.category.currentData())


class CategoryForm(_Form):
    renamed = Signal(str)
    coloured = Signal(str)
    """One of `COLOURS`, or `BY_PLACE`."""
    add_wanted = Signal()
    """Add an item to it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "menu_category")
        self.name = _line("menu_category_name", _("Name of the category"), MAX_NAME)
        self.name.textEdited.connect(self._on_name_edited)
        self._count = label(role="muted", wrap=True)
        self.colour = Picker(theme, "menu_category_colour", _("Colour"))
        for words, colour in ((_("By its place"), BY_PLACE), *((_(COLOUR_WORDS[each]), each) for each in COLOURS)):
            self.colour.addItem(words, colour)
        self.colour.activated.connect(self._on_colour_chosen)
        theme.changed.connect(self._paint_colours)
        self._paint_colours()
        add = button(_("Add an item to it"), theme, icon="plus", name="menu_category_add")
        add.clicked.connect(self.add_wanted)
        self.column.addWidget(label(_("Category"), "small"))
        self.column.addWidget(self.name)
        self.column.addWidget(label(_("Colour"), "small"))
        self.column.addWidget(self.colour)
        self.column.addWidget(self._count)
        self.column.addWidget(add)
        self.column.addSpacing(theme.space(3))
        self.column.addLayout(self.tools(_("Remove category")))
        self.column.addStretch(1)

    def show_category(self, category: Category, count: str) -> None:
        if self.name.text().strip() != category.name:
            self.name.setText(category.name)
        self._count.setText(count)
        self.colour.setCurrentIndex(max(0, self.colour.findData(category.colour or BY_PLACE)))
        restyle(self.name, invalid="" if category.name else "true")

    @Slot()
    def _paint_colours(self) -> None:
        size = self._theme.px(18)
        for at in range(1, self.colour.count()):
            swatch = QPixmap(size, size)
            swatch.fill(Qt.GlobalColor.transparent)
            painter = QPainter(swatch)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_disc(painter, QPointF(size / 2, size / 2), size, self._theme.colour(TOKENS[self.colour.itemData(at)]))
            painter.end()
            self.colour.setItemIcon(at, QIcon(swatch))
        self.colour.setIconSize(QSize(size, size))

    @Slot()
    def _on_colour_chosen(self) -> None:
        self.coloured.emit(self.colour.currentData())

    @Slot()
    def _on_name_edited(self) -> None:
        self.renamed.emit(self.name.text().strip())


def _line(name: str, spoken: str, most: int) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName(name)
    field.setAccessibleName(spoken)
    field.setMaxLength(most)
    return field
