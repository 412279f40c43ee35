"""The state of a card payment or refund: in progress, unknown, or declined."""

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from core.client.errors import ClientError
from core.client.terminals.attempt import Attempt
from core.client.terminals.driver import Word
from core.ui.text import _, error_text, money, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.overlay import PanelDialog
from core.ui.widgets.scroll import VerticalScroll
from pos_app.order.card_payments import CardPayments

_REFERENCE_LENGTH = 60


class TerminalDialog(PanelDialog):
    """Closing it ends nothing: what is not known is shown again, until it is."""

    ended = Signal(object)
    """The `Attempt`, booked or with nothing to book."""

    def __init__(
        self, theme: Theme, cards: CardPayments, words: str, attempt: Attempt | None, parent: QWidget | None = None
    ) -> None:
        """`words` say what is paid; without an `attempt` it is being begun."""
        super().__init__(theme, parent)
        self.setObjectName("terminal_dialog")
        self.setWindowTitle(window_title(_("Card terminal")))
        self.setMinimumWidth(theme.px(440))
        self._cards = cards
        self.attempt = attempt
        self._words = label(words, "hero", wrap=True)
        self._state = label("", "strong", wrap=True)
        self._state.setObjectName("terminal_state")
        self._problem = label("", "error", wrap=True)
        self._problem.setObjectName("terminal_problem")
        self._slip = QLineEdit()
        self._slip.setObjectName("terminal_slip")
        self._slip.setMaxLength(_REFERENCE_LENGTH)
        self._slip.setPlaceholderText(_("Number of the slip"))
        self._slip.setAccessibleName(_("Number of the slip"))
        self._slip.textChanged.connect(self._update)
        self._ask = button(_("Ask again"), theme, "primary", name="terminal_ask")
        self._cancel = button(_("Give it up"), theme, name="terminal_cancel")
        self._paid = button(_("The slip says done"), theme, name="terminal_done")
        self._not_paid = button(_("It was not done"), theme, name="terminal_not_done")
        self._reverse = button(_("Give it back at the terminal"), theme, "danger", name="terminal_reverse")
        back = button(_("Back"), theme, name="terminal_back")
        self._by_hand = label(_("Or read what the terminal says, and record it:"), "muted", wrap=True)
        asked = QWidget()
        inner = QVBoxLayout(asked)
        inner.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        for each in (inner, column):
            each.setSpacing(theme.space(3))
        for part in (
            *(self._words, self._state, self._problem, EvenRow(theme, self._ask, self._cancel), self._reverse),
            *(self._by_hand, self._slip, EvenRow(theme, self._paid, self._not_paid)),
        ):
            inner.addWidget(part)
        column.addWidget(VerticalScroll(asked, theme.touch_px), 1)
        column.addWidget(back)
        self._ask.clicked.connect(self._on_ask_pressed)
        self._cancel.clicked.connect(self._on_cancel_pressed)
        self._paid.clicked.connect(self._on_paid_pressed)
        self._not_paid.clicked.connect(self._on_not_paid_pressed)
        self._reverse.clicked.connect(self._on_reverse_pressed)
        back.clicked.connect(self.reject)
        cards.changed.connect(self._on_changed)
        cards.failed.connect(self._on_failed)
        self._update()
        fit_before(self, parent)

    @Slot(object)
    def _on_changed(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._problem.setText(attempt.problem)
        self._update()
        if attempt.ended and attempt.word is Word.DONE:
            self.accept()
        if attempt.ended:
            self.ended.emit(attempt)

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        self._problem.setText(error_text(error))
        self._update()

    @Slot()
    def _update(self) -> None:
        attempt, waits = self.attempt, self._cards.under_way
        unknown = attempt is not None and attempt.is_unknown and not waits
        unbooked = attempt is not None and attempt.word is Word.DONE and not attempt.ended and not waits
        self._state.setText(self._state_text())
        self._problem.setVisible(bool(self._problem.text()))
        self._ask.setVisible(unknown or unbooked)
        self._cancel.setVisible(unknown)
        for each in (self._by_hand, self._slip, self._paid, self._not_paid):
            each.setVisible(unknown)
        self._paid.setEnabled(bool(self._slip.text().strip()))
        self._reverse.setVisible(unbooked and attempt is not None and not attempt.gives_back)
        if self.isVisible():
            QTimer.singleShot(0, self, self._fit)  # once the layout knows

    def _fit(self) -> None:
        """As high as it needs now; never less high, or buttons would jump."""
        needed = self.heightForWidth(self.width()) if self.hasHeightForWidth() else 0
        if max(needed, self.sizeHint().height()) > self.height():
            fit_before(self, self.parentWidget())

    def _state_text(self) -> str:
        attempt = self.attempt
        if self._cards.under_way:
            return _("Follow the card terminal…")
        if attempt is None:
            return _("Nothing was asked of the card terminal.")
        if attempt.is_unknown:
            return _("It is not known whether the card was charged. Ask again: it will not be charged twice.")
        if attempt.word is Word.DONE:
            return _("Done") if attempt.ended else _("The terminal has done it, and it could not be booked.")
        return (
            _("Declined: nothing was charged.")
            if attempt.word is Word.DECLINED
            else _("Given up: nothing was charged.")
        )

    @Slot()
    def _on_ask_pressed(self) -> None:
        if self.attempt is not None:
            self._cards.ask(self.attempt.key)
            self._update()

    @Slot()
    def _on_cancel_pressed(self) -> None:
        if self.attempt is not None:
            self._cards.cancel(self.attempt.key)
            self._update()

    @Slot()
    def _on_paid_pressed(self) -> None:
        if self.attempt is not None:
            self._cards.record(self.attempt.key, Word.DONE, self._slip.text())
            self._update()

    @Slot()
    def _on_not_paid_pressed(self) -> None:
        if self.attempt is not None:
            self._cards.record(self.attempt.key, Word.DECLINED, "")
            self._update()

    @Slot()
    def _on_reverse_pressed(self) -> None:
        if self.attempt is not None:
            self._cards.reverse(self.attempt.key)
            self._update()


def words_of(attempt: Attempt) -> str:
    """The order and amount of an attempt: `POS1-000012 · $15.97`."""
    return f"{attempt.number} · {money(attempt.amount_minor, attempt.currency)}"
