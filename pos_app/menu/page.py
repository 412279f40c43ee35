"""The menu page: everybody changes availability; an admin edits the menu, and saves it as a whole."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, Unreachable
from core.domain.ids import ItemId
from core.domain.menu import Menu, items_of
from core.protocol import routes
from core.ui import keys
from core.ui.ordering.pictures import Pictures
from core.ui.refresh import Refresher
from core.ui.text import _, error_explanation, ngettext
from core.ui.widgets.controls import button, label
from core.ui.widgets.fields import SearchField
from core.ui.widgets.notice import Notice
from core.ui.widgets.pair import Pair
from pos_app.context import PosContext
from pos_app.menu.editor import MenuEditor
from pos_app.menu.list_view import MenuList
from pos_app.menu.model import HEADING, MenuRows, key_of, rows
from pos_app.menu.presenter import MenuEditing


class MenuPage(QWidget):
    failed = Signal(object)
    """A `ClientError`."""
    unsaved_changed = Signal(int)
    """The number of unsaved changes."""

    def __init__(self, context: PosContext, notice: Notice, *, admin: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("menu_page")
        self._theme = theme
        self._notice = notice
        self._admin = admin
        self.editing = MenuEditing(context.jobs, context.api, self)
        self._rows = MenuRows(self)
        self._problem: ClientError | None = None
        self.list = MenuList(theme, self._rows)
        self.list.opened.connect(self._open)
        self.list.switched.connect(self._on_switched)
        self.list.typed.connect(self._on_typed)
        self._empty = label(role="muted", wrap=True)
        self._empty.setObjectName("menu_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        self.editor = MenuEditor(
            theme,
            self.editing,
            notice,
            Pictures(context.jobs, lambda name: context.api.call(routes.PICTURE(name)), self),
        )
        self.editor.added.connect(self._on_row_added)
        self.editor.moved.connect(self._on_row_moved)
        self.editor.left.connect(self._focus_list)
        body = QHBoxLayout()
        body.setSpacing(theme.space(4))
        body.addWidget(self._stack, 6)
        body.addWidget(self.editor, 5)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addWidget(self._head())
        column.addLayout(body, 1)
        self._connect()
        self._update_view()

    def _head(self) -> Pair:
        self._sought = SearchField(self._theme, "menu_search_items", _("Search the menu"), _("Search"))
        self._sought.textChanged.connect(self._update_view)
        self._sought.left_down.connect(self._focus_list)
        self._sought.returnPressed.connect(self._focus_list)
        self._sold_out = label(role="muted")
        self._sold_out.setObjectName("menu_sold_out")
        self._add_item = button(_("Add item"), self._theme, icon="plus", name="menu_add_item")
        self._add_item.clicked.connect(self.editor.add_item)
        self._add_category = button(_("Add category"), self._theme, icon="plus", name="menu_add_category")
        self._add_category.clicked.connect(self.editor.add_category)
        found, adding = QWidget(), QWidget()
        for end, parts in (
            (found, (self._sought, self._sold_out)),
            (adding, (self._add_item, self._add_category)),
        ):
            row = QHBoxLayout(end)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(self._theme.space(3))
            for part in parts:
                row.addWidget(part, 1 if part is self._sought else 0)
        return Pair(self._theme, found, adding)

    def _connect(self) -> None:
        editing = self.editing
        editing.changed.connect(self._update_view)
        editing.failed.connect(self.failed)
        editing.refresher.failed.connect(self._on_read_failed)
        save = QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self)
        save.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        save.activated.connect(self._on_save_wanted)

    # -- for the window

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """Use a new menu."""
        self._problem = None
        self.editing.set_menu(menu)

    def admit(self, *, admin: bool) -> None:
        """Set whether the person who is signed in may edit."""
        self._admin = admin
        self._update_view()

    @property
    def unsaved(self) -> int:
        """The number of unsaved changes."""
        return self.editing.unsaved

    def clear(self) -> None:
        """Reset for the next person."""
        self.editing.chosen = ""
        self._sought.clear()
        self.editor.item_form.forget()
        self.editing.clear()

    @property
    def refresher(self) -> Refresher:
        """The refresher of the menu."""
        return self.editing.refresher

    def refresh(self) -> None:
        self.refresher.refresh()

    # -- what is shown

    @Slot()
    def _update_view(self) -> None:
        editing, menu = self.editing, self.editing.menu
        was = items_of(menu.categories) if menu is not None else {}
        known = {each.id: (each.name, each.colour) for each in menu.categories} if menu is not None else {}
        items = items_of(editing.draft)
        wrong = {key_of(editing.draft, mistake.field) for mistake in editing.mistakes()}
        self._rows.currency = editing.currency
        self.list.chosen = editing.chosen if self._admin else ""
        self._rows.set_rows(
            rows(
                editing.draft,
                self._sought.text(),
                available={item_id: editing.shown_available(item) for item_id, item in items.items()},
                switchable={item_id for item_id in was if not editing.switching(item_id)},
                unsaved={
                    *(item_id for item_id, item in items.items() if was.get(item_id) != item),
                    *(HEADING + each.id for each in editing.draft if known.get(each.id) != (each.name, each.colour)),
                },
                wrong=wrong,
            )
        )
        gone = [item for item in items.values() if not item.available]
        self._sold_out.setText(ngettext("{count} sold out", "{count} sold out", len(gone)) if gone else "")
        self._update_empty()
        self.editor.setVisible(self._admin)
        for each in (self._add_item, self._add_category):
            each.setVisible(self._admin)
            each.setEnabled(menu is not None and not editing.saving)
        if self._admin:
            self.editor.show_chosen()
        self.list.viewport().update()
        self.unsaved_changed.emit(self.unsaved)

    def _update_empty(self) -> None:
        self._stack.setCurrentWidget(self.list if self._rows.rowCount() else self._empty)
        if self.editing.menu is None:
            problem = self._problem
            words = _("The menu cannot be read just now.") if problem else _("Reading the menu…")
            if problem is not None:
                words = f"{words} {error_explanation(problem)}"
        elif self._sought.text().strip():
            words = _("Nothing on the menu is called that.")
        else:
            words = _("There is nothing on the menu yet.")
        self._empty.setText(words)

    # -- what is pressed

    @Slot(str)
    def _open(self, key: str) -> None:
        if self._admin:
            self.editing.choose(key)
            if self.list.by_keys:
                self.editor.focus()

    @Slot()
    def _focus_list(self) -> None:
        if self.list.isVisible():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def _on_switched(self, item_id: str) -> None:
        self.editing.switch(ItemId(item_id))

    @Slot(object)
    def _on_typed(self, event: QKeyEvent) -> None:
        self._sought.setFocus()
        self._sought.setText(self._sought.text() + keys.typed(event))

    @Slot(str)
    def _on_row_added(self, _key: str) -> None:
        self._sought.clear()

    @Slot(str)
    def _on_row_moved(self, key: str) -> None:
        self.list.scrollTo(self._rows.index(self._rows.row_of(key)))

    @Slot()
    def _on_save_wanted(self) -> None:
        if self._admin:
            self.editor.save()

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        self._problem = error
        self._update_view()
        if not isinstance(error, Unreachable):  # the connection chip shows that it is offline
            self.failed.emit(error)

    # -- coming and going

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.editing.refresher.start()
        self._focus_list()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.editing.refresher.stop()
        super().hideEvent(event)
