"""One input of a form, with its name above."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle


class Field(QWidget):
    """A line edit with a label. A secret one has a button that reveals it. The form places its error."""

    submitted = Signal()
    """Enter was pressed in it."""

    def __init__(
        self,
        name: str,
        caption: str,
        theme: Theme,
        *,
        max_length: int,
        secret: bool = False,
        hints: Qt.InputMethodHint = Qt.InputMethodHint.ImhNone,
    ) -> None:
        super().__init__()
        caption_label = label(caption, "strong")
        self.input = QLineEdit()
        self.input.setObjectName(name)
        self.input.setAccessibleName(caption)
        self.input.setMaxLength(max_length)
        self.input.setInputMethodHints(hints)
        self.input.returnPressed.connect(self.submitted)
        self.input.textEdited.connect(self._on_text_edited)
        caption_label.setBuddy(self.input)
        self.error_label = label(role="error", wrap=True)
        self.error_label.setObjectName(f"{name}_error")
        self.error_label.hide()
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        row.addWidget(self.input, 1)
        self._secret = secret
        self._show = button(_("Show"), theme, "quiet", name=f"{name}_show") if secret else None
        if self._show is not None:
            self._show.setCheckable(True)
            self._show.toggled.connect(self._on_show_toggled)
            row.addWidget(self._show)
            self._on_show_toggled(shown=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addWidget(caption_label)
        column.addLayout(row)

    @property
    def text(self) -> str:
        return self.input.text()

    @property
    def error(self) -> str:
        """The shown error; empty for none."""
        return self.error_label.text()

    def set_error(self, sentence: str) -> None:
        self.error_label.setText(sentence)
        self.error_label.setVisible(bool(sentence))
        self.input.setAccessibleDescription(sentence)
        if bool(self.input.property("invalid")) != bool(sentence):
            restyle(self.input, invalid=bool(sentence))

    def clear(self) -> None:
        self.input.clear()
        self.set_error("")
        if self._show is not None:
            self._show.setChecked(False)

    @Slot(str)
    def _on_text_edited(self, _text: str) -> None:
        self.set_error("")

    @Slot(bool)
    def _on_show_toggled(self, shown: bool) -> None:
        assert self._show is not None
        self.input.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._show.setText(_("Hide") if shown else _("Show"))
        self._show.setAccessibleName(_("Hide the password") if shown else _("Show the password"))
