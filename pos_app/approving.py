"""Asks a manager at this POS to allow what the cashier's role may not do."""

import threading
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QRegularExpression, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, NoRight, Refused
from core.client.sync.engine import ConnectionState
from core.domain.acts import Act, Need, Unit
from core.domain.rights import ACTS
from core.protocol.rights import ENROL_LEAST
from core.ui.jobs import Job
from core.ui.text import _, error_text, money, percentage
from core.ui.threads import Channel
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.digits_validator import DigitsValidator
from core.ui.widgets.number_pad import beside_pad
from core.ui.widgets.overlay import PanelDialog
from pos_app.context import PosContext

_PIN_MOST = 10
_NAMES_MOST = 6
_ONLINE = (ConnectionState.LIVE, ConnectionState.POLLING)


class Question:
    """One that a worker waits for."""

    def __init__(self, lacking: NoRight) -> None:
        self.lacking = lacking
        self.approval = ""
        self._answered = threading.Event()

    def answer(self, approval: str) -> None:
        self.approval = approval
        self._answered.set()

    def wait(self) -> str:
        self._answered.wait()
        return self.approval


def _approval_of(send: Callable[[Question], None], lacking: NoRight) -> str:
    """The approval of somebody who may; empty when nobody has allowed it. Blocks: never in the window's thread. Workers
    hold it, so it holds no Qt object."""
    question = Question(lacking)
    send(question)
    return question.wait()


class Approving(QObject):
    """Asks for as long as it is open: workers ask by the session's API, one at a time or several."""

    def __init__(self, context: PosContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._asked: dict[Question, ApprovalDialog] = {}
        self._closed = False
        context.api.allow = partial(_approval_of, Channel(self._on_asked).send)

    def close(self) -> None:
        """Nobody is asked any more: whoever waits is told that it was not allowed."""
        self._closed = True
        for dialog in list(self._asked.values()):
            dialog.reject()

    def _on_asked(self, question: Question) -> None:
        if self._closed:
            question.answer("")
            return
        dialog = self._asked[question] = ApprovalDialog(self._context, question.lacking, self._window)
        dialog.finished.connect(partial(self._on_finished, question))
        dialog.open()

    def _on_finished(self, question: Question, _result: int) -> None:
        question.answer(self._asked.pop(question).approval)


class ApprovalDialog(PanelDialog):
    """A manager's name and PIN. Once it is accepted, `approval` is what was given."""

    def __init__(self, context: PosContext, lacking: NoRight, parent: QWidget) -> None:
        super().__init__(context.theme, parent)
        theme = context.theme
        self._context = context
        self._lacking = lacking
        self._job: Job | None = None
        self.approval = ""
        self.setObjectName("approval_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Ask a manager"))
        self.setMinimumWidth(theme.px(440))
        asked = QWidget()
        column = QVBoxLayout(asked)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        menu = context.bridge.menu
        for need in lacking.needs:
            what = label(need_text(need, menu.currency if menu is not None else ""), "strong", wrap=True)
            what.setObjectName("approval_need")
            column.addWidget(what)
        column.addWidget(label(_("It is allowed once. The history keeps both names."), "muted", wrap=True))
        self._name = QLineEdit()
        self._name.setObjectName("approval_name")
        self._name.setMaxLength(80)
        self._name.setPlaceholderText(_("Manager's name"))
        self._name.setAccessibleName(_("Manager's name"))
        self._managers = QWidget()
        self._managers.setObjectName("approval_managers")
        self._managers.hide()
        self._pin = QLineEdit()
        self._pin.setObjectName("approval_pin")
        self._pin.setEchoMode(QLineEdit.EchoMode.Password)
        self._pin.setPlaceholderText(_("PIN"))
        self._pin.setAccessibleName(_("PIN"))
        self._pin.setMaxLength(_PIN_MOST)
        self._pin.setValidator(DigitsValidator(QRegularExpression(f"[0-9]{{0,{_PIN_MOST}}}"), self._pin))
        self._error = label("", "error", wrap=True)
        self._error.setObjectName("approval_error")
        self._error.hide()
        back = button(_("Back"), theme, name="approval_back")
        back.setAutoDefault(False)
        back.clicked.connect(self.reject)
        self._give = button(_("Allow it"), theme, "primary", name="approval_give")
        self._give.setAutoDefault(False)
        self._give.clicked.connect(self._on_given)
        column.addWidget(self._managers)
        for field in (self._name, self._pin):
            field.textChanged.connect(self._show)
            column.addWidget(field)
        self._name.returnPressed.connect(self._pin.setFocus)
        self._pin.returnPressed.connect(self._on_given)
        self._enrol = button(_("Enrol here, for when the server is away"), theme, name="approval_enrol")
        self._enrol.setCheckable(True)
        self._enrol.setAutoDefault(False)
        self._enrol.setVisible(context.bridge.sync_status.state in _ONLINE)
        column.addWidget(self._enrol)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        margin = theme.space(5)
        whole.setContentsMargins(margin, margin, margin, margin)
        whole.setSpacing(theme.space(3))
        whole.addWidget(label(_("A manager has to allow this"), "title", wrap=True))
        whole.addWidget(beside_pad(theme, asked, self._pin), 1)
        whole.addWidget(self._error)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        row.addWidget(back, 1)
        row.addWidget(self._give, 1)
        whole.addLayout(row)
        fit_before(self, parent)
        self._show()
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        self._asked = context.jobs.ask(partial(context.api.approvers, lacking), self._on_managers_found, _ignore)

    def _on_managers_found(self, names: tuple[str, ...]) -> None:
        """A key for each who may; more than fit are typed, as admins are."""
        if not names:
            return
        column = QVBoxLayout(self._managers)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self._context.theme.space(2))
        for name in names[:_NAMES_MOST]:
            key = button(name, self._context.theme, name="approval_manager")
            key.setAutoDefault(False)
            key.clicked.connect(partial(self._on_manager_chosen, name))
            column.addWidget(key)
        self._managers.show()
        fit_before(self, self.parentWidget())

    def _on_manager_chosen(self, name: str, _checked: bool = False) -> None:
        self._name.setText(name)
        self._pin.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def done(self, result: int) -> None:
        for job in (self._asked, self._job):
            if job is not None:
                job.cancel()
        super().done(result)

    @Slot()
    def _show(self) -> None:
        self._give.setEnabled(self._job is None and bool(self._name.text().strip() and self._pin.text()))
        self._enrol.setEnabled(len(self._pin.text()) >= ENROL_LEAST)

    @Slot()
    def _on_given(self) -> None:
        if not self._give.isEnabled():
            return
        self._error.hide()
        self._job = self._context.jobs.run(
            partial(
                self._context.api.approve,
                self._lacking,
                self._name.text().strip(),
                self._pin.text(),
                enrol=self._enrol.isChecked() and self._enrol.isEnabled(),
            ),
            self._on_allowed,
            self._on_failed,
        )
        self._show()

    def _on_allowed(self, approval: str) -> None:
        self._job = None
        self.approval = approval
        self.accept()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self._pin.clear()
        told = error_text(error)
        if isinstance(error, NoRight):
            enrols = any(need.act is Act.ALLOW_OFFLINE for need in error.needs)
            told = _("Their role may not enrol.") if enrols else _("They may not do this either.")
        self._error.setText(told)
        self._error.show()
        wrong = isinstance(error, Refused) and error.field == "pin"
        (self._pin if wrong else self._name).setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()


def _ignore(_error: ClientError) -> None:
    """Their names can be typed."""


def need_text(need: Need, currency: str) -> str:
    """The needed right in words, with its amount."""
    what, unit = _(need.act.label), ACTS[need.act].unit if need.act in ACTS else None
    if not need.size or unit is None:
        return what
    size = percentage(need.size) if unit is Unit.PERCENT else money(need.size, currency)
    return f"{what} · {size}"
