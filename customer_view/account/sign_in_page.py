"""The page to sign in or sign up."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, Conflict, Unreachable
from core.protocol.requests import PHONE_LENGTH
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.notice import Notice
from core.ui.widgets.strip import Strip
from customer_view.account.field import Field
from customer_view.account.presenter import Account
from customer_view.words import AT_THE_COUNTER, for_customer

_WIDTH = 460.0
_LARGER = 1.5
_LARGEST = 200


class _Form(QWidget):
    """Fields and the button that sends them."""

    submitted = Signal()
    edited = Signal()

    def __init__(self, fields: Mapping[str, Field], submit: QPushButton, theme: Theme) -> None:
        super().__init__()
        self.fields = fields
        self.submit = submit
        self._words = submit.text()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        for field in fields.values():
            column.addWidget(field)
            field.submitted.connect(self._on_submitted)
            field.input.textEdited.connect(self.edited)
        column.addSpacing(theme.space(2))
        column.addWidget(submit)
        submit.clicked.connect(self._on_submitted)

    @Slot()
    def _on_submitted(self) -> None:
        for field in self.fields.values():
            field.set_error("")
        self.submitted.emit()

    def text(self, name: str) -> str:
        return self.fields[name].text

    def set_busy(self, *, busy: bool, trying: bool) -> None:
        self.submit.setDisabled(busy)
        self.submit.setText(_("Signing in…") if trying else self._words)

    def blame(self, error: ClientError) -> bool:
        """Show the error at its field, and focus that. False: it is about none of them."""
        field = self.fields.get(error.field)
        if field is None:
            return False
        field.set_error(_(error.message))
        field.input.setFocus(Qt.FocusReason.OtherFocusReason)
        field.input.selectAll()
        return True

    def clear(self) -> None:
        for field in self.fields.values():
            field.clear()


class SignInPage(QWidget):
    """Shows the state of `Account`. The window drops it, with all typed text, at sign-in."""

    def __init__(self, theme: Theme, account: Account) -> None:
        super().__init__()
        self.setObjectName("page")
        self._theme = theme
        self._plain_scale = theme.text_scale
        self._account = account
        self.notice = Notice(theme)
        self._sign_in = _sign_in_form(theme)
        self._sign_up = _sign_up_form(theme)
        self._tabs = QButtonGroup(self)
        tabs = QHBoxLayout()
        tabs.setSpacing(theme.space(2))
        for name, text, form in (
            ("tab_sign_in", _("Sign in"), self._sign_in),
            ("tab_sign_up", _("Sign up"), self._sign_up),
        ):
            tab = button(text, theme, "tab", name=name)
            tab.setCheckable(True)
            self._tabs.addButton(tab)
            tabs.addWidget(tab, 1)
            tab.toggled.connect(form.setVisible)
        self._sign_up.hide()
        self._tabs.buttons()[0].setChecked(True)
        self._tabs.buttonClicked.connect(self._on_tab_clicked)

        card, column = panel()
        self._card = card
        column.setContentsMargins(theme.space(6), theme.space(6), theme.space(6), theme.space(6))
        column.setSpacing(theme.space(4))
        column.addWidget(label(_("Welcome"), "hero"))
        column.addWidget(label(_("Sign in to order, and to see where your orders stand."), "muted", wrap=True))
        column.addLayout(tabs)
        column.addWidget(self._sign_in)
        column.addWidget(self._sign_up)
        self._cancel = button(_("Cancel"), theme, "quiet", name="sign_in_cancel")
        self._cancel.clicked.connect(account.give_up)
        column.addWidget(self._messages())
        self._larger = button(_("Larger text"), theme, name="larger_text")
        self._larger.setCheckable(True)
        self._larger.setVisible(self._plain_scale < _LARGEST)
        self._larger.toggled.connect(self._on_larger_toggled)
        theme.changed.connect(self._fit)
        self._fit()
        self._lay_out(card, theme)

        self._sign_in.submitted.connect(self._on_sign_in_submitted)
        self._sign_up.submitted.connect(self._on_sign_up_submitted)
        for form in (self._sign_in, self._sign_up):
            form.edited.connect(account.give_up)  # the person may have changed
        account.busy_changed.connect(self._on_account_busy_changed)
        account.refused.connect(self._on_account_refused)
        account.reach.failed.connect(self._on_out_of_reach)
        account.reach.succeeded.connect(self._on_reached)
        self._on_account_busy_changed(busy=account.busy)

    def clear(self) -> None:
        """Reset all fields and errors."""
        self._account.give_up()
        self._larger.setChecked(False)
        self.notice.clear()
        self._sign_in.clear()
        self._sign_up.clear()

    def _lay_out(self, card: QFrame, theme: Theme) -> None:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(theme.space(5), theme.space(5), theme.space(5), theme.space(5))
        row.addStretch(1)
        column = QVBoxLayout()
        column.addStretch(2)
        column.addWidget(card)
        column.addStretch(3)
        row.addLayout(column, 100)
        row.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(middle)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space(5), theme.space(3), theme.space(5), 0)
        head.addStretch(1)
        head.addWidget(self._larger)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(area, 1)
        strip = Strip(theme)
        strip.setMaximumWidth(theme.px(_WIDTH) * 2)
        strip.add(self.notice)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space(5), 0, theme.space(5), theme.space(2))
        foot.addStretch(1)
        foot.addWidget(strip, 100)
        foot.addStretch(1)
        whole.addLayout(foot)

    def _messages(self) -> QWidget:
        """The error, or the attempt that can be cancelled: below the buttons, in reserved room."""
        room = QWidget()
        room.setMinimumHeight(self._theme.touch_px)
        column = QVBoxLayout(room)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for form in (self._sign_in, self._sign_up):
            for field in form.fields.values():
                column.addWidget(field.error_label)
        column.addWidget(self._cancel)
        return room

    @Slot()
    def _fit(self) -> None:
        self._card.setMaximumWidth(self._theme.px(_WIDTH))

    @Slot(bool)
    def _on_larger_toggled(self, larger: bool) -> None:
        """Set larger text for the current person; the window resets it when they leave."""
        scale = min(_LARGEST, round(self._plain_scale * _LARGER)) if larger else self._plain_scale
        self._theme.choose_text_scale(scale)

    @property
    def _form(self) -> _Form:
        return self._sign_up if self._tabs.buttons()[1].isChecked() else self._sign_in

    def _go_to_first_field(self) -> None:
        next(iter(self._form.fields.values())).input.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_tab_clicked(self) -> None:
        self.notice.clear()
        self._account.give_up()
        self._go_to_first_field()

    @Slot()
    def _on_sign_in_submitted(self) -> None:
        self.notice.clear()
        self._account.sign_in(self._sign_in.text("login"), self._sign_in.text("password"))

    @Slot()
    def _on_sign_up_submitted(self) -> None:
        self.notice.clear()
        self._account.sign_up(*(self._sign_up.text(name) for name in ("name", "phone", "email", "password")))

    @Slot(bool)
    def _on_account_busy_changed(self, busy: bool) -> None:
        for form in (self._sign_in, self._sign_up):
            form.set_busy(busy=busy, trying=self._account.trying)
        self._cancel.setVisible(self._account.trying)

    @Slot(object)
    def _on_account_refused(self, error: ClientError) -> None:
        said = self._form.blame(error)
        if isinstance(error, Unreachable):
            plain = for_customer(error, AT_THE_COUNTER)
            self.notice.show_error(plain, _("Try again"), self._form.submitted.emit)
            self._account.reach.hurry()
        elif isinstance(error, Conflict) and self._form is self._sign_up:
            self.notice.show_error(error, _("Sign in instead"), self._sign_in_instead)
        elif not said:
            self.notice.show_error(error)

    @Slot(object)
    def _on_out_of_reach(self, error: ClientError) -> None:
        """Shown before anybody types. The error of an own attempt stays, with its button."""
        if isinstance(error, Unreachable) and not self.notice.text:
            self.notice.show_error(for_customer(error, AT_THE_COUNTER))

    @Slot(object)
    def _on_reached(self, _result: object) -> None:
        self.notice.end_outage()

    def _sign_in_instead(self) -> None:
        self._sign_in.fields["login"].input.setText(self._sign_up.text("phone"))
        self._tabs.buttons()[0].setChecked(True)
        self._sign_in.fields["password"].input.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._account.reach.start()
        self._go_to_first_field()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._account.reach.stop()
        super().hideEvent(event)


def _sign_in_form(theme: Theme) -> _Form:
    return _Form(
        {
            "login": Field("sign_in_login", _("Phone number or e-mail address"), theme, max_length=254),
            "password": Field("sign_in_password", _("Password"), theme, max_length=128, secret=True),
        },
        button(_("Sign in"), theme, "primary", name="sign_in_submit"),
        theme,
    )


def _sign_up_form(theme: Theme) -> _Form:
    hint = Qt.InputMethodHint
    return _Form(
        {
            "name": Field("sign_up_name", _("Name"), theme, max_length=80),
            "phone": Field(
                "sign_up_phone", _("Phone number"), theme, max_length=PHONE_LENGTH, hints=hint.ImhDialableCharactersOnly
            ),
            "email": Field(
                "sign_up_email",
                _("E-mail address (optional)"),
                theme,
                max_length=254,
                hints=hint.ImhEmailCharactersOnly,
            ),
            "password": Field(
                "sign_up_password", _("Password, 8 characters or more"), theme, max_length=128, secret=True
            ),
        },
        button(_("Sign up"), theme, "primary", name="sign_up_submit"),
        theme,
    )
