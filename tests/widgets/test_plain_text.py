"""Whatever people write is text on every screen: nothing of it is markup, loads a picture, or is an access key.

The windows are filled with hostile data and every widget there is, whatever its kind, is looked at.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import Qt as QtText
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QTabBar,
    QTextEdit,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.client.errors import Refused
from core.client.operations import State
from core.client.sync.engine import ConnectionState, SyncStatus
from core.client.sync.outbox import Counts
from core.domain.commands import ChangeStatus
from core.domain.menu import Menu
from core.domain.order import Order, PaymentState
from core.domain.people import Role
from core.domain.status import OrderStatus
from core.instants import now
from core.ui import app, text
from core.ui.jobs import Jobs
from core.ui.ordering.item_dialog import ItemDialog
from core.ui.receipt import receipt_html
from core.ui.sound import Sounds
from core.ui.theme import Theme
from core.ui.widgets import receipt
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import label, set_tip
from core.ui.widgets.toast import Toasts
from customer_view.account.sign_out_dialog import SignOutDialog
from customer_view.status_display.presenter import StatusDisplayPresenter
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.window import StatusDisplayWindow
from customer_view.tracker.decision import Decision
from pos_app.order.reason_dialog import ReasonDialog
from pos_app.sign_in.leave_dialog import LeaveDialog
from pos_app.sync.decision_pane import DecisionPane
from pos_app.sync.list_view import QueueList
from pos_app.sync.model import QueueModel, entries
from tests.models.test_queue_model import operation
from tests.support.board import FakeBoard, ticket
from tests.support.customer_window import PASSWORD, open_window
from tests.support.fake_backend import FakeBackend
from tests.support.menus import MENU
from tests.support.pos_window import change, open_till, place

WORDS: Final = "<img src='p.png'><b>&lt;i&gt;</b> Fish & Chips [*]"
PIN: Final = "1234"
PHONE: Final = "5550900"
_ROLES: Final = (
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.StatusTipRole,
    Qt.ItemDataRole.WhatsThisRole,
)


@pytest.fixture
def words() -> str:
    """A text that would be a picture, and bold, wherever it is markup."""
    return WORDS


def _called(menu: Menu, words: str) -> Menu:
    """The menu with everything in it called so."""

    def named(value: Any) -> Any:
        return msgspec.structs.replace(value, name=words)

    categories = []
    for category in menu.categories:
        items = []
        for item in category.items:
            groups = tuple(
                msgspec.structs.replace(named(group), modifiers=tuple(map(named, group.modifiers)))
                for group in item.groups
            )
            items.append(msgspec.structs.replace(named(item), description=words, groups=groups))
        categories.append(msgspec.structs.replace(named(category), items=tuple(items)))
    return msgspec.structs.replace(menu, shop_name=words, categories=tuple(categories))


@pytest.fixture
def backend(words: str) -> FakeBackend:
    made = FakeBackend(_called(MENU, words))
    made.staff = {words: (PIN, Role.ADMIN)}
    made.add_customer(words, PHONE, PASSWORD)
    return made


def orders(backend: FakeBackend, words: str) -> list[Order]:
    """One in each place, with such words wherever people write."""
    made = []
    for status in (OrderStatus.PENDING, OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.COMPLETED):
        order = place(backend, words, status, delivery=status is OrderStatus.READY, note=words)
        lines = tuple(msgspec.structs.replace(line, note=words) for line in order.lines)
        made.append(change(backend, order, address=words, reason=words, lines=lines, payment=PaymentState.PAID))
    return made


# -- what is looked for


def _whole(shown: str) -> bool:
    return not QtText.mightBeRichText(shown)


def _indexes(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[QModelIndex]:
    under = parent or QModelIndex()
    for row in range(model.rowCount(under)):
        columns = model.columnCount(under) if isinstance(model, QAbstractTableModel) else 1  # a list hides its count
        for column in range(columns):
            index = model.index(row, column, under)
            yield index
            yield from _indexes(model, index)


def _pictures(edit: QTextEdit) -> int:
    block, found = edit.document().begin(), 0
    while block.isValid():
        found += sum(each.format.isImageFormat() for each in block.textFormats())
        block = block.next()
    return found


def _tips(widget: QWidget) -> Iterator[str]:
    yield from (tip for tip in (widget.toolTip(), widget.whatsThis(), widget.statusTip()) if not _whole(tip))
    if isinstance(widget, QComboBox):
        told = (str(widget.itemData(at, role) or "") for at in range(widget.count()) for role in _ROLES)
        yield from (tip for tip in told if not _whole(tip))
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        told = (str(index.data(role) or "") for index in _indexes(widget.model()) for role in _ROLES)
        yield from (tip for tip in told if not _whole(tip))


def _rich(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel | QMessageBox) and widget.textFormat() is not Qt.TextFormat.PlainText:
        yield from filter(None, (widget.text(),))
    if isinstance(widget, QTextEdit) and _pictures(widget):
        yield widget.toHtml()


def _keys(widget: QWidget) -> Iterator[str]:
    """Texts of which an `&` would be gone, and `[*]` in a title."""
    told = [action.text() for action in widget.actions()]
    if isinstance(widget, QAbstractButton) or (isinstance(widget, QLabel) and widget.buddy() is not None):
        told.append(widget.text())
    if isinstance(widget, QGroupBox):
        told.append(widget.title())
    if isinstance(widget, QTabBar):
        told += [widget.tabText(at) for at in range(widget.count())]
    yield from (each for each in told if "&" in each.replace("&&", ""))
    if "[*]" in widget.windowTitle().replace("[*][*]", ""):
        yield widget.windowTitle()


def faults(widget: QWidget) -> Iterator[str]:
    """What a widget would not show as it was written."""
    for look in (_tips, _rich, _keys):
        yield from (f"{type(widget).__name__} {widget.objectName()!r}{look.__name__}: {each}" for each in look(widget))


def _told(widget: QWidget) -> Iterator[str]:
    """Every text of a widget, as it was before it was made safe."""
    yield from (widget.toolTip(), widget.windowTitle(), widget.accessibleName())
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        yield widget.text()
    if isinstance(widget, QTextEdit):
        yield widget.toPlainText()
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        yield from (str(index.data(role)) for index in _indexes(widget.model()) for role in roles)


class Looked:
    """Looks at all widgets of the process, again and again, and keeps which of them had the words."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.seen: set[str] = set()

    def __call__(self) -> None:
        QApplication.processEvents()
        widgets = QApplication.allWidgets()
        assert [fault for widget in widgets for fault in faults(widget)] == []
        for widget in widgets:
            told = "\n".join(_told(widget)).replace("\u2060", "").replace("&&", "&").replace("[*][*]", "[*]")
            if self._words in told:
                self.seen.add(widget.objectName() or type(widget).__name__)


@pytest.fixture
def look(words: str) -> Looked:
    return Looked(words)


# -- the windows


def _close(popup: QWidget | None) -> None:
    assert popup is not None
    popup.close()


def test_the_counters_window(qtbot: QtBot, backend: FakeBackend, words: str, look: Looked) -> None:
    made = orders(backend, words)
    with open_till(qtbot, backend) as till:
        till.arrive((words, PIN))
        look()
        till.press(made[0], "more")
        look()
        _close(QApplication.activePopupWidget())
        till.window._show_details(backend.orders[made[0].id])
        till.settle()
        look()
        _close(QApplication.activeModalWidget())
        till.type("search", "555")
        look()
        for page in ("new", "history", "menu", "orders"):
            till.click(f"nav_{page}")
            till.settle()
            look()
        till.window.workspace.notice.show_error(Refused(words, title=words))
        till.window.workspace.undo.show_message(words, words)
        look()
        till.window.lock(words)
        look()
    everywhere = {
        "pos_window",
        "cashier",
        "column_pending",
        "history_list",
        "menu_tiles",
        "menu_list",
        "notice",
        "undo",
    }
    assert look.seen >= everywhere | {"menu_categories", "sign_in_reason", f"person_{words}"}


def test_the_customers_window(qtbot: QtBot, backend: FakeBackend, words: str, look: Looked) -> None:
    orders(backend, words)
    with open_window(qtbot, backend) as stage:
        look()
        stage.arrive(PHONE, PASSWORD)
        look()
        stage.click_row(0)
        stage.settle()
        look()
        stage.click("tab_order")
        stage.settle()
        look()
    assert look.seen >= {"order_sheet", "shop_name", "menu_tiles", "menu_categories"}


def test_the_board(qtbot: QtBot, words: str, look: Looked) -> None:
    source = FakeBoard(ticket("ONLINE-000121", OrderStatus.READY, first_name=words))
    source.shop_name = words
    jobs = Jobs()
    presenter = StatusDisplayPresenter(jobs, source, 3600.0)
    settings = StatusDisplaySettings(full_screen=False, show_names=True)
    window = StatusDisplayWindow(Theme("light"), presenter, Sounds(muted=True), settings)
    window.show()
    qtbot.waitUntil(lambda: source.looks > 0 and jobs.busy == 0)
    look()
    window.close()
    assert look.seen >= {"ready", "board_header"}


def test_the_item_dialog_and_the_receipt(qtbot: QtBot, backend: FakeBackend, words: str, look: Looked) -> None:
    theme, jobs = Theme("light"), Jobs()
    bowl = backend.menu.categories[0].items[0]
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialog = ItemDialog(bowl, "USD", theme, None, window)
    dialog.open()
    look()
    dialog.close()
    paper = receipt.ReceiptDialog(orders(backend, words)[2], words, theme, jobs)
    qtbot.addWidget(paper)
    paper.show()
    look()
    shown = paper.findChild(QTextEdit, "receipt_paper")
    assert shown is not None
    assert shown.toPlainText().count(words) >= 4
    jobs.close(5)


def test_the_receipt_loads_no_picture(backend: FakeBackend, words: str) -> None:
    html = receipt_html(orders(backend, words)[2], words)
    assert "<img" not in html
    document = QTextDocument()
    document.setHtml(html)
    assert words in document.toPlainText()


def test_a_message_box_is_plain(qtbot: QtBot, words: str, look: Looked) -> None:
    box = app._box(QMessageBox.Icon.Information, words, words)
    qtbot.addWidget(box)
    box.show()
    look()
    assert box.text() == words


# -- the parts


def test_a_tool_tip_shows_what_was_written(qtbot: QtBot, words: str) -> None:
    """As Qt draws it: its label takes it for plain text, and it has every visible letter."""
    widget = label("x")
    qtbot.addWidget(widget)
    set_tip(widget, words)
    widget.show()
    QToolTip.showText(widget.mapToGlobal(QPoint(1, 1)), widget.toolTip(), widget)
    (tip,) = [each for each in QApplication.allWidgets() if each.inherits("QTipLabel")]
    assert isinstance(tip, QLabel)
    assert _whole(tip.text())
    assert tip.text().replace("\u2060", "") == words
    QToolTip.hideText()


@pytest.mark.parametrize(
    "markup",
    ["<b>x</b>", "a <img src='file:///x.png'>", "&lt;b&gt;", "  <A href='x'>", "<br/>", "<!DOCTYPE html>", "<<b>"],
)
def test_markup_is_never_taken_for_it(markup: str) -> None:
    assert _whole(text.plain(markup))
    assert text.plain(markup).replace("\u2060", "") == markup


@pytest.mark.parametrize("ordinary", ["Fish & Chips", "a < b", "3 > 2", "", "I <3 tacos"])
def test_ordinary_text_is_left_as_it_is(ordinary: str) -> None:
    assert text.plain(ordinary) == ordinary


def test_the_parts_that_speak_when_something_is_wrong(
    qtbot: QtBot, backend: FakeBackend, words: str, look: Looked
) -> None:
    """Dialogs, toasts, the chip and the list of what waits, which the walks above do not come by."""
    theme, jobs, window = Theme("light"), Jobs(), QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    order = orders(backend, words)[0]
    held = operation(
        1,
        order.id,
        seen=order,
        theirs=order,
        state=State.CONFLICT,
        problem=words,
        asked=ChangeStatus(to=OrderStatus.CANCELLED, version=1, reason=words),
    )
    entry = entries([held], online=True)[0]
    model = QueueModel()
    model.set_rows((entry,))
    pane = DecisionPane(theme, now, window)
    pane.show_entry(entry, busy=False)
    decision = Decision(theme)
    decision.show_operation(held, busy=False)
    toasts = Toasts(theme, window)
    toasts.show_toast("bell", words, words)
    chip = ConnectionChip()
    chip.set_sync_status(SyncStatus(state=ConnectionState.OFFLINE, problem=Refused(words, title=words)))
    shown: list[QWidget] = [
        QueueList(theme, model, now),
        pane,
        decision,
        toasts,
        chip,
        ReasonDialog(theme, words, words, (words,), words, parent=window),
        LeaveDialog(theme, words, Counts(waiting=2), window),
        SignOutDialog(theme, Counts(waiting=2), window),
    ]
    for widget in shown:
        if widget.parent() is None:
            qtbot.addWidget(widget)
        widget.show()
    look()
    chip._explain()
    look()
    _close(QApplication.activePopupWidget())
    for dialog in (each for each in shown if isinstance(each, QDialog)):
        dialog.close()
    jobs.close(5)
    assert look.seen >= {"reason_dialog", "reason_confirm", "reason_0"}
