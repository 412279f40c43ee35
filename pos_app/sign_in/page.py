"""The sign-in page of the till: a name, a PIN, and large keys."""

from PySide6.QtCore import QEvent, QObject, QRegularExpression, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core import clock
from core.client.errors import ClientError, SignedOut, TooManyAttempts, Unpaired
from core.domain.digits import ascii_digits
from core.ui.text import _, error_explanation, ngettext, stopwatch
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import button, keep_room, label, panel, restyle
from core.ui.widgets.digits_validator import DigitsValidator
from core.ui.widgets.scroll import VerticalScroll
from pos_app.sign_in.keys import DIGITS, LETTERS, Keys
from pos_app.sign_in.presenter import SignIn

_NAME = "person"
_MOST_NAMES = 4
_WIDTH = 380.0
_ASK_AGAIN_S = 20.0


class SignInPage(QWidget):
    """Signs in by `SignIn`. The fields are cleared after an answer."""

    pairing_wanted = Signal()

    def __init__(self, theme: Theme, sign_in: SignIn, device: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._theme = theme
        self._sign_in = sign_in
        self._title = label(role="hero")
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._reason = label(role="muted", wrap=True)
        self._reason.setObjectName("sign_in_reason")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._new = label(role="strong")
        self._new.setObjectName("sign_in_new")
        self._new.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._new.hide()
        self.connection = ConnectionChip()
        """How things stand and how old they are, behind the lock."""
        self._people = QHBoxLayout()
        self._people.setSpacing(theme.space(2))
        self._group = QButtonGroup(self)
        self._name = QLineEdit()
        self._name.setObjectName("staff_name")
        self._name.setPlaceholderText(_("Your name"))
        self._name.setAccessibleName(_("Your name"))
        self._name.setMaxLength(80)
        self._name.returnPressed.connect(self._on_name_entered)
        self._name.textChanged.connect(self._on_changed)
        self._name.textEdited.connect(self._on_name_edited)
        self._pin = QLineEdit()
        self._pin.setObjectName("pin")
        self._pin.setEchoMode(QLineEdit.EchoMode.Password)
        self._pin.setPlaceholderText(_("PIN"))
        self._pin.setAccessibleName(_("PIN"))
        self._pin.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._pin.setMaxLength(10)
        self._pin.setValidator(DigitsValidator(QRegularExpression("[0-9]{0,10}"), self._pin))
        self._pin.returnPressed.connect(self._on_submitted)
        self._pin.textChanged.connect(self._on_changed)
        self._keys = Keys(theme)
        self._keys.typed.connect(self._on_key_typed)
        self._keys.deleted.connect(self._on_key_deleted)
        self._keys.cleared.connect(self._pin.clear)
        self._keys.pin_wanted.connect(self._on_name_entered)
        self._error = label(role="error", wrap=True)
        self._error.setObjectName("sign_in_error")
        self._error.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        keep_room(self._error, theme.lines_px(3))
        self._enter = button(_("Sign in"), theme, "primary", name="sign_in")
        self._enter.clicked.connect(self._on_submitted)
        self._pairing = button("", theme, "quiet", name="pair_till")
        self._pairing.clicked.connect(self._on_pairing_pressed)
        self._pairing.hide()
        self.pairing_chosen = False
        """Pairing was requested."""
        self._again = False
        self._until_s: dict[str, float] = {}
        """Until when the server refuses PINs for this name, by `core.clock`."""
        self._refused_s: dict[str, float] = {}
        """When it last refused, by `core.clock`. An admin may have unlocked it since, so a retry is allowed."""
        self._counting = False
        self._second = QTimer(self)
        self._second.setSingleShot(True)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._on_typed)
        self._lay_out(device)
        for field in (self._name, self._pin):
            field.installEventFilter(self)
        sign_in.started.connect(self._on_started)
        sign_in.signed_in.connect(self._on_signed_in)
        sign_in.refused.connect(self._on_refused)
        sign_in.given_up.connect(self._on_given_up)
        self.ask()

    def ask(self, name: str = "", reason: str = "", title: str = "") -> None:
        """Reset: for anybody, or with `name` chosen; `reason` is why this page is shown. With a `title` a session goes
        on behind it."""
        self._title.setText(title or _("Sign in"))
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        self.connection.setVisible(bool(title))
        self._error.hide()
        self._pin.clear()
        self._name.setText(name)
        self._show_people()
        self._on_typed()
        self._focus()

    def offer_pairing(self, *, again: bool) -> None:
        """Offer to pair this machine. A paired one may have been revoked."""
        self._again = again
        self._pairing.setText(_("Pair this POS again") if again else _("Pair this POS"))
        self._pairing.show()

    def _lay_out(self, device: str) -> None:
        """Lay out the fields above the keys, or beside them where the window is too low for the text size."""
        theme = self._theme
        device_label = label(device, "muted")
        device_label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        asked = self._asked = QVBoxLayout()
        asked.setSpacing(theme.space(3))
        asked.addStretch(1)
        for words in (self._title, device_label, self._reason, self._new):
            asked.addWidget(words)
        asked.addWidget(self.connection, 0, Qt.AlignmentFlag.AlignHCenter)
        asked.addLayout(self._people)
        for field in (self._name, self._pin):
            asked.addWidget(field)
        asked.addStretch(1)
        pressed = self._pressed = QVBoxLayout()
        pressed.setSpacing(theme.space(3))
        pressed.addStretch(1)
        for part in (self._keys, self._error, self._enter, self._pairing):
            pressed.addWidget(part)
        pressed.addStretch(1)
        self._frame, inside = panel()
        margin = theme.space(6)
        inside.setContentsMargins(margin, margin, margin, margin)
        self._both = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._both.setSpacing(theme.space(3))
        for half in (asked, pressed):  # not aligned: words that are wrapped would get the height of one row
            self._both.addLayout(half, 1)
        inside.addLayout(self._both)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        middle = QHBoxLayout()  # An alignment would give the frame the height of words that are not wrapped.
        middle.addStretch(1)
        middle.addWidget(self._frame)
        middle.addStretch(1)
        inner.addStretch(1)
        inner.addLayout(middle)
        inner.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(VerticalScroll(content))

    def _fold(self) -> None:
        edges, width = 2 * self._theme.space(6), self._theme.px(_WIDTH)
        halves = (self._asked, self._pressed)
        parts = sum(max(half.sizeHint().height(), half.heightForWidth(width - edges)) for half in halves)
        low = parts + self._both.spacing() + edges > self.height()
        directions = QBoxLayout.Direction
        self._both.setDirection(directions.LeftToRight if low else directions.TopToBottom)
        self._frame.setFixedWidth(min(self.width(), width * (2 if low else 1)))

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    @override
    def minimumSizeHint(self) -> QSize:
        """None in height: the page scrolls."""
        return QSize(self._theme.px(_WIDTH), self._theme.px(_WIDTH))

    @Slot(int)
    def set_new(self, count: int) -> None:
        """Show how many orders came in meanwhile."""
        self._new.setText(ngettext("{count} new order", "{count} new orders", count))
        self._new.setVisible(count > 0)

    @property
    def _who(self) -> str:
        return self._name.text().strip().casefold()

    @property
    def _wait_s(self) -> float:
        """The wait of the chosen name after too many wrong PINs. Others may sign in."""
        return max(0.0, self._until_s.get(self._who, 0.0) - clock.now_s())

    @property
    def _may_ask(self) -> bool:
        return not self._wait_s or clock.now_s() - self._refused_s.get(self._who, 0.0) >= _ASK_AGAIN_S

    def _show_people(self) -> None:
        """A button for everybody who signed in here before; others type their name."""
        for old in self._group.buttons():
            self._group.removeButton(old)
            self._people.removeWidget(old)
            old.hide()
            old.deleteLater()
        for name in self._sign_in.names[:_MOST_NAMES]:
            person = button(name, self._theme, "tab", name=f"person_{name}")
            person.setProperty(_NAME, name)
            person.setCheckable(True)
            person.setChecked(name == self._name.text())
            person.clicked.connect(self._on_person_chosen)
            self._group.addButton(person)
            self._people.addWidget(person)

    def _focus(self) -> None:
        (self._pin if self._name.text().strip() else self._name).setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_person_chosen(self) -> None:
        chosen = self._group.checkedButton()
        if chosen is not None:
            self._name.setText(str(chosen.property(_NAME)))
            self._pin.clear()
            self._focus()

    @property
    def _naming(self) -> bool:
        """Whether the keys on the screen type into the name."""
        return self._keys.currentIndex() != DIGITS

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show letters when the name gets the focus by a person, or when no earlier sign-in is known; digits for the
        PIN."""
        if event.type() is QEvent.Type.FocusIn and isinstance(event, QFocusEvent):
            went = event.reason() is not Qt.FocusReason.OtherFocusReason or not self._sign_in.names
            if watched is self._name and went and not self._naming:
                self._keys.setCurrentIndex(LETTERS)
            elif watched is self._pin:
                self._keys.setCurrentIndex(DIGITS)
        return super().eventFilter(watched, event)

    @Slot(str)
    def _on_key_typed(self, sign: str) -> None:
        if self._naming:
            begun = self._name.text()
            within = bool(begun) and not begun.endswith(" ")
            self._name.setText(begun + (sign.lower() if within else sign))
        elif self._pin.isEnabled() and len(self._pin.text()) < self._pin.maxLength():
            self._pin.setText(self._pin.text() + sign)

    @Slot()
    def _on_key_deleted(self) -> None:
        field = self._name if self._naming else self._pin
        field.setText(field.text()[:-1])

    @Slot()
    def _on_name_entered(self) -> None:
        self._pin.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(str)
    def _on_name_edited(self, typed: str) -> None:
        """Move a name of digits alone to the PIN: it was typed into the wrong field. Somebody with a keyboard needs no
        letters on the screen."""
        self._keys.setCurrentIndex(DIGITS)
        if typed.isdecimal():
            self._name.clear()
            self._pin.setText(self._pin.text() + ascii_digits(typed))
            self._pin.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_changed(self) -> None:
        """The person may have changed, so a sign-in in progress is aborted."""
        self._sign_in.give_up()
        self._on_typed()

    @Slot()
    def _on_typed(self) -> None:
        wait_s = self._wait_s
        ready = bool(self._who) and len(self._pin.text()) >= 4
        self._enter.setEnabled(ready and not self._sign_in.running and self._may_ask)
        self._pin.setDisabled(not self._may_ask)
        if self._pin.text() and self._pin.property("invalid"):
            restyle(self._pin, invalid=False)
            self._error.hide()
        if wait_s:
            told = _("Too many wrong PINs. Try again in {time}, or ask an admin to unlock it.")
            self._error.setText(told.format(time=stopwatch(wait_s + 0.999)))
            self._error.show()
            if self.isVisible():
                self._second.start()
        elif self._counting:
            self._error.hide()
        self._counting = wait_s > 0

    @Slot()
    def _on_submitted(self) -> None:
        if self._enter.isEnabled():
            self._sign_in.submit(self._name.text(), self._pin.text())
        elif not self._who:
            self._error.setText(_("Type or choose your name, then sign in."))
            self._error.show()
            self._name.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_pairing_pressed(self) -> None:
        self.pairing_chosen = True
        self.pairing_wanted.emit()

    @Slot()
    def _on_started(self) -> None:
        if self._enter.hasFocus():  # or Qt gives it to another button, which the next Enter would press
            self._pin.setFocus(Qt.FocusReason.OtherFocusReason)
        self._enter.setEnabled(False)
        self._enter.setText(_("Signing in…"))

    @Slot()
    def _on_given_up(self) -> None:
        self._enter.setText(_("Sign in"))

    @Slot(object)
    def _on_signed_in(self, _tokens: object) -> None:
        self._enter.setText(_("Sign in"))
        self._pin.clear()
        self._name.clear()

    @Slot(object)
    def _on_refused(self, error: ClientError) -> None:
        self._enter.setText(_("Sign in"))
        self._pin.clear()
        words = error_explanation(error)
        if isinstance(error, SignedOut) and self._again:  # the server does not reveal which of them is wrong
            words += "\n" + _("If this POS was revoked, pair it again.")
        self._error.setText(words)
        self._error.show()
        unpaired = isinstance(error, Unpaired)
        restyle(self._pin, invalid=not unpaired)
        if isinstance(error, TooManyAttempts):
            self._refused_s[self._who] = clock.now_s()
            self._until_s[self._who] = clock.now_s() + error.retry_after_s
        self._on_typed()
        (self._pairing if unpaired else self._pin).setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_typed()
        self._focus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._second.stop()
        super().hideEvent(event)
