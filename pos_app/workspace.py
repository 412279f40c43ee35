"""The workspace of a signed-in cashier: the rail of pages, the header, the page, and its notices."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QFont, QFontMetricsF, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.ui import icons, keys
from core.ui.pace import Pace
from core.ui.text import N_, _, clock, figure, literal
from core.ui.theme import Theme
from core.ui.widgets.as_of import MENU_KEPT, AsOf
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import label, pressed_by_enter, set_tip
from core.ui.widgets.fields import SearchField
from core.ui.widgets.notice import Notice
from core.ui.widgets.pair import Pair
from core.ui.widgets.scroll import VerticalScroll
from core.ui.widgets.strip import Strip

PAGES: Final = {
    "orders": (N_("Orders"), "orders"),
    "new": (N_("New"), "plus"),
    "history": (N_("History"), "history"),
    "menu": (N_("Menu"), "menu"),
    "sync": (N_("Sync"), "sync"),
    "reports": (N_("Reports"), "reports"),
    "drawer": (N_("Drawer"), "cash"),
}
"""The pages of the rail: their names and icons."""
_TAB: Final = 80
_BAR: Final = 900
_TITLES: Final = {"new": N_("New order"), "pay": N_("Payment"), "roles": N_("Roles")}
_KEPT: Final = {
    "orders": N_("These are the orders that this POS knows of. What you do is kept, and sent later."),
    "history": N_("Only what this POS has kept is found."),
    "new": MENU_KEPT,
    "menu": MENU_KEPT,
    "drawer": N_("What is done at the drawer is kept, and sent later."),
}
"""The consequence of old data for a page, where it matters."""


class BoardSearch(SearchField):
    """The search field of the board: `/` focuses it, Esc clears it and returns."""

    entered = Signal()
    left = Signal()

    def __init__(self, theme: Theme, name: str, spoken: str, hint: str = "") -> None:
        super().__init__(theme, name, spoken, hint)
        self._pace = Pace()

    @override
    def event(self, event: QEvent) -> bool:
        """Some scanners end a code with Tab."""
        if keys.is_tab(event) and self._pace.is_code(event):
            self.entered.emit()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._pace.note(event)
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and keys.is_alone(event):
            # Qt's field passes Enter on; a card that has got the focus meanwhile would make its next step.
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class RailTab(QToolButton):
    """A page of the rail by icon and name, with a badge for the number of waiting things."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._count = 0
        self.setObjectName(name)
        self.setProperty("kind", "tab")
        self.setProperty("rail", "true")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(theme.px(_TAB))

    def set_content(self, words: str, count: int = 0) -> None:
        """Set the label, and the number in the badge."""
        self._count = count
        self.setText(words)
        self.setAccessibleName(f"{words} · {figure(count)}" if count else words)
        self.update()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._count:
            return
        theme, words, font = self._theme, figure(self._count), self._theme.font("small", QFont.Weight.Bold)
        metrics = QFontMetricsF(font)
        height = metrics.height() + 2
        width = max(height, metrics.horizontalAdvance(words) + theme.px(8))
        middle, beside = self.width() / 2, theme.px(6)
        rtl = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        badge = QRectF(middle - beside - width if rtl else middle + beside, theme.space(1), width, height)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("brand"))
        painter.drawRoundedRect(badge, height / 2, height / 2)
        painter.setPen(theme.colour("brand_ink"))
        painter.setFont(font)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()


class Workspace(QWidget):
    """Composes the parts; it handles no orders itself."""

    page_wanted = Signal(str)
    leave_wanted = Signal(str)
    """`switch`, `lock` or `sign_out`."""
    shortcuts_wanted = Signal()
    sound_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        device: str,
        now: Callable[[], datetime],
        *,
        pages: Iterable[str] = PAGES,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.pages = tuple(pages)
        self.has_roles = False
        """Whether the person may change what roles may do."""
        self.setObjectName("page")
        self._theme = theme
        self._device = device
        self._now = now
        self._page_names: list[str] = []
        self._tabs: dict[str, RailTab] = {}
        self._titles: dict[str, str] = {}
        self.search = BoardSearch(theme, "search", _("Search the board"), _("Number, name, phone   /"))
        self.search.setMaximumWidth(theme.px(340))
        self.connection = ConnectionChip()
        self.notice = Notice(theme)
        self.undo = Notice(theme, name="undo", ink="surface")
        self.undo.setMaximumWidth(theme.px(_BAR))
        self._title = label(role="title")
        self._title.setObjectName("page_title")
        self._clock = label(role="muted")
        self._clock.setObjectName("till_clock")
        self._stack = QStackedWidget()
        self.as_of = AsOf(theme, self.connection, now)
        self._speech = Strip(theme, self.undo)
        for bar in (self.notice, self.as_of):
            self.add_speech(bar)
        body = QVBoxLayout()
        body.setContentsMargins(theme.space(5), theme.space(2), theme.space(5), theme.space(2))
        body.setSpacing(theme.space(2))
        body.addWidget(self._header())
        body.addWidget(VerticalScroll(self._stack), 1)
        body.addWidget(self._speech)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail())
        row.addLayout(body, 1)
        self._minute = QTimer(self)
        self._minute.setSingleShot(True)
        self._minute.timeout.connect(self._on_minute_passed)
        theme.changed.connect(self._draw_icons)

    def _header(self) -> Pair:
        """The page's name at one end, the status at the other; stacked where the letters are large."""
        ends = []
        for parts in ((self._title, self.search), (self.connection, self._clock)):
            end = QWidget()
            row = QHBoxLayout(end)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(self._theme.space(4))
            for part in parts:
                row.addWidget(part, 1000 if part is self.search else 0)
            row.addStretch(1)
            ends.append(end)
        return Pair(self._theme, *ends)

    def _rail(self) -> QFrame:
        theme = self._theme
        rail = QFrame()
        rail.setProperty("role", "rail")
        rail.setFixedWidth(theme.px(_TAB) + 2 * theme.space(2) + 1)
        column = QVBoxLayout(rail)
        column.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(2))
        column.setSpacing(theme.space(1))
        group = self._rail_group = QButtonGroup(self)
        for name in self.pages:
            tab = self._tab(f"nav_{name}", _(PAGES[name][0]))
            tab.setCheckable(True)
            tab.clicked.connect(self._on_tab_pressed)
            group.addButton(tab)
            self._tabs[name] = tab
            column.addWidget(tab)
        column.addStretch(1)
        self._person = self._tab("cashier", "")
        self._person.clicked.connect(self._on_person_pressed)
        column.addWidget(self._person)
        self._draw_icons()
        return rail

    def _tab(self, name: str, words: str) -> "RailTab":
        tab = RailTab(self._theme, name)
        tab.set_content(words)
        return tab

    @Slot()
    def _draw_icons(self) -> None:
        size = self._theme.px(22)
        drawn = {**{tab: PAGES[name][1] for name, tab in self._tabs.items()}, self._person: "person"}
        for tab, icon in drawn.items():
            colour = "brand" if tab.isChecked() else "muted"
            tab.setIcon(icons.icon(icon, self._theme.colour(colour), size))
            tab.setIconSize(icons.icon(icon, self._theme.colour(colour), size).availableSizes()[0])

    # -- pages

    def add_page(self, name: str, page: QWidget) -> None:
        self._page_names.append(name)
        self._stack.addWidget(page)

    @property
    def page(self) -> str:
        """The name of the shown page; empty before the first."""
        return self._page_names[self._stack.currentIndex()] if self._page_names else ""

    def show_page(self, name: str) -> None:
        self._stack.setCurrentIndex(self._page_names.index(name))
        if name != "pay":  # it stays that of the page that led there
            self._rail_group.setExclusive(False)
            for other, tab in self._tabs.items():
                tab.setChecked(other == name)
            self._rail_group.setExclusive(True)
        self._show_title()
        self.search.setVisible(name == "orders")
        self.as_of.set_meaning(_(_KEPT[name]) if name in _KEPT else "")
        self._draw_icons()

    def set_title(self, name: str, title: str) -> None:
        """Give a page another title; empty for its usual one."""
        self._titles[name] = title
        self._show_title()

    def _show_title(self) -> None:
        name = self.page
        if name:
            self._title.setText(self._titles.get(name) or _(_TITLES.get(name) or PAGES[name][0]))

    def offers(self, name: str) -> bool:
        """Whether the person may see that page."""
        return name in self._tabs and not self._tabs[name].isHidden()

    def offer(self, name: str, *, offered: bool) -> None:
        """Whether the rail has that page."""
        if name in self._tabs:
            self._tabs[name].setVisible(offered)

    def set_person(self, name: str) -> None:
        self._person.ensurePolished()
        room = self._theme.px(_TAB) - 2 * self._theme.space(1)
        shown = self._person.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        self._person.setText(literal(shown))
        set_tip(self._person, name)
        self._person.setAccessibleName(_("Cashier: {name}").format(name=name))

    def set_new(self, count: int) -> None:
        """Show the number of orders to confirm, where the board is hidden."""
        self._count("orders", count if self.page != "orders" else 0)

    @Slot(int)
    def set_unsaved(self, count: int) -> None:
        """Show the number of unsaved changes of the menu."""
        self._count("menu", count)

    def set_unsent(self, count: int) -> None:
        """Show the number of operations in the outbox."""
        self._count("sync", count)

    def add_speech(self, bar: QWidget) -> None:
        """Add a notice, of a readable width, beside the others."""
        bar.setMaximumWidth(self._theme.px(_BAR))
        self._speech.add(bar)

    def add_toasts(self, toasts: QWidget) -> None:
        """Add the row of toasts."""
        self._speech.add(toasts)

    # -- inside

    def _count(self, name: str, count: int) -> None:
        if name in self._tabs:
            self._tabs[name].set_content(_(PAGES[name][0]), count)

    @Slot()
    def _on_tab_pressed(self) -> None:
        pressed = self.sender()
        for name, tab in self._tabs.items():
            if tab is pressed:
                self.page_wanted.emit(name)

    @Slot()
    def _on_person_pressed(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("cashier_menu")
        for what, words in (("switch", _("Switch cashier")), ("lock", _("Lock")), ("sign_out", _("Sign out"))):
            action = QAction(words, menu)
            action.setObjectName(f"menu_{what}")
            action.setData(what)
            menu.addAction(action)
        menu.addSeparator()
        if self.has_roles:
            roles = QAction(_("Roles"), menu)
            roles.setObjectName("menu_roles")
            menu.addAction(roles)
        sound = QAction(_("Sound…"), menu)
        sound.setObjectName("menu_sound")
        menu.addAction(sound)
        shortcuts = QAction(_("Shortcuts"), menu)
        shortcuts.setObjectName("menu_shortcuts")
        menu.addAction(shortcuts)
        menu.triggered.connect(self._on_leave_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        # Beside the button, and upwards: it is at the lower end of the window.
        beside = QRect(self._person.mapToGlobal(QPoint()), self._person.size())
        size, rtl = menu.sizeHint(), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left = beside.left() - size.width() if rtl else beside.right() + 1
        menu.popup(QPoint(left, beside.bottom() + 1 - size.height()))

    @Slot(QAction)
    def _on_leave_chosen(self, action: QAction) -> None:
        if action.objectName() == "menu_sound":
            self.sound_wanted.emit()
        elif action.objectName() == "menu_roles":
            self.page_wanted.emit("roles")
        elif action.objectName() == "menu_shortcuts":
            self.shortcuts_wanted.emit()
        else:
            self.leave_wanted.emit(action.data())

    @Slot()
    def _on_minute_passed(self) -> None:
        now = self._now()
        self._clock.setText(f"{self._device} · {clock(now)}")
        self._minute.start(60_000 - (now.second * 1000 + now.microsecond // 1000))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._on_minute_passed()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._minute.stop()
        super().hideEvent(event)
