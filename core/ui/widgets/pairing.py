"""The pairing dialog: the server's address, and the code from an admin."""

import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core import printable
from core.client.device import identity
from core.client.device.identity import Identity
from core.client.errors import (
    ClientError,
    HalfACode,
    NotFound,
    OtherServer,
    Refused,
    ServerFault,
    TooManyAttempts,
    Unreachable,
    Untrusted,
)
from core.client.settings import ScreenSettings, ServerAddress
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.domain.ids import OpId, new_op_id
from core.domain.people import DeviceKind
from core.protocol.devices import CODE_LETTERS, grouped
from core.protocol.trust import SHORT
from core.settings import here
from core.ui.jobs import Jobs
from core.ui.problems import patience
from core.ui.text import _, error_explanation, error_text, figure
from core.ui.theme import Theme
from core.ui.widgets.controls import button, keep_room, label, restyle

Pair = Callable[[str, str, OpId], Identity]
"""Pairs this machine: with the server's address, the code, and a key that makes a retry harmless."""

_ROWS: Final = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM.:-")
_WIDTH: Final = 620
_CODE: Final = 215
"""The width of a whole code in its field."""


class Pairing(QObject):
    """Tries one code at a time. The same code at the same address is retried under the same key."""

    started = Signal()
    paired = Signal(object)
    """The `Identity`."""
    refused = Signal(object)
    """A `ClientError`; its `field` is the invalid input."""

    def __init__(self, jobs: Jobs, pair: Pair, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._pair = pair
        self._tried: tuple[str, str] = ("", "")
        self._key = new_op_id()
        self.running = False

    def submit(self, typed: str, code: str) -> None:
        if self.running:
            return
        tried = identity.address(typed, code), "".join(filter(str.isalnum, code)).upper()
        if len(tried[1]) not in (CODE_LETTERS, CODE_LETTERS + SHORT):
            self.refused.emit(_not_all_of_it())
            return
        if tried != self._tried:
            self._tried, self._key = tried, new_op_id()
        self.running = True
        self.started.emit()
        self._jobs.run(partial(self._pair, *tried, self._key), self._on_paired, self._on_refused)

    def _on_paired(self, known: Identity) -> None:
        self.running = False
        self.paired.emit(known)

    def _on_refused(self, error: ClientError) -> None:
        self.running = False
        self.refused.emit(_in_words(error))


def _not_all_of_it() -> Refused:
    told = _("A code has {n} letters and figures, or {m} where the server encrypts.")
    told = told.format(n=figure(CODE_LETTERS), m=figure(CODE_LETTERS + SHORT))
    return Refused(told, title=_("This is not all of a code"), field="code")


def _in_words(error: ClientError) -> ClientError:
    """The error, worded for pairing."""
    match error:
        case HalfACode():
            return _not_all_of_it()
        case Untrusted():
            return error
        case TooManyAttempts():
            return patience(error)
        case NotFound() | ServerFault() | OtherServer():
            told = _("Check the address: what answers there does not know what a code is.")
            return Refused(told, title=_("This is not the shop's server"), field="server_url")
        case Unreachable():
            told = error_text(error) + "\n" + _("Check the address, and that this machine is on the shop's network.")
            return Refused(told, title=_("Nothing answers at this address"), field="server_url")
        case _:
            return error


class PairingDialog(QDialog):
    """The pairing dialog, for keyboard and touch; `known` is this machine's identity, once it is paired."""

    refused = Signal(str)
    """Why the code was refused, as it is shown."""

    def __init__(
        self,
        theme: Theme,
        jobs: Jobs,
        pair: Pair,
        server_url: str = "",
        code: str = "",
        *,
        command: str,
        without: str = "",
    ) -> None:
        """`command` makes the code; `without` is the text of the button that continues unpaired: empty for none."""
        super().__init__()
        self.setObjectName("pairing")
        self.setWindowTitle(_("Pair this machine"))
        self.known: Identity | None = None
        self._theme = theme
        self._jobs = jobs
        self._pairing = Pairing(jobs, pair, self)
        self._address = self._field("pairing_address", _("Address of the server"), "192.168.1.5")
        self._address.setText(server_url)
        self._code = self._field("pairing_code", _("Code"), "K7QF-2M9X")
        self._code.textEdited.connect(self._on_code_edited)
        self._error = label(role="error", wrap=True)
        self._error.setObjectName("pairing_error")
        keep_room(self._error, theme.lines_px(2))
        self._error.hide()
        self._pair = button(_("Pair"), theme, "primary", name="pairing_pair")
        self._pair.clicked.connect(self._on_submitted)
        leave = button(without or _("Close"), theme, name="pairing_leave")
        leave.clicked.connect(self.reject)
        for each in (self._pair, leave):
            each.setAutoDefault(False)
        self._lay_out(leave, command)
        self._pairing.started.connect(self._on_started)
        self._pairing.paired.connect(self._on_paired)
        self._pairing.refused.connect(self._on_refused)
        self._code.setText(grouped("".join(filter(str.isalnum, code)).upper()))
        (self._code if server_url else self._address).setFocus(Qt.FocusReason.OtherFocusReason)

    def submit(self) -> None:
        """Press the button."""
        self._on_submitted()

    def _field(self, name: str, words: str, example: str) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName(name)
        field.setAccessibleName(words)
        field.setPlaceholderText(example)
        field.setMaxLength(200)
        field.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # addresses and codes are not mirrored
        field.returnPressed.connect(self._on_submitted)
        return field

    def _lay_out(self, leave: QPushButton, command: str) -> None:
        theme = self._theme
        told = _("An admin makes a code on the server. It works once, for ten minutes:")
        typed = label(f"\N{LEFT-TO-RIGHT ISOLATE}{command}\N{POP DIRECTIONAL ISOLATE}", "muted", wrap=True)
        typed.setObjectName("pairing_command")
        typed.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(label(_("Pair this machine"), "hero", wrap=True))
        column.addWidget(label(told, "muted", wrap=True))
        column.addWidget(typed)
        fields = QHBoxLayout()
        fields.setSpacing(theme.space(2))
        for words, field in ((_("Address of the server"), self._address), (_("Code"), self._code)):
            fields.addWidget(self._captioned(words, field), 1)
        column.addLayout(fields)
        column.addWidget(self._keys())
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.space(2))
        buttons.addWidget(leave, 1)
        buttons.addWidget(self._pair, 1)
        area = QScrollArea()  # for big letters on a small screen
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._body)
        whole = QVBoxLayout(self)
        margin = theme.space(6)
        whole.setContentsMargins(margin, margin, margin, margin)
        whole.setSpacing(theme.space(3))
        whole.addWidget(area, 1)
        whole.addWidget(self._error)
        whole.addLayout(buttons)

    def _captioned(self, words: str, field: QLineEdit) -> QWidget:
        """The field under its caption, with the room of a whole code."""
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self._theme.space(1))
        caption = label(words, "small")
        caption.setBuddy(field)
        column.addWidget(caption)
        column.addWidget(field)
        field.setMinimumWidth(self._theme.px(_CODE))
        return both

    def _fit(self) -> None:
        """Fit the size to the content, at most to the screen."""
        room, around = self.screen().availableSize(), 2 * self._theme.space(6)
        width = min(self._theme.px(_WIDTH), room.width())
        self._body.ensurePolished()
        inside = self._body.heightForWidth(width - around)
        height = (
            inside
            + around
            + 2 * self._theme.space(3)
            + self._error.minimumHeight()
            + self._pair.sizeHint().height()
            + 2
        )
        self.resize(width, min(height, room.height()))

    def _keys(self) -> QWidget:
        """A keypad for machines without a keyboard; it types into the field that was touched last."""
        keys = QWidget()
        keys.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        grid = QGridLayout(keys)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(self._theme.space(1))
        for row, letters in enumerate(_ROWS):
            for at, letter in enumerate(letters):
                key = self._key(letter, f"pairing_key_{letter}")
                key.clicked.connect(partial(self._on_key_pressed, letter))
                grid.addWidget(key, row, at)
        back = self._key("", "pairing_key_back", "backspace")
        back.setAccessibleName(_("Delete the last letter"))
        back.clicked.connect(partial(self._on_key_pressed, ""))
        grid.addWidget(back, 2, 9)
        return keys

    def _key(self, words: str, name: str, icon: str = "") -> QPushButton:
        key = button(words, self._theme, "key", icon, name=name)
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setAutoDefault(False)
        if self._theme.text_scale > 100:  # as large as a finger, so that all of them are in sight
            restyle(key, narrow=True)
        else:
            key.setMinimumWidth(self._theme.px(44))
        return key

    def _on_key_pressed(self, letter: str) -> None:
        field = self._address if self._address.hasFocus() else self._code
        if not letter:
            field.backspace()
        else:
            field.insert(letter.lower() if field is self._address else letter)
        if field is self._code:
            self._on_code_edited()

    @Slot()
    def _on_code_edited(self) -> None:
        """Format the code in groups, as it was read out."""
        typed, at = self._code.text(), self._code.cursorPosition()
        before = sum(map(str.isalnum, typed[:at]))
        letters = "".join(filter(str.isalnum, typed)).upper()[: CODE_LETTERS + SHORT]
        shown = grouped(letters)
        if shown != typed:
            self._code.setText(shown)
            self._code.setCursorPosition(len(grouped(letters[:before])))
        self._clear_error()

    @Slot()
    def _on_submitted(self) -> None:
        empty = self._address if not self._address.text().strip() else self._code
        if not empty.text().strip():
            empty.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._pairing.submit(self._address.text(), self._code.text())

    @Slot()
    def _on_started(self) -> None:
        self._clear_error()
        self._pair.setEnabled(False)
        self._pair.setText(_("Pairing…"))

    @Slot(object)
    def _on_paired(self, known: Identity) -> None:
        self.known = known
        self.accept()

    @Slot(object)
    def _on_refused(self, error: ClientError) -> None:
        self._pair.setEnabled(True)
        self._pair.setText(_("Pair"))
        told = error_explanation(error)
        self._error.setText(told)
        self._error.show()
        self._fit()  # the keys keep their size
        field = self._address if error.field == "server_url" else self._code
        restyle(field, invalid=True)
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refused.emit(told)

    def _clear_error(self) -> None:
        self._error.hide()
        for field in (self._address, self._code):
            if field.property("invalid"):
                restyle(field, invalid=False)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._fit()
        super().showEvent(event)

    @override
    def done(self, result: int) -> None:
        self._jobs.close()
        super().done(result)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._jobs.close()
        super().closeEvent(event)


def is_offered(settings: ServerAddress, known: Identity | None) -> bool:
    """Whether to offer pairing at the start: this machine has no identity, and its server is another machine."""
    return known is None and not here.leads_here(settings.server_url)


def ask(
    theme: Theme, settings: ScreenSettings, path: Path, kind: DeviceKind, code: str = "", *, without: str = ""
) -> Identity | None:
    """Pair this machine as a `kind`, and store its identity in the window's file at `path`.

    A `code` is tried at once, and its refusal is also printed on the terminal, where it was given as an argument. None
    when the person continued without pairing. Raises `LocalStoreError`.
    """
    with closing(LocalStore(path)) as store:
        dialog = paired_into(store, theme, settings, kind, code, without=without)
        dialog.exec()
        known = dialog.known
        dialog.deleteLater()
        return known


def _show_on_terminal(told: str) -> None:
    sys.stderr.write(printable.lines(told) + "\n")


def paired_into(
    store: LocalStore,
    theme: Theme,
    settings: ScreenSettings,
    kind: DeviceKind,
    code: str = "",
    *,
    without: str = "",
) -> PairingDialog:
    """The dialog over a window's open file, not shown yet."""
    seal = Seal(store, keyring=settings.keyring)

    def pair(server_url: str, typed: str, key: OpId) -> Identity:
        return identity.pair(seal, server_url, typed, key, kind, allow_plain_http=settings.allow_plain_http)

    held = identity.read(store)
    given = settings.server_url if settings.server_url != ServerAddress().server_url else ""
    server_url = given or (held.server_url if held is not None else "")
    command = f"orderbell devices pair {held.name if held is not None else kind.example} --kind {kind.word}"
    if code and not server_url:
        server_url = settings.server_url  # a code on the command line is for the server that is set
    dialog = PairingDialog(theme, Jobs(), pair, server_url, code, command=command, without=without)
    if code:
        dialog.refused.connect(_show_on_terminal)
        dialog.submit()
    return dialog
