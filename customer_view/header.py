"""The header: the shop, the tabs, the connection chip, and the person."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QWidget

from core.domain.people import first_name
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import ElidedLabel, button
from core.ui.widgets.pair import Pair
from customer_view.words import for_customer


class Header(QWidget):
    """Tabs by their names, in order; the first press of a tab makes its page."""

    tab_chosen = Signal(str)
    sign_out_asked = Signal()

    def __init__(
        self, theme: Theme, shop_name: str, person_name: str, tabs: Sequence[tuple[str, str]], sound: QWidget
    ) -> None:
        super().__init__()
        self.chip = ConnectionChip(worded=for_customer)
        self._person = ElidedLabel(first_name(person_name), "strong", 8)
        self._person.setObjectName("person")
        self._sign_out = button(_("Sign out"), theme, name="sign_out")
        self._sign_out.clicked.connect(self.sign_out_asked)
        shop = ElidedLabel(shop_name, "title", 12)
        shop.setObjectName("shop_name")
        self._tabs = QButtonGroup(self)
        places = QWidget()
        row = QHBoxLayout(places)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(2))
        row.addWidget(shop)
        row.addSpacing(theme.space(4))
        for name, text in tabs:
            tab = button(text, theme, "tab", name=f"tab_{name}")
            tab.setCheckable(True)
            self._tabs.addButton(tab)
            row.addWidget(tab)
        row.addStretch(1)
        state = QWidget()
        row = QHBoxLayout(state)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(3))
        row.addWidget(self.chip)
        row.addStretch(1)
        row.addWidget(sound)
        row.addWidget(self._person)
        row.addWidget(self._sign_out)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(Pair(theme, places, state))
        self._tabs.buttonClicked.connect(self._on_tab_clicked)

    def show_tab(self, name: str) -> None:
        """Mark a tab as shown."""
        for tab in self._tabs.buttons():
            tab.setChecked(tab.objectName() == f"tab_{name}")

    @Slot(QAbstractButton)
    def _on_tab_clicked(self, tab: QAbstractButton) -> None:
        self.tab_chosen.emit(tab.objectName().removeprefix("tab_"))
