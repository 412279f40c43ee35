"""The Roles page, for admins: each act, who may do it, and how far."""

from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.acts import Act, Unit
from core.domain.errors import DomainError
from core.domain.people import Role
from core.domain.rights import ACTS, Right, Rights, Roles
from core.domain.sale.rounding import PERCENT
from core.ui.text import AMOUNT_LENGTH, N_, _, money, parse_amount, parse_percentage, percentage
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label, panel, restyle
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.fields import CheckBox
from core.ui.widgets.notice import Notice
from core.ui.widgets.pair import Pair
from core.ui.widgets.scroll import VerticalScroll
from pos_app.context import PosContext
from pos_app.roles.presenter import StaffRoles

_NAMES: Final = {Role.CASHIER: N_("Cashier"), Role.MANAGER: N_("Manager")}
_SHOWN_MS: Final = 6_000


class LimitField(QLineEdit):
    """A field for a limit: a percentage or an amount; empty for none."""

    def __init__(self, theme: Theme, unit: Unit, currency: str, spoken: str) -> None:
        super().__init__()
        self._unit = unit
        self._currency = currency
        self.setMaxLength(AMOUNT_LENGTH)
        self.setPlaceholderText(_("No limit"))
        self.setAccessibleName(spoken)
        self.setMinimumWidth(theme.px(96))
        self.textChanged.connect(self._on_text_changed)

    def show_limit(self, limit: int | None) -> None:
        shown = percentage if self._unit is Unit.PERCENT else self._money
        self.setText(shown(limit) if limit is not None else "")

    @property
    def limit(self) -> int | None:
        """None for no limit. Raises `DomainError` for what is none."""
        text = self.text().strip()
        if not text:
            return None
        if self._unit is Unit.MONEY:
            return parse_amount(text, self._currency)
        found = parse_percentage(text)
        if not 0 <= found <= PERCENT:
            raise DomainError("A limit in percent is at most 100 %.", "limit")
        return found

    @property
    def is_valid(self) -> bool:
        try:
            return self.limit is None or True
        except DomainError:
            return False

    def _money(self, limit: int) -> str:
        return money(limit, self._currency)

    @Slot()
    def _on_text_changed(self) -> None:
        restyle(self, invalid="" if self.is_valid else "true")


class Cell(QWidget):
    """Whether one role may do one act, and how far."""

    edited = Signal()

    def __init__(self, theme: Theme, role: Role, act: Act, currency: str) -> None:
        super().__init__()
        name, unit = _(_NAMES[role]) if role in _NAMES else role.readable, ACTS[act].unit
        self.act = act
        self._may = CheckBox(theme, f"may_{role}_{act}", name)
        self._may.setAccessibleName(f"{name}: {_(act.label)}")
        self._limit = LimitField(theme, unit, currency, _("{role}: up to").format(role=name)) if unit else None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(2))
        row.addWidget(self._may)
        if self._limit is not None:
            self._limit.setObjectName(f"limit_{role}_{act}")
            row.addWidget(self._limit, 1)
            self._limit.textChanged.connect(self.edited)
        self._may.toggled.connect(self._on_toggled)

    def show_right(self, right: Right | None) -> None:
        self._may.setChecked(right is not None)
        if self._limit is not None:
            self._limit.show_limit(right.limit if right is not None else None)
            self._limit.setEnabled(right is not None)

    @property
    def right(self) -> Right | None:
        if not self._may.isChecked():
            return None
        return Right(self.act, self._limit.limit if self._limit is not None else None)

    @property
    def is_valid(self) -> bool:
        return not self._may.isChecked() or self._limit is None or self._limit.is_valid

    @Slot()
    def _on_toggled(self) -> None:
        if self._limit is not None:
            self._limit.setEnabled(self._may.isChecked())
        self.edited.emit()


class RolesPage(QWidget):
    """Nothing is changed before it is saved. Every POS has it at once then."""

    failed = Signal(object)

    def __init__(self, context: PosContext, notice: Notice) -> None:
        super().__init__()
        self.setObjectName("roles_page")
        theme = context.theme
        self._theme = theme
        self._bridge = context.bridge
        self._notice = notice
        self._presenter = StaffRoles(context, self)
        self._cells: dict[Role, list[Cell]] = {}
        self._shown: Roles = ()
        self._showing = False
        self._scroll = VerticalScroll(QWidget())
        self._words = label(role="muted", wrap=True)
        self._words.setObjectName("roles_words")
        self._save = button(_("Save"), theme, "primary", name="roles_save")
        self._save.clicked.connect(self._on_save_pressed)
        self._discard = button(_("Discard changes"), theme, name="roles_discard")
        self._discard.clicked.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        freshness = Freshness(self._presenter.refresher)
        freshness.setObjectName("roles_age")
        column.addWidget(Pair(theme, self._words, freshness))
        column.addWidget(self._scroll, 1)
        column.addWidget(EvenRow(theme, self._discard, self._save))
        self._presenter.changed.connect(self._on_changed)
        self._presenter.saved.connect(self._on_saved)
        self._presenter.failed.connect(self._on_failed)
        self._update()

    @property
    def _wanted(self) -> dict[Role, Rights]:
        """The rights of each role that differ from what the server has."""
        known = {each.role: each.rights for each in self._presenter.roles}
        now = {
            role: (
                *(right for cell in cells if (right := cell.right) is not None),
                *(right for right in known[role] if right.act not in ACTS),  # of a newer server
            )
            for role, cells in self._cells.items()
        }
        return {role: rights for role, rights in now.items() if set(rights) != set(known[role])}

    @property
    def _is_valid(self) -> bool:
        return all(cell.is_valid for cells in self._cells.values() for cell in cells)

    def clear(self) -> None:
        """Another person begins."""
        self._show()

    # -- inside

    def _make(self) -> None:
        """A row for each act, with a cell for each role that can be changed."""
        menu = self._bridge.menu
        currency = menu.currency if menu is not None else ""
        roles = [each.role for each in self._presenter.roles if each.role is not Role.ADMIN]
        self._cells = {role: [] for role in roles}
        body = QWidget()
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, self._theme.space(2), 0)
        rows.setSpacing(self._theme.space(2))
        for act in ACTS:
            frame, column = panel("card")
            column.setContentsMargins(*[self._theme.space(3)] * 4)
            column.setSpacing(self._theme.space(2))
            column.addWidget(label(_(act.label), "strong", wrap=True))
            cells = [Cell(self._theme, role, act, currency) for role in roles]
            for role, cell in zip(roles, cells, strict=True):
                self._cells[role].append(cell)
                cell.edited.connect(self._update)
            column.addWidget(EvenRow(self._theme, *cells))
            rows.addWidget(frame)
        rows.addStretch(1)
        self._scroll.show_content(body)

    @Slot()
    def _on_changed(self) -> None:
        if self._presenter.roles and not self._cells:
            self._make()
        if self._presenter.roles is not self._shown:  # what was not saved stays
            self._shown = self._presenter.roles
            self._show()
        self._update()

    @Slot()
    def _show(self) -> None:
        """Show what the server has."""
        self._showing = True
        for each in self._presenter.roles:
            rights = {right.act: right for right in each.rights}
            for cell in self._cells.get(each.role, ()):
                cell.show_right(rights.get(cell.act))
        self._showing = False
        self._update()

    @Slot()
    def _update(self) -> None:
        if self._showing:
            return
        busy, valid = self._presenter.busy, self._is_valid
        words = _("An admin may do everything. Whoever may not asks a manager who may, for this once.")
        self._words.setText(
            words if self._cells else _("Loading…") if self._presenter.loading else _("Only the server knows.")
        )
        changed = self._is_changed
        if self.isVisible() and not busy and changed is self._presenter.refresher.active:
            (self._presenter.stop if changed else self._presenter.start)()
        self._save.setEnabled(changed and valid and not busy)
        self._discard.setEnabled(changed and not busy)
        self._scroll.setEnabled(not busy)

    @property
    def _is_changed(self) -> bool:
        return bool(self._cells) and (not self._is_valid or bool(self._wanted))

    @Slot()
    def _on_save_pressed(self) -> None:
        if self._save.isEnabled():
            self._presenter.save(self._wanted)

    @Slot()
    def _on_saved(self) -> None:
        self._notice.show_message(_("Saved"), _("Every POS has it at once."), life_ms=_SHOWN_MS)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self.failed.emit(error)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_changed:
            self._presenter.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._presenter.stop()
        super().hideEvent(event)
