"""The presenter of the menu page: availability, and an admin's draft."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, MenuMoved, Refused
from core.client.sync.api import SyncedApi
from core.domain import menu_draft
from core.domain.ids import ItemId
from core.domain.menu import Category, Menu, MenuItem, Mistake, mistakes, with_availability
from core.domain.menu_changes import changes, only_availability
from core.domain.pictures import NONE
from core.domain.sale.taxes import TaxTable
from core.protocol import routes
from core.protocol.pictures import KeepPicture, KeptPicture
from core.protocol.replies import Availability
from core.protocol.requests import ReplaceMenu
from core.reasons import reason
from core.ui.jobs import Job, Jobs
from core.ui.ordering.presenter import MENU_REFRESH_S
from core.ui.picture_file import MAX_FILE_BYTES, small_picture
from core.ui.refresh import Refresher
from core.ui.text import _
from pos_app.menu.model import HEADING
from pos_app.stock import Stock

Categories = tuple[Category, ...]


class MenuEditing(QObject):
    """The current menu, and the draft.

    Changes of availability are sent at once. Everything else is a draft until it is saved as a whole; others' changes
    of availability are merged into it, and other changes of theirs need a decision.
    """

    changed = Signal()
    """Something is shown differently now."""
    failed = Signal(object)
    """A `ClientError`."""
    saved = Signal()
    moved = Signal()
    """Somebody else has changed the menu that the draft is based on: `take_theirs`, or `keep_mine`."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self.menu: Menu | None = None
        """The server's menu, as far as known; None before the first answer."""
        self.draft: Categories = ()
        self.chosen = ""
        """The key of the open row; empty for none."""
        self._theirs: Menu | None = None
        self._saving: Job | None = None
        self._stock = Stock(jobs, api, self)
        self._stock.switched.connect(self._on_switched)
        self._stock.failed.connect(self._on_not_switched)
        self.refresher = Refresher(jobs, partial(api.call, routes.MENU()), MENU_REFRESH_S, parent=self)
        self.refresher.succeeded.connect(self._on_menu_read)

    # -- the menu as it is

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """Use a new menu."""
        before = self.menu
        if before is None or not self.dirty or menu.categories == self.draft:
            self.menu, self.draft, self._theirs = menu, menu.categories, None
        elif only_availability(before.categories, menu.categories):
            self.draft = menu_draft.with_stock_of(self.draft, before.categories, menu.categories)
            self.menu = menu
        elif self._theirs != menu:
            self._theirs = menu
            self.moved.emit()
        self.changed.emit()

    @Slot(object)
    def _on_menu_read(self, menu: Menu) -> None:
        if self.menu is None or menu.version >= self.menu.version:
            self.set_menu(menu)

    @property
    def taxes(self) -> TaxTable:
        return self.menu.terms.taxes if self.menu is not None else TaxTable()

    @property
    def currency(self) -> str:
        return self.menu.currency if self.menu is not None else ""

    def item(self, item_id: ItemId) -> MenuItem | None:
        """The item in the draft."""
        category = menu_draft.category_of(self.draft, item_id)
        return next((each for each in category.items if each.id == item_id), None) if category else None

    def choose(self, key: str) -> None:
        """Open the row of this key."""
        self.chosen = key
        self.changed.emit()

    @property
    def chosen_category(self) -> Category | None:
        """The open category, or that of the open item."""
        if self.chosen.startswith(HEADING):
            category_id = self.chosen.removeprefix(HEADING)
            return next((each for each in self.draft if each.id == category_id), None)
        return menu_draft.category_of(self.draft, ItemId(self.chosen))

    @property
    def chosen_item(self) -> MenuItem | None:
        return self.item(ItemId(self.chosen))

    # -- what is sold out

    def shown_available(self, item: MenuItem) -> bool:
        """The state of the switch, including a change in progress."""
        return self._stock.wanted.get(item.id, item.available)

    def switching(self, item_id: ItemId) -> bool:
        """Whether a change of availability is in progress."""
        return item_id in self._stock.wanted

    def can_switch(self, item_id: ItemId) -> bool:
        """Whether the item is on the menu: a new one is not before it is saved."""
        return self.menu is not None and item_id in self.menu.items()

    def switch(self, item_id: ItemId) -> None:
        """Mark it sold out, or available."""
        item = self.item(item_id)
        if item is None or not self.can_switch(item_id):
            return
        self._stock.switch(item)
        self.changed.emit()

    @Slot(object, object)
    def _on_switched(self, item: MenuItem, reply: Availability) -> None:
        menu = self.menu
        if menu is not None and reply.version == menu.version + 1:
            categories = with_availability(menu.categories, {item.id: reply.available})
            self.set_menu(msgspec.structs.replace(menu, categories=categories, version=reply.version))
        elif menu is not None and reply.version > menu.version:
            self.refresher.refresh()  # others have changed something too
        self.changed.emit()

    @Slot(object)
    def _on_not_switched(self, error: ClientError) -> None:
        self.changed.emit()
        self.failed.emit(error)

    # -- the menu as it is to be

    @property
    def dirty(self) -> bool:
        """Whether there are unsaved changes."""
        return self.menu is not None and self.draft != self.menu.categories

    @property
    def unsaved(self) -> int:
        """The number of unsaved changes; several of one item count as several."""
        return len(changes(self.menu.categories, self.draft)) if self.menu is not None and self.dirty else 0

    def set_picture(self, path: Path) -> None:
        """Give the open item the picture in a file."""
        item_id = ItemId(self.chosen)
        self._jobs.run(partial(_content, path), partial(self._on_picture_read, item_id), self.failed.emit)

    def _on_picture_read(self, item_id: ItemId, content: bytes) -> None:
        try:
            made = small_picture(content)
        except ClientError as error:
            self.failed.emit(error)
            return
        asked = partial(self._api.call, routes.KEEP_PICTURE(body=KeepPicture(made)))
        self._jobs.run(asked, partial(self._on_picture_kept, item_id), self.failed.emit)

    def _on_picture_kept(self, item_id: ItemId, kept: KeptPicture) -> None:
        item = self.item(item_id)
        if item is not None:
            self._show_picture(item, kept.id)

    @Slot()
    def remove_picture(self) -> None:
        """The open item has none any more. Words for none only where the menu has one."""
        item = self.chosen_item
        if item is not None:
            known = self.menu.items().get(item.id) if self.menu is not None else None
            self._show_picture(item, NONE if known is not None and known.picture else "")

    def _show_picture(self, item: MenuItem, picture: str) -> None:
        changed = msgspec.structs.replace(item, picture=picture)
        self.edit(lambda draft: menu_draft.with_item(draft, changed))

    @property
    def saving(self) -> bool:
        return self._saving is not None

    @property
    def conflicting(self) -> bool:
        """Whether somebody else has changed the menu, and a decision is needed."""
        return self._theirs is not None

    def mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes that prevent saving. Existing ones are left to the server."""
        return mistakes(self.draft) if self.dirty else ()

    def edit(self, change: Callable[[Categories], Categories]) -> None:
        """Change the draft by a function of `core.domain.menu_draft`."""
        draft = change(self.draft)
        if draft != self.draft and not self.saving:
            self.draft = draft
            self.changed.emit()

    def save(self) -> None:
        """Save the draft, unless it has a mistake."""
        if self.menu is None or self.saving or self.conflicting or not self.dirty or self.mistakes():
            return
        self.draft, became = menu_draft.with_proper_ids(self.draft, self.menu.categories)
        kind, chosen = (HEADING, self.chosen.removeprefix(HEADING)) if HEADING in self.chosen else ("", self.chosen)
        self.chosen = kind + became.get(chosen, chosen)
        request = ReplaceMenu(version=self.menu.version, categories=self.draft)
        self._saving = self._jobs.run(
            partial(self._api.call, routes.REPLACE_MENU(body=request)), self._on_saved, self._on_save_failed
        )
        self.changed.emit()

    def discard(self) -> None:
        """Discard the draft."""
        if self.menu is not None and not self.saving:
            self.menu, self._theirs = self._theirs or self.menu, None
            self.draft = self.menu.categories
            self.changed.emit()

    take_theirs = discard
    """Discard the draft in favour of the other's change."""

    @Slot()
    def keep_mine(self) -> None:
        """Keep the draft, and discard the other person's changes when it is saved."""
        if self._theirs is not None:
            self.menu, self._theirs = self._theirs, None
            self.changed.emit()

    def set_aside(self) -> Callable[[], None] | None:
        """A function that restores the unsaved draft, onto the menu as it is by then. None without one."""
        menu, draft = self.menu, self.draft
        if menu is None or not self.dirty:
            return None

        def put_back() -> None:
            now = self.menu
            self.menu, self.draft = menu, draft
            self.set_menu(now or menu)

        return put_back

    def clear(self) -> None:
        """Reset for the next person."""
        for job in filter(None, [self._saving]):
            job.cancel()
        self._saving = None
        self._stock.wanted.clear()
        self.discard()

    def _on_saved(self, menu: Menu) -> None:
        self._saving = None
        self.menu, self.draft, self._theirs = menu, menu.categories, None
        self.changed.emit()
        self.saved.emit()

    def _on_save_failed(self, error: ClientError) -> None:
        self._saving = None
        if isinstance(error, MenuMoved):
            before = self.menu
            self.set_menu(error.menu)
            if before is not self.menu and not self.conflicting:
                self.save()  # only availability differs
                return
        else:
            self.failed.emit(error)
        self.changed.emit()


def _content(path: Path) -> bytes:
    """The content of a file that may be a picture, up to the allowed size. Raises `Refused`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        told = _("{file} cannot be read: {reason}").format(file=path.name, reason=reason(error))
        raise Refused(told, title=_("That is no picture that can be used")) from None
