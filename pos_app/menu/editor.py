"""The editor of the menu: a form for the chosen item or category, and one save for all changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout

from core.domain import menu_draft
from core.domain.ids import ItemId
from core.domain.menu import BY_PLACE
from core.domain.pictures import NONE
from core.ui.ordering.pictures import Pictures
from core.ui.text import _, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label
from core.ui.widgets.notice import Notice
from pos_app.menu.form import CategoryForm, ItemForm
from pos_app.menu.model import HEADING, key_of
from pos_app.menu.presenter import Categories, MenuEditing

_UNDO_MS: Final = 8000
_SAID_MS: Final = 4000


class MenuEditor(QFrame):
    added = Signal(str)
    """The key of a new row, to be chosen."""
    moved = Signal(str)
    """The key of a moved row."""
    left = Signal()
    """Escape: back to the list."""

    def __init__(self, theme: Theme, editing: MenuEditing, notice: Notice, pictures: Pictures) -> None:
        super().__init__()
        self.setObjectName("menu_editor")
        self.setProperty("role", "sunken")
        self._theme = theme
        self._notice = notice
        self.editing = editing
        self._pictures = pictures
        self._undoable: tuple[str, Categories] = "", ()
        """The notice's text while it offers an undo, and the draft it is for."""
        self.item_form = ItemForm(theme)
        self.category_form = CategoryForm(theme)
        column = QVBoxLayout(self)
        edge = self._theme.space(4)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(self._theme.space(3))
        self._hint = label(_("Choose an item to change it."), "muted", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._forms = QStackedWidget()
        for form in (self._hint, self.item_form, self.category_form):
            self._forms.addWidget(form)
        self._conflict = self._make_conflict()
        self._save = button("", self._theme, "primary", name="menu_save")
        self._save.clicked.connect(self.save)
        self._save.setMinimumWidth(self._widest_save())
        self._discard = button(_("Discard"), self._theme, name="menu_discard")
        self._discard.clicked.connect(self._on_discard_pressed)
        bar = QHBoxLayout()
        bar.setSpacing(self._theme.space(2))
        bar.addWidget(self._discard)
        bar.addWidget(self._save, 1)
        column.addWidget(self._forms, 1)
        for below in (self.item_form.wrong, self.category_form.wrong, self._conflict):
            column.addWidget(below)
        column.addLayout(bar)
        self._connect()

    def _widest_save(self) -> int:
        """The width of the Save button for its longest text, so that it never changes its size under a finger."""
        changes = ngettext("Save {count} change", "Save {count} changes", 99)
        widths = []
        for words in (_("Everything is saved"), _("Not saved"), _("Saving…"), changes):
            self._save.setText(words)
            widths.append(self._save.sizeHint().width())
        return max(widths)

    def _make_conflict(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("menu_conflict")
        frame.setProperty("role", "notice")
        frame.setProperty("tone", "error")
        theirs = button(_("Take theirs"), self._theme, name="menu_take_theirs")
        theirs.clicked.connect(self._on_theirs_pressed)
        mine = button(_("Keep mine"), self._theme, name="menu_keep_mine")
        mine.clicked.connect(self.editing.keep_mine)
        choices = QHBoxLayout()
        choices.setSpacing(self._theme.space(2))
        choices.addWidget(theirs, 1)
        choices.addWidget(mine, 1)
        column = QVBoxLayout(frame)
        column.addWidget(label(_("Somebody else has changed the menu"), "strong", wrap=True))
        words = _("Yours would replace theirs as a whole. Which one is to be sold?")
        column.addWidget(label(words, wrap=True))
        column.addLayout(choices)
        return frame

    def _connect(self) -> None:
        editing = self.editing
        editing.saved.connect(self._on_saved)
        back = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self.left)
        self.item_form.edited.connect(self._on_item_edited)
        self._pictures.changed.connect(self.show_chosen)
        self.item_form.picture_wanted.connect(self._on_picture_wanted)
        self.item_form.picture_removed.connect(self.editing.remove_picture)
        self.item_form.category_wanted.connect(self._on_category_wanted)
        self.item_form.move_wanted.connect(self._on_item_move_wanted)
        self.item_form.remove_wanted.connect(self._on_item_remove_wanted)
        self.category_form.renamed.connect(self._on_category_renamed)
        self.category_form.coloured.connect(self._on_category_coloured)
        self.category_form.add_wanted.connect(self.add_item)
        self.category_form.move_wanted.connect(self._on_category_move_wanted)
        self.category_form.remove_wanted.connect(self._on_category_remove_wanted)

    @Slot()
    def show_chosen(self) -> None:
        """Show the form of the chosen row, and its possible actions."""
        editing = self.editing
        said, draft = self._undoable
        if said and draft != editing.draft:
            self._undoable = "", ()
            if self._notice.text == said:
                self._notice.clear()
        category, item = editing.chosen_category, editing.chosen_item
        wrong = [each.field for each in editing.mistakes() if key_of(editing.draft, each.field) == editing.chosen]
        words = [_complaint(field) for field in wrong]
        for form in (self.item_form, self.category_form):
            form.complain(())
        if category is None:
            self._forms.setCurrentWidget(self._hint)
        elif item is not None:
            self.item_form.show_taxes(editing.taxes)
            self.item_form.show_item(item, category.id, editing.draft, editing.currency)
            picture = item.picture if item.picture != NONE else ""
            self.item_form.show_picture(self._pictures.get(picture), has_one=bool(picture))
            if not self.item_form.complete:
                words.append(_("That is not a price."))
            self.item_form.complain(words)
            self._forms.setCurrentWidget(self.item_form)
        else:
            count = len(category.items)
            self.category_form.show_category(category, ngettext("{count} item in it", "{count} items in it", count))
            self.category_form.complain(words)
            self._forms.setCurrentWidget(self.category_form)
        self._forms.setEnabled(not editing.saving)
        self._conflict.setVisible(editing.conflicting)
        count = editing.unsaved
        complete = self._forms.currentWidget() is not self.item_form or self.item_form.complete
        saved = _("Everything is saved") if complete else _("Not saved")
        save = ngettext("Save {count} change", "Save {count} changes", count) if count else saved
        self._save.setText(_("Saving…") if editing.saving else save)
        ready = complete and not editing.mistakes() and not editing.conflicting and not editing.saving
        self._save.setEnabled(editing.dirty and ready)
        self._discard.setEnabled((editing.dirty or not complete) and not editing.saving)

    def focus(self) -> None:
        """Focus the form of the chosen row."""
        form = self._forms.currentWidget()
        if isinstance(form, ItemForm | CategoryForm):
            form.name.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot()
    def add_item(self) -> None:
        """Add an item beside the chosen one, or else in the first category."""
        if not self.editing.draft:
            self.add_category()
        category_id = (self.editing.chosen_category or self.editing.draft[0]).id
        made: list[str] = []

        def add(draft: Categories) -> Categories:
            after, item_id = menu_draft.with_new_item(draft, category_id, _("New item"))
            made.append(item_id)
            return after

        self.editing.edit(add)
        self._show_new(made, self.item_form.name)

    @Slot()
    def add_category(self) -> None:
        """Add a category at the end."""
        made: list[str] = []

        def add(draft: Categories) -> Categories:
            after, category_id = menu_draft.with_category(draft, _("New category"))
            made.append(HEADING + category_id)
            return after

        self.editing.edit(add)
        self._show_new(made, self.category_form.name)

    def _show_new(self, made: list[str], name: QLineEdit) -> None:
        if made:
            self.added.emit(made[0])
            self.editing.choose(made[0])
            self.moved.emit(made[0])
            name.setFocus()
            name.selectAll()

    @Slot()
    def _on_item_edited(self) -> None:
        item = self.item_form.value
        self.editing.edit(lambda draft: menu_draft.with_item(draft, item))
        self.show_chosen()  # a price that is none changes nothing but whether it can be saved

    @Slot(str)
    def _on_category_wanted(self, category_id: str) -> None:
        item_id = ItemId(self.editing.chosen)
        self.editing.edit(lambda draft: menu_draft.item_in(draft, item_id, category_id))

    @Slot()
    def _on_picture_wanted(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        dialog = QFileDialog(self, _("Choose a picture"), folder, _("Pictures (*.png *.jpg *.jpeg *.webp)"))
        dialog.setObjectName("picture_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.choose_picture)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def choose_picture(self, path: str) -> None:
        """Give the chosen item the picture in a file."""
        self.editing.set_picture(Path(path))

    @Slot(int)
    def _on_item_move_wanted(self, by: int) -> None:
        item_id = ItemId(self.editing.chosen)
        self.editing.edit(lambda draft: menu_draft.moved_item(draft, item_id, by))
        self.moved.emit(self.editing.chosen)

    @Slot()
    def _on_item_remove_wanted(self) -> None:
        item_id = ItemId(self.editing.chosen)
        item = self.editing.item(item_id)
        if item is not None:
            sold = self.editing.can_switch(item_id)
            self._remove(item.name, lambda draft: menu_draft.without_item(draft, item_id), sold=sold)

    @Slot(str)
    def _on_category_renamed(self, name: str) -> None:
        category_id = self.editing.chosen.removeprefix(HEADING)
        self.editing.edit(lambda draft: menu_draft.renamed_category(draft, category_id, name))

    @Slot(str)
    def _on_category_coloured(self, colour: str) -> None:
        """Words for none only where the menu has another."""
        category_id = self.editing.chosen.removeprefix(HEADING)
        known = self.editing.menu.categories if self.editing.menu is not None else ()
        has = any(each.id == category_id and each.colour for each in known)
        wanted = "" if colour == BY_PLACE and not has else colour
        self.editing.edit(lambda draft: menu_draft.coloured_category(draft, category_id, wanted))

    @Slot(int)
    def _on_category_move_wanted(self, by: int) -> None:
        category_id = self.editing.chosen.removeprefix(HEADING)
        self.editing.edit(lambda draft: menu_draft.moved_category(draft, category_id, by))
        self.moved.emit(self.editing.chosen)

    @Slot()
    def _on_category_remove_wanted(self) -> None:
        category_id = self.editing.chosen.removeprefix(HEADING)
        found = next((each for each in self.editing.draft if each.id == category_id), None)
        if found is not None:
            sold = any(self.editing.can_switch(item.id) for item in found.items)
            self._remove(found.name, lambda draft: menu_draft.without_category(draft, category_id), sold=sold)

    def _remove(self, name: str, change: Callable[[Categories], Categories], *, sold: bool) -> None:
        before, key = self.editing.draft, self.editing.chosen
        self.editing.choose("")
        self.editing.edit(change)
        words = _("It is sold until you save.") if sold else ""
        self._offer_undo(_("{name} removed").format(name=name), words, before, key)

    def _offer_undo(self, title: str, words: str, before: Categories, key: str) -> None:
        """Offer an undo until the next change."""

        def undo() -> None:
            self.editing.edit(lambda _draft: before)
            self.editing.choose(key)

        self._notice.show_message(title, words, _("Undo"), undo, _UNDO_MS)
        self._undoable = self._notice.text, self.editing.draft

    # -- saving

    @Slot()
    def save(self) -> None:
        """Save everything, if there are changes and no mistakes."""
        if self._save.isEnabled():
            self._notice.clear()
            self.editing.save()

    @Slot()
    def _on_discard_pressed(self) -> None:
        before, key = self.editing.draft, self.editing.chosen
        self.item_form.forget()
        self.editing.discard()
        self._offer_undo(_("Changes discarded"), "", before, key)

    @Slot()
    def _on_theirs_pressed(self) -> None:
        self.item_form.forget()
        self.editing.take_theirs()

    @Slot()
    def _on_saved(self) -> None:
        self.item_form.forget()
        self.show_chosen()
        self._notice.show_message(_("The menu is saved"), _("Every screen has it now."), life_ms=_SAID_MS)


def _complaint(field: str) -> str:
    """The text for a mistake in the editor; the domain's is for files."""
    part = field.rpartition(".")[2].partition("[")[0]
    return {
        "name": _("A name is missing somewhere: of the item, an option group or an option."),
        "price_minor": _("A price is too high, or below nothing."),
        "description": _("The description is too long."),
        "modifiers": _("An option group has at least one option."),
        "least": _("The minimum is more than there are options."),
        "most": _("The maximum is less than the minimum."),
        "picture": _("The picture is not there any more: choose it again."),
        "default": _("More options are taken by default than the maximum."),
        "groups": _("There are too many options, or they take more off the price than there is."),
    }.get(part, _("Two things here are the same."))
