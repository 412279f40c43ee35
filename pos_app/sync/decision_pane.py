"""One waiting operation: the cashier's change beside the server's order, and the choice between them."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.client.operations import Operation
from core.domain.order import Order
from core.ui.text import _, payment_label, refund_label, status_label, time_of_day
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.scroll import VerticalScroll
from pos_app.order.card import Own, customer
from pos_app.order.operation_words import (
    again,
    allowed_here,
    cash_of,
    did,
    done_by_another,
    needs_approval,
    needs_number,
    number,
    reason,
    without_it,
)
from pos_app.sync.model import Entry


class DecisionPane(VerticalScroll):
    """Nothing is forced: an operation stays until a button decides."""

    again_wanted = Signal(object)
    """The `Operation` to send again, on the current order."""
    discard_wanted = Signal(object)
    """The `Operation` to discard."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(QWidget())
        self._now = now
        self.setParent(parent)
        self.setObjectName("decision")
        self._theme = theme
        self._shown: tuple[Entry | None, bool] | None = None
        self._entry: Entry | None = None

    @Slot()
    def show_again(self) -> None:
        """Show the same: another day has begun."""
        if self._shown is not None:
            (entry, busy), self._shown = self._shown, None
            self.show_entry(entry, busy=busy)

    def show_entry(self, entry: Entry | None, *, busy: bool) -> None:
        """Show `entry`. Unchanged content and the focus stay."""
        if self._shown == (entry, busy):
            return
        focused = self._focused
        self._shown, self._entry = (entry, busy), entry
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(self._theme.space(2), 0, self._theme.space(2), 0)
        column.setSpacing(self._theme.space(3))
        if entry is None:
            column.addWidget(label(_("Choose a change to see more of it."), "muted", wrap=True))
        else:
            self._fill(column, entry, busy=busy)
        column.addStretch(1)
        self.show_content(body)
        if focused:
            self.focus(focused)

    @property
    def _focused(self) -> str:
        """The name of the focused control in here; empty for none."""
        control: QWidget | None = self.window().focusWidget()
        return control.objectName() if control is not None and self.isAncestorOf(control) else ""

    def focus(self, name: str = "") -> None:
        """Focus a choice: the one of that name, or the first."""
        for each in (name, "decision_keep", "decision_again"):
            found = self.findChild(QWidget, each) if each else None
            if found is not None and found.isEnabled():
                found.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    # -- inside

    def _fill(self, column: QVBoxLayout, entry: Entry, *, busy: bool) -> None:
        operation = entry.operation
        column.addWidget(label(f"{number(operation)} · {customer(operation.seen)}", "title", wrap=True))
        sides = QHBoxLayout()
        sides.setSpacing(self._theme.space(3))
        sides.addWidget(self._mine(operation), 1)
        if operation.theirs is not None:
            sides.addWidget(self._theirs(operation.theirs), 1)
        column.addLayout(sides)
        words = [self._explanation(entry), without_it(operation) if operation.held and not entry.behind else ""]
        told = label("\n".join(filter(None, words)), "body", wrap=True)
        told.setObjectName("decision_words")
        column.addWidget(told)
        if operation.held or entry.own is Own.ELSEWHERE:
            self._choices(column, entry, busy=busy)

    def _mine(self, operation: Operation) -> QFrame:
        words = [*cash_of(operation), *filter(None, (reason(operation),))]
        return self._side("decision_mine", _("You, at {time}"), operation.created_at, did(operation), words)

    def _theirs(self, order: Order) -> QFrame:
        words = [payment_label(order.payment, order.tender), *filter(None, (refund_label(order), order.reason))]
        return self._side(
            "decision_theirs", _("The server, since {time}"), order.updated_at, status_label(order.status), words
        )

    def _side(self, name: str, title: str, at: datetime, what: str, words: list[str]) -> QFrame:
        frame, column = panel("card")
        frame.setObjectName(name)
        margin = self._theme.space(3)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(self._theme.space(1))
        column.addWidget(label(title.format(time=time_of_day(at, self._now())), "small", wrap=True))
        column.addWidget(label(what, "strong", wrap=True))
        for each in words:
            column.addWidget(label(each, "muted", wrap=True))
        column.addStretch(1)
        return frame

    def _explanation(self, entry: Entry) -> str:
        operation = entry.operation
        if entry.behind:
            return _("It goes out once the change above it, of the same order, is decided about.")
        if entry.own is Own.CONFLICT:
            if words := done_by_another(operation):
                return words
            words = _("The order was changed elsewhere before this arrived. It is as it was; you choose.")
            return words if again(operation) else words + " " + _("What you did is not possible any more.")
        if entry.own is Own.PARKED:
            return _("The server did not accept it: {problem}").format(problem=_(operation.problem))
        if entry.own is Own.ELSEWHERE:
            return _(
                "It is for {shop}, and safe here. It goes out once this POS is paired with that shop again."
            ).format(shop=operation.shop_name or _("another shop"))
        words = " ".join(filter(None, (_("It is safe on this POS, and goes out by itself."), allowed_here(operation))))
        if operation.problem:
            words += " " + _("The last try failed: {problem}").format(problem=_(operation.problem))
        return words

    def _choices(self, column: QVBoxLayout, entry: Entry, *, busy: bool) -> None:
        conflict = entry.own is Own.CONFLICT
        keep = button(
            _("Keep the server's") if conflict else _("Give it up…"),
            self._theme,
            "primary" if conflict else "danger",
            name="decision_keep",
        )
        keep.clicked.connect(self._on_discard_pressed)
        choices = [keep]
        then = again(entry.operation) if entry.operation.held else ""
        if then:
            if conflict:
                words = _("Do it again: {what}").format(what=then)
            else:
                words = _("Give it a new number") if needs_number(entry.operation) else _("Try again")
                words = _("Ask a manager") if needs_approval(entry.operation) else words
            repeat = button(words, self._theme, "" if conflict else "primary", name="decision_again")
            repeat.clicked.connect(self._on_again_pressed)
            choices.insert(len(choices) if conflict else 0, repeat)
        for each in choices:
            each.setDisabled(busy)
            column.addWidget(each)

    @Slot()
    def _on_again_pressed(self) -> None:
        if self._entry is not None:
            self.again_wanted.emit(self._entry.operation)

    @Slot()
    def _on_discard_pressed(self) -> None:
        if self._entry is not None:
            self.discard_wanted.emit(self._entry.operation)
