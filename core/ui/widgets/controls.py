"""Basic controls, each made in one call: a label with a role, a button with a kind, a rule."""

import contextlib
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QFrame,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.ui import icons
from core.ui.pace import Pace
from core.ui.text import literal, plain
from core.ui.theme import Theme


def label(text: str = "", role: str = "body", *, wrap: bool = False) -> QLabel:
    """`role` is one of the style sheet's: title, hero, strong, number, muted, small, error, body.

    The text is plain, never markup: a customer's name may be `<b>`.
    """
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setProperty("role", role)
    result.setWordWrap(wrap)
    if QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        # By itself a label follows its text: a number or a Latin name would lean to the other side.
        result.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        )
    return result


def keep_room(part: QWidget, height: int = 0) -> None:
    """Let `part` keep its room while it is hidden, at least `height` pixels, so that nothing moves when it is shown."""
    policy = part.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    part.setSizePolicy(policy)
    part.setMinimumHeight(height)


class ElidedLabel(QLabel):
    """One line that shrinks, down to `least` letters: what does not fit is elided, and shown by the tool tip."""

    def __init__(self, text: str, role: str, least: int) -> None:
        super().__init__()
        self._least = least
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Set the whole text."""
        self.setText(text)
        set_tip(self, text)

    @override
    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * self._least), hint.height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter, words)


def set_tip(widget: QWidget, text: str) -> None:
    """Set a plain tool tip, never markup."""
    widget.setToolTip(plain(text))


_pace: Final = Pace()
"""The pace of keys that are typed while a button has the focus."""


def pressed_by_enter(part: QAbstractButton, event: QKeyEvent, act: Callable[[], object] | None = None) -> bool:
    """Press a focused button, or do `act`, when `event` is Enter without modifiers; Qt does so in dialogs only, and not
    for all buttons.

    The Enter at the end of a scanned code presses nothing: the window handles it, and a dialog ignores it.
    """
    plain_keys = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or event.modifiers() not in plain_keys:
        _pace.note(event)
        return False
    if _pace.is_code(event):
        event.setAccepted(_in_dialog(part))
    elif not event.isAutoRepeat():
        (act or part.click)()
    return True


def _in_dialog(part: QWidget) -> bool:
    above: QWidget | None = part
    while above is not None and not isinstance(above, QDialog):
        above = above.parentWidget()
    return above is not None


class Button(QPushButton):
    """A push button that answers Enter as well as Space."""

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)


class OptionButton(Button):
    """A checkable button in a dialog. Enter chooses it, and never takes it back: once it is chosen, `confirmed` is
    emitted."""

    confirmed = Signal()

    def __init__(self, text: str, name: str) -> None:
        super().__init__(literal(text))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName(name)
        self.setCheckable(True)
        self.setAutoDefault(False)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not pressed_by_enter(self, event, self.confirmed.emit if self.isChecked() else None):
            super().keyPressEvent(event)


class ElidedButton(Button):
    """A button as wide as there is room: text that does not fit is elided in its middle, and shown by the tool tip."""

    def __init__(self, theme: Theme, icon: str, name: str) -> None:
        super().__init__()
        self._whole = ""
        self.setObjectName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if icon:
            set_icon(self, icon, theme)

    def set_text(self, text: str) -> None:
        """Set the whole text."""
        self._whole = text
        self.setAccessibleName(text)
        set_tip(self, text)
        self._elide()

    def _elide(self) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self).width()
        room -= (0 if self.icon().isNull() else self.iconSize().width()) + self.fontMetrics().averageCharWidth()
        self.setText(literal(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, room)))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()


def button(text: str, theme: Theme, kind: str = "", icon: str = "", *, name: str = "") -> Button:
    """A push button, at least as high as a finger. `kind`: primary, danger, quiet, tab, or plain."""
    result = Button(literal(text))
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    result.setObjectName(name)
    if kind:
        result.setProperty("kind", kind)
    if icon:
        set_icon(result, icon, theme, {"primary": "brand_ink", "danger": "danger"}.get(kind, "text"))
    return result


def set_icon(target: QPushButton, icon: str, theme: Theme, colour: str = "text") -> None:
    """Give a button an icon that follows the theme."""
    size = theme.px(18)
    gap = theme.space(1) if target.text() else 0
    target.setIconSize(QSize(size + gap, size))

    def draw() -> None:
        target.setIcon(icons.icon(icon, theme.colour(colour), size, gap, theme.colour("muted")))

    def forget() -> None:
        with contextlib.suppress(RuntimeError):  # at the end of a process the theme may be gone first
            theme.changed.disconnect(draw)

    draw()
    theme.changed.connect(draw)
    target.destroyed.connect(forget)


def set_margins(layout: QLayout, leading: int, top: int, trailing: int, bottom: int) -> None:
    """Set margins by reading direction: Qt mirrors layouts in right-to-left languages, but not their margins."""
    if QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        leading, trailing = trailing, leading
    layout.setContentsMargins(leading, top, trailing, bottom)


def fit_before(dialog: QWidget, window: QWidget | None, wished: QSize | None = None) -> None:
    """Resize a dialog to its size hint, or to `wished`, at most to the window it is in front of, of which it does not
    cover the connection chip."""
    size = wished or dialog.sizeHint()
    if window is not None:
        size = size.boundedTo(window.window().size())
    if dialog.hasHeightForWidth() and wished is None:  # its words may take more rows in that width
        size.setHeight(max(size.height(), dialog.heightForWidth(size.width())))
        if window is not None:
            size.setHeight(min(size.height(), window.window().height()))
    place = QRect(QPoint(), size)
    if window is not None:
        whole, chip = window.window(), chip_place(window.window())
        place.moveCenter(whole.rect().center())
        if place.intersects(chip):
            place.moveTop(chip.bottom() + 1)
            place.setBottom(min(place.bottom(), whole.height() - 1))
            dialog.move(whole.mapToGlobal(place.topLeft()))
    dialog.resize(place.size())


def chip_place(window: QWidget) -> QRect:
    """Where the connection chip is, if it is at the top of `window`; otherwise an empty rectangle."""
    for chip in window.findChildren(QWidget, "connection_chip"):
        place = QRect(chip.mapTo(window, QPoint()), chip.size())
        if chip.isVisible() and place.bottom() < window.height() // 4:
            return place
    return QRect()


def least_width(part: QWidget) -> int:
    """The least width of `part`, as layouts know it: its own, or what it was given."""
    return max(part.minimumSizeHint().width(), part.minimumWidth())


def panel(role: str = "panel") -> tuple[QFrame, QVBoxLayout]:
    """A frame with rounded corners (panel, card, sunken) and its column."""
    frame = QFrame()
    frame.setProperty("role", role)
    column = QVBoxLayout(frame)
    return frame, column


def filled(dialog: QDialog, theme: Theme, spacing_px: int) -> QVBoxLayout:
    """Fills a dialog with one card. Gives the card's column."""
    card, column = panel("card")
    whole = QVBoxLayout(dialog)
    whole.setContentsMargins(0, 0, 0, 0)
    whole.addWidget(card)
    edge = theme.space(6)
    column.setContentsMargins(edge, edge, edge, edge)
    column.setSpacing(spacing_px)
    return column


def rule() -> QFrame:
    """A thin line between two things."""
    line = QFrame()
    line.setProperty("role", "rule")
    return line


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet depends on, and apply it again."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
