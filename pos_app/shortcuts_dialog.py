"""The keys, on one card."""

from typing import Final

from PySide6.QtWidgets import QDialog, QGridLayout, QVBoxLayout, QWidget

from core.ui.text import N_, _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.scroll import VerticalScroll

KEYS: Final = (
    (N_("Arrows"), N_("From card to card")),
    (N_("Enter"), N_("The card's next step")),
    (N_("Backspace"), N_("Move back")),
    ("Ctrl+Z", N_("Undo the last step")),
    (N_("Delete"), N_("Cancel, with a reason")),
    (N_("Space"), N_("Details")),
    (N_("Menu"), N_("Card: everything else. Tile: sold out")),
    ("/", N_("Search")),
    ("N", N_("New order")),
    ("1 … 9", N_("Options of an item: choose one")),
    ("Ctrl+D", N_("Discount of the basket's line, or of the order")),
    ("Ctrl+Enter", N_("Check out, and there take the payment")),
    ("F8", N_("Hold the basket; with Ctrl: what is held")),
    ("0 … 9", N_("At a payment: the amount, which Enter takes")),
    ("Esc", N_("From a payment back to the order")),
    ("A", N_("Got it: stop the ring")),
    ("F5", N_("Refresh now")),
    ("Ctrl+1 … 7", N_("The pages, from top to bottom")),
    ("Ctrl+S", N_("Save the menu")),
    ("Ctrl+L", N_("Lock")),
    ("F1, ?", N_("This card")),
)


class ShortcutsDialog(QDialog):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts_dialog")
        self.setWindowTitle(_("Shortcuts"))
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(4))
        column.addWidget(label(_("Shortcuts"), "title"))
        keys = QWidget()
        grid = QGridLayout(keys)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.space(6))
        grid.setVerticalSpacing(theme.space(2))
        for row, (key, meaning) in enumerate(KEYS):
            grid.addWidget(label(_(key), "strong"), row, 0)
            grid.addWidget(label(_(meaning)), row, 1)
        column.addWidget(VerticalScroll(keys, theme.touch_px), 1)
        column.addWidget(label(_("A scanned code opens its order."), "muted"))
        close = button(_("Close"), theme, name="shortcuts_close")
        close.clicked.connect(self.accept)
        column.addWidget(close)
        fit_before(self, parent)
