"""Add a panel: below the history a till says how many of its shop's open orders are not paid yet."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add a panel to a page"
MOST: Final = 6

PAGE: Final = "pos_app/history/page.py"
_PRESENTER: Final = '''"""The number of open orders that are not paid yet."""

from PySide6.QtCore import QObject, Signal

from core.client.order_store import Changes
from core.domain.order import PaymentState
from pos_app.context import PosContext


class Unpaid(QObject):
    """Counts the orders that this window knows."""

    changed = Signal(int)
    """The number of open orders that are not paid."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = context.store
        context.follow_store(self, self._on_store_changed)

    @property
    def count(self) -> int:
        return sum(order.status.is_open and order.payment is PaymentState.UNPAID for order in self._store)

    def _on_store_changed(self, _changes: Changes) -> None:
        self.changed.emit(self.count)
'''
_PANEL: Final = '''"""The line that says what is still to be paid."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.ui.text import ngettext
from core.ui.widgets.controls import label, panel
from pos_app.context import PosContext
from pos_app.history.unpaid import Unpaid


class UnpaidPanel(QWidget):
    """Hidden while everything is paid."""

    def __init__(self, context: PosContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("unpaid")
        theme = context.theme
        frame, column = panel("sunken")
        column.setContentsMargins(theme.space(3), theme.space(1), theme.space(3), theme.space(1))
        self._words = label(role="muted", wrap=True)
        self._words.setObjectName("unpaid_words")
        column.addWidget(self._words)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        unpaid = Unpaid(context, self)
        unpaid.changed.connect(self._on_count_changed)
        self._on_count_changed(unpaid.count)

    @Slot(int)
    def _on_count_changed(self, count: int) -> None:
        words = ngettext("{count} open order is not paid yet", "{count} open orders are not paid yet", count)
        self._words.setText(words)
        self.setAccessibleName(words)
        self.setVisible(count > 0)
'''
_TEST: Final = '''"""The line below the history that says what is still to be paid."""

from typing import Any

from tests.support.pos_window import Till, paid, place


def test_the_line_counts_what_is_open_and_not_paid(till: Till, backend: Any) -> None:
    first, second = place(backend, "Aisha"), place(backend, "Grace")
    till.arrive()
    till.click("nav_history")
    till.settle()
    assert till.text("unpaid_words") == "2 open orders are not paid yet"
    paid(backend, first)
    till.refresh()
    assert till.text("unpaid_words") == "1 open order is not paid yet"
    paid(backend, second)
    till.refresh()
    assert not till.sees("unpaid")
'''
_SAID: Final = {
    "es": ("{count} pedido abierto aún no está pagado", "{count} pedidos abiertos aún no están pagados"),
    "ar": ("{count} طلب مفتوح لم يُدفع بعد",) * 6,
}


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    copy.write("pos_app/history/unpaid.py", _PRESENTER)
    copy.write("pos_app/history/unpaid_panel.py", _PANEL)
    actions = "from pos_app.order.actions import OrderActions\n"
    copy.replace(PAGE, actions, f"from pos_app.history.unpaid_panel import UnpaidPanel\n{actions}")
    copy.insert(PAGE, "        column.addWidget(self._stack, 1)\n", "        column.addWidget(UnpaidPanel(context))\n")
    copy.write("tests/widgets/test_pos_unpaid.py", _TEST)
    copy.insert("CHANGELOG.md", "### Added\n", "- A till says below its history how many orders are not paid.\n")


def translate(copy: Copy) -> None:
    """What a translator does between two runs of `resources.locale.update`."""
    for language, said in _SAID.items():
        copy.translate(language, {"{count} open order is not paid yet": said})
