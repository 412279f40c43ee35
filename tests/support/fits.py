"""Checks that everything in a window is visible: nothing cut off, overlapping or elided."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any, Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QFontMetrics, QFontMetricsF
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QScrollBar,
    QStackedLayout,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionFrame,
    QToolButton,
    QWidget,
)

from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import ElidedLabel
from customer_view.painted import Painted

SIZES: Final = (QSize(1024, 768), QSize(1280, 800), QSize(1920, 1080))
LANGUAGES: Final = ("en_US", "es_ES", "ar_EG")
_MORE: Final = 16
"""The pixels that a scroll area may hide without a scroll bar: a margin, and no row of text."""


_RING: Final = 4


def named(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QLabel | QAbstractButton | QLineEdit) else widget.accessibleName()
    return f"{type(widget).__name__} {widget.objectName()!r} {text[:60]!r}"


def _shown(window: QWidget) -> list[QWidget]:
    whole = window.window()
    return [each for each in window.findChildren(QWidget) if each.isVisible() and each.window() is whole]


def _is_seen(widget: QWidget) -> bool:
    """Whether a widget shows content of its own."""
    if isinstance(widget, QLabel):
        return bool(widget.text())
    kinds = QAbstractButton | QLineEdit | QComboBox | QAbstractSpinBox | Painted | QListView
    return isinstance(widget, kinds) and not isinstance(widget.parentWidget(), QAbstractSpinBox | QComboBox)


def _outside(widget: QWidget, window: QWidget) -> Iterator[str]:
    """Where a widget is cut off by an ancestor, unless that one shows a scroll bar."""
    rect, inner = widget.rect(), widget
    while inner is not window:
        outer = inner.parentWidget()
        assert outer is not None
        rect = QRect(inner.mapTo(outer, rect.topLeft()), rect.size())
        area = outer.parentWidget()
        scrolls = isinstance(area, QAbstractScrollArea) and area.viewport() is outer
        beyond_x = max(-rect.left(), rect.right() - outer.width() + 1)
        beyond_y = max(-rect.top(), rect.bottom() - outer.height() + 1)
        for beyond, along in ((beyond_x, "horizontal"), (beyond_y, "vertical")):
            if beyond <= 1:
                continue
            bar: QScrollBar | None = getattr(area, f"{along}ScrollBar")() if scrolls else None
            if bar is None or (beyond > _MORE and not bar.isVisible()):
                yield f"{beyond} px beyond {named(outer)} ({along})"
        rect = rect.intersected(outer.rect())
        if rect.isEmpty():
            return
        inner = outer


def _short(widget: QWidget) -> Iterator[str]:
    """Texts that do not fit the widget that shows them."""
    for kinds, look in _LOOKS:
        if isinstance(widget, kinds):
            yield from look(widget)
            return


def _gives_way(widget: QWidget) -> Iterator[str]:
    """Faults of a widget that may elide its text: only below its minimum size."""
    least = widget.minimumSizeHint()
    if widget.width() < least.width() or widget.height() < least.height():
        yield f"{widget.size().toTuple()} for at least {least.toTuple()}"


def _is_painted(widget: Any) -> Iterator[str]:
    high = widget.heightForWidth(widget.width())
    if high > widget.height() + 1:
        yield f"{widget.height()} px of height for {high}"


def _is_label(widget: Any) -> Iterator[str]:
    if not widget.wordWrap():
        yield from _is_plain(widget)
        return
    wide, high = widget.minimumSizeHint().width(), widget.heightForWidth(widget.width())
    if wide > widget.width() or high > widget.height() + 1:
        yield f"{widget.size().toTuple()} for {(wide, high)}"


def _is_plain(widget: QWidget) -> Iterator[str]:
    need = widget.sizeHint()
    if isinstance(widget, QPushButton) and not widget.text():  # an icon of fixed size
        return
    if need.width() > widget.width() + 1 or need.height() > widget.height() + 1:
        yield f"{widget.size().toTuple()} for {need.toTuple()}"


def _is_tool(widget: Any) -> Iterator[str]:
    """Faults of a tool button's text. The hint includes the focus ring, which the painted area does not."""
    wide = max(widget.fontMetrics().horizontalAdvance(line) for line in widget.text().split("\n"))
    if wide > widget.width() - 2 or widget.sizeHint().height() > widget.height() + _RING:
        yield f"{widget.size().toTuple()} for {(wide, widget.sizeHint().height())}"


def _is_picker(widget: Any) -> Iterator[str]:
    option = QStyleOptionComboBox()
    widget.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    room = widget.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, widget)
    if widget.fontMetrics().horizontalAdvance(widget.currentText()) > room.width() + 1:
        yield f"{room.width()} px for {widget.currentText()!r}"


def _is_line(widget: Any) -> Iterator[str]:
    """Faults of a line edit's placeholder. Typed text is scrolled."""
    option = QStyleOptionFrame()
    widget.initStyleOption(option)
    room = widget.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, widget)
    inside = room.marginsRemoved(widget.textMargins()).width() - 4  # Qt's margin at both ends
    wide = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
    if not widget.text() and wide > inside:
        yield f"{inside} px for the {wide} of {widget.placeholderText()!r}"


_LOOKS: Final[tuple[tuple[Any, Callable[[Any], Iterator[str]]], ...]] = (
    (ElidedLabel | ConnectionChip, _gives_way),
    (Painted, _is_painted),
    (QLabel, _is_label),
    (QPushButton, _is_plain),
    (QToolButton, _is_tool),
    (QComboBox, _is_picker),
    (QLineEdit, _is_line),
)
"""The checks for each kind of widget; the first matching one is used."""


def _over_each_other(shown: list[QWidget]) -> Iterator[str]:
    """Overlapping widgets of one layout, which had less room than they need."""
    for parent in {each.parentWidget() for each in shown}:
        laid = [each for each in shown if each.parentWidget() is parent and _layout_has(parent, each)]
        for one, other in combinations(laid, 2):
            both = one.geometry().intersected(other.geometry())
            if both.width() > 1 and both.height() > 1:
                yield f"{named(one)} and {named(other)} lie over each other: {both.getRect()}"


def _layout_has(parent: QWidget | None, widget: QWidget) -> bool:
    layout = parent.layout() if parent is not None else None
    return layout is not None and not isinstance(layout, QStackedLayout) and _is_in(layout, widget)


def _is_in(layout: QLayout, widget: QWidget) -> bool:
    return any(each.indexOf(widget) >= 0 for each in (layout, *layout.findChildren(QLayout)))


def faults(window: QWidget, size: QSize) -> list[str]:
    """The faults of `window` at that size: parts that are not wholly visible."""
    found = []
    if window.size() != size:
        found.append(f"the window is {window.size().toTuple()} and cannot be {size.toTuple()}")
    shown = _shown(window)
    for widget in filter(_is_seen, shown):
        found += [f"{named(widget)}: {fault}" for fault in (*_outside(widget, window), *_short(widget))]
    return found + list(_over_each_other(shown))


@contextmanager
def shortened() -> Iterator[set[str]]:
    """The texts that are elided during the block."""
    words: set[str] = set()
    kept = {kind: kind.elidedText for kind in (QFontMetrics, QFontMetricsF)}

    def watch(kind: Any) -> Callable[..., str]:
        def elided(metrics: Any, text: str, *args: Any) -> str:
            result: str = kept[kind](metrics, text, *args)
            if result != text:
                words.add(text)
            return result

        return elided

    for kind in kept:
        kind.elidedText = watch(kind)  # type: ignore[method-assign]
    try:
        yield words
    finally:
        for kind, method in kept.items():
            kind.elidedText = method  # type: ignore[method-assign]
