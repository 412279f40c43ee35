"""A refused operation: the customer's change, the shop's order, and the choice between them."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.client.operations import Kind, Operation, State
from core.domain.people import Role
from core.domain.status import Move, target_of
from core.ui.text import _, clock, money, status_label
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label
from core.ui.widgets.pair import Pair


class Decision(QFrame):
    """Shown while an operation of the order waits for its customer. Nothing is forced: one button discards it, the
    other sends it again."""

    given_up = Signal()
    asked_again = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("decision")
        self.setProperty("role", "notice")
        self.setProperty("tone", "error")
        self._title = label(role="strong", wrap=True)
        self._title.setObjectName("decision_title")
        self._words = label(wrap=True)
        self._words.setObjectName("decision_words")
        self._again = button("", theme, name="decision_again")
        self._again.clicked.connect(self.asked_again)
        self._give_up = button("", theme, "primary", name="decision_give_up")
        self._give_up.clicked.connect(self.given_up)
        again = QWidget()
        row = QHBoxLayout(again)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._again)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(4), theme.space(3), theme.space(4), theme.space(3))
        column.setSpacing(theme.space(2))
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addWidget(Pair(theme, again, self._give_up))
        self.hide()

    def show_operation(self, held: Operation | None, *, busy: bool) -> None:
        """Ask about `held`; None hides it."""
        self.setHidden(held is None)
        if held is None:
            return
        title, words, give_up, again = _asked(held)
        self._title.setText(title)
        self._words.setText(words)
        self._give_up.setText(give_up)
        self._again.setText(again)
        self._again.setHidden(not again)
        self.setAccessibleName(f"{title}. {words}")
        for each in (self._again, self._give_up):
            each.setDisabled(busy)

    @Slot()
    def focus(self) -> None:
        self._give_up.setFocus()


def _asked(held: Operation) -> tuple[str, str, str, str]:
    """Title, text, and the two buttons' labels; the second is empty where repeating is useless."""
    seen, theirs = held.seen, held.theirs
    if held.kind is Kind.PLACE:
        if theirs is not None:
            before, amount = money(seen.total_minor, seen.currency), money(theirs.total_minor, theirs.currency)
            words = _("It costs {amount} now, not {before}. Nothing has been ordered.")
            words = words.format(amount=amount, before=before)
            return _("The price has changed"), words, _("Remove it"), _("Order it · {amount}").format(amount=amount)
        words = _("The shop says: {problem} Nothing has been ordered.").format(problem=_(held.problem))
        return _("This order was not accepted"), words, _("Remove it"), _("Send it again")
    if held.kind is Kind.ASK_CHANGE:
        words = _("The shop says: {problem} The order stays as it is.").format(problem=_(held.problem))
        return _("Your change could not be asked for"), words, _("Leave it as it is"), ""
    title, keep = _("It could not be cancelled"), _("Keep order")
    if held.state is State.PARKED or theirs is None:
        return title, _("The shop says: {problem}").format(problem=_(held.problem)), keep, _("Cancel order")
    words = _("You wanted to cancel it. The shop has it as “{status}” since {time}.").format(
        status=status_label(theirs.status), time=clock(theirs.updated_at)
    )
    if target_of(theirs.status, Move.CANCEL, theirs.fulfilment, Role.CUSTOMER) is None:
        return title, _("{words} Please ask at the counter if you do not want it.").format(words=words), keep, ""
    return title, words, keep, _("Cancel order")
