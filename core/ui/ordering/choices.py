"""Large check boxes and radio buttons for an item's choices, with their surcharges."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.domain.ids import ModifierId
from core.domain.menu import Modifier, ModifierGroup
from core.ui import icons
from core.ui.text import _, figure, literal, money
from core.ui.theme import Theme
from core.ui.widgets.controls import label, restyle
from core.ui.widgets.painting import TRAILING, fitted_font, line_height, paint_card, paint_lines, wrapped

_COLUMNS = 2
_MARK = 22
_LINES = 5
"""The most of a name."""
_DIGITS = 9
"""So many choices of a group have a digit that chooses them."""
_LTR, _END = "\N{LEFT-TO-RIGHT ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
"""Around an amount with a sign, so that the sign stays before it in right-to-left text."""


def rule_text(group: ModifierGroup) -> str:
    """The rule of a group: `Choose 1`, `Choose 2 to 4`, `Up to 3`, `As many as you like`."""
    least, most = group.least, group.most
    if most is None:
        return _("Choose at least {minimum}").format(minimum=figure(least)) if least else _("As many as you like")
    if least == most:
        return _("Choose {count}").format(count=figure(least))
    if least:
        return _("Choose {minimum} to {maximum}").format(minimum=figure(least), maximum=figure(most))
    return _("Up to {maximum}").format(maximum=figure(most))


def _surcharge(price_minor: int, currency: str) -> str:
    if not price_minor:
        return ""
    sign = "+" if price_minor > 0 else "−"
    return f"{_LTR}{sign}{money(abs(price_minor), currency)}{_END}"


class _Look:
    """The look of both kinds of box: a card, a round or square mark, the name, the surcharge."""

    def __init__(self, modifier: Modifier, currency: str, theme: Theme) -> None:
        self.modifier = modifier
        self.surcharge = _surcharge(modifier.price_minor, currency)
        self.theme = theme
        self.key = ""
        """The digit that chooses it, shown in its mark; empty for none."""

    def height(self, width: int) -> int:
        """The height for a name of several lines, of the greatest length."""
        font, lines = self.name_lines(width)
        return max(self.theme.touch_px, line_height(font) * len(lines) + 2 * self.theme.space(2))

    def name_lines(self, width: int) -> tuple[QFont, tuple[str, ...]]:
        """The font and the lines of the name, in a box of `width`."""
        room = self.name_width(width)
        font = fitted_font(self.modifier.name, self.theme.font("strong", QFont.Weight.Medium), room)
        return font, wrapped(self.modifier.name, font, room, _LINES)

    def name_width(self, width: int) -> int:
        theme = self.theme
        price = QFontMetricsF(theme.font("body")).horizontalAdvance(self.surcharge)
        return round(width - theme.px(_MARK) - price - 2 * theme.space(3) - 2 * theme.space(2))

    def paint(self, box: QCheckBox | QRadioButton) -> None:
        theme = self.theme
        painter = QPainter(box)
        painter.setLayoutDirection(box.layoutDirection())
        checked = box.isChecked()
        ground = "brand_soft" if checked else "sunken" if box.isDown() else "surface"
        edge = "brand" if checked else "muted" if box.underMouse() and box.isEnabled() else "line"
        width = theme.focus_px if checked else 1
        paint_card(painter, box.rect(), theme.colour(ground), theme.colour(edge), theme, width)
        if box.hasFocus():
            self._paint_ring(painter, box.rect())
        size = theme.px(_MARK)
        mark = QRect(theme.space(3), (box.height() - size) // 2, size, size)
        self._paint_mark(painter, QRectF(_mirrored(box, mark)), checked=checked, round_=isinstance(box, QRadioButton))
        inner = QRect(mark.right() + 1 + theme.space(2), 0, self.name_width(box.width()), box.height())
        font, lines = self.name_lines(box.width())
        used = line_height(font) * len(lines)
        inner.setTop((box.height() - used) // 2)
        ink = theme.colour("text" if box.isEnabled() else "muted")
        paint_lines(painter, _mirrored(box, inner), lines, font, ink)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.colour("brand" if checked else "muted"))
        beside = box.rect().adjusted(theme.space(3), 0, -theme.space(3), 0)
        painter.drawText(beside, TRAILING, self.surcharge)
        painter.end()

    def _paint_ring(self, painter: QPainter, card: QRect) -> None:
        """Paint the focus ring: dashes in the colour of text, unlike the edge of a chosen option."""
        theme = self.theme
        pen = QPen(theme.colour("text"), theme.focus_px)
        pen.setDashPattern([3, 2])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        inset = theme.focus_px * 2
        radius = max(0, theme.radius("card") - inset)
        painter.drawRoundedRect(QRectF(card).adjusted(inset, inset, -inset, -inset), radius, radius)

    def _paint_mark(self, painter: QPainter, mark: QRectF, *, checked: bool, round_: bool) -> None:
        theme = self.theme
        radius = mark.width() / 2 if round_ else mark.width() * 0.28
        painter.setBrush(theme.colour("brand" if checked else "surface"))
        painter.setPen(QPen(theme.colour("brand" if checked else "muted"), 2))
        painter.drawRoundedRect(mark.adjusted(1, 1, -1, -1), radius, radius)
        if checked and round_:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("brand_ink"))
            painter.drawEllipse(mark.center(), mark.width() * 0.2, mark.width() * 0.2)
        elif checked:
            inset = mark.width() * 0.18
            icons.paint(painter, "check", mark.adjusted(inset, inset, -inset, -inset), theme.colour("brand_ink"))
        elif self.key:
            painter.setFont(theme.font("small", QFont.Weight.DemiBold))
            painter.setPen(theme.colour("text"))
            painter.drawText(mark, Qt.AlignmentFlag.AlignCenter, self.key)


def _mirrored(widget: QWidget, rect: QRect) -> QRect:
    return widget.style().visualRect(widget.layoutDirection(), widget.rect(), rect)


class _Painted:
    """The common part of both kinds of box as widgets. Method names are Qt's, to override them."""

    look: _Look

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        assert isinstance(self, QCheckBox | QRadioButton)
        self.look.paint(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space chooses. Everything else is for the panel around it."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select):
            super().keyPressEvent(event)  # type: ignore[misc]
        else:
            event.ignore()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        return self.look.height(width)

    def hitButton(self, _point: QPoint) -> bool:  # noqa: N802
        return True

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.look.theme.px(180), self.look.theme.touch_px)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.look.theme.px(120), self.look.theme.touch_px)


class _Several(_Painted, QCheckBox):
    """One of several that may be taken."""

    def __init__(self, look: _Look) -> None:
        super().__init__(literal(look.modifier.name))
        self.look = look


class _OneOf(_Painted, QRadioButton):
    """One of which only one is taken. Exclusive by its group, which may also clear it."""

    def __init__(self, look: _Look) -> None:
        super().__init__(literal(look.modifier.name))
        self.setAutoExclusive(False)
        self.look = look


class ChoiceGroup(QFrame):
    """The choices of one group, and whether they are complete."""

    changed = Signal()

    def __init__(self, group: ModifierGroup, currency: str, theme: Theme, chosen: frozenset[ModifierId]) -> None:
        super().__init__()
        self.setObjectName(f"group_{group.id}")
        self.group = group
        self._theme = theme
        self._boxes: list[_Several | _OneOf] = []
        self._state = label(role="small")
        self._complaining = False
        head = QHBoxLayout()
        head.addWidget(label(group.name, "strong", wrap=True), 1)
        head.addWidget(self._state)
        grid = QGridLayout()
        grid.setSpacing(theme.space(2))
        for at, modifier in enumerate(group.modifiers):
            look = _Look(modifier, currency, theme)
            box = _OneOf(look) if group.most == 1 else _Several(look)
            box.setObjectName(f"choice_{modifier.id}")
            box.setAccessibleName(f"{group.name}: {modifier.name} {look.surcharge}".strip())
            box.setChecked(modifier.id in chosen)
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
            box.setSizePolicy(policy)
            box.clicked.connect(self._on_box_clicked)
            self._boxes.append(box)
            grid.addWidget(box, at // _COLUMNS, at % _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, theme.space(3))
        column_.setSpacing(theme.space(2))
        column_.addLayout(head)
        column_.addLayout(grid)
        self._update_state()

    @property
    def chosen(self) -> tuple[ModifierId, ...]:
        return tuple(box.look.modifier.id for box in self._boxes if box.isChecked())

    @property
    def complete(self) -> bool:
        count = len(self.chosen)
        return self.group.least <= count and (self.group.most is None or count <= self.group.most)

    def complain(self) -> None:
        """Mark the missing choice in red, and focus it."""
        self._complaining = True
        self._update_state()
        self.focus()

    def focus(self) -> None:
        """Focus what is chosen of one, else the first choice."""
        if self._boxes:
            (self.one or self._boxes[0]).setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def one(self) -> QAbstractButton | None:
        """The chosen option where only one can be."""
        return next((box for box in self._boxes if box.isChecked()), None) if self.group.most == 1 else None

    def lead_to(self, box: QAbstractButton) -> None:
        """An arrow leads to `box` from another of the group: as radio buttons do, it chooses where there is one choice
        at all times. Where there may be none, and is none, it does not."""
        box.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.group.most == 1 and (self.group.least or self.one is not None) and not box.isChecked():
            box.click()

    @property
    def boxes(self) -> Sequence[QAbstractButton]:
        return self._boxes

    def choose(self, digit: int) -> bool:
        """Press the choice of that digit, from 1. False: there is none, or it cannot be chosen."""
        box = self._boxes[digit - 1] if 1 <= digit <= min(len(self._boxes), _DIGITS) else None
        if box is None or not box.isEnabled():
            return False
        box.setFocus(Qt.FocusReason.OtherFocusReason)
        box.click()
        return True

    def show_digits(self, *, shown: bool) -> None:
        """Show, or hide, the digits that choose."""
        for at, box in enumerate(self._boxes[:_DIGITS], start=1):
            box.look.key = figure(at) if shown else ""
            box.update()

    @Slot()
    def _on_box_clicked(self) -> None:
        box = self.sender()
        if self.group.most == 1:
            for other in self._boxes:
                if other is not box:
                    other.setChecked(False)
                elif self.group.least == 1:
                    other.setChecked(True)
        self._update_state()
        self.changed.emit()

    def _update_state(self) -> None:
        full = self.group.most not in (None, 1) and len(self.chosen) >= (self.group.most or 0)
        one = self.one
        for box in self._boxes:
            box.setEnabled(box.isChecked() or not full)
            is_stop = one is None or box is one
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_stop else Qt.FocusPolicy.ClickFocus)
        missing = self._complaining and not self.complete
        mark = "▲ " if missing else "✓ " if self.complete and self.group.least else ""
        self._state.setText(mark + rule_text(self.group))
        restyle(self._state, role="error" if missing else "small")
