"""Scrolling with a finger, distinguished from presses."""

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QAbstractScrollArea, QScroller, QScrollerProperties


def scroll_by_finger(area: QAbstractScrollArea) -> QScroller:
    """Let a finger drag and fling `area`. While it rolls, however slowly, a finger stops it: by default Qt takes that
    for a press once it rolls slowly, of whatever happens to come along."""
    QScroller.grabGesture(area.viewport(), QScroller.ScrollerGestureType.TouchGesture)
    scroller = QScroller.scroller(area.viewport())
    how = scroller.scrollerProperties()
    how.setScrollMetric(QScrollerProperties.ScrollMetric.MaximumClickThroughVelocity, 0.0)
    scroller.setScrollerProperties(how)
    return scroller


class FingerScroll(QObject):
    """Lets a finger drag and fling `area`.

    Content moves with the finger, so a press and its release may hit the same button: call `press` on every press, and
    check `scrolled` before acting.
    """

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(area)
        self._bar = area.verticalScrollBar()
        self._pressed_at = 0
        self._gliding = False
        self._caught = False
        self._stopped = False
        scroll_by_finger(area).stateChanged.connect(self._on_state_changed)

    def press(self) -> None:
        """The mouse's button, or a finger, went down."""
        self._pressed_at = self._bar.value()
        self._stopped = self._caught

    @property
    def scrolled(self) -> bool:
        """Whether the last press was for scrolling, or for stopping a list that was still gliding."""
        return self._stopped or self._bar.value() != self._pressed_at

    @Slot(QScroller.State)
    def _on_state_changed(self, state: QScroller.State) -> None:
        if state is QScroller.State.Pressed:
            self._caught = self._gliding
        elif state is QScroller.State.Inactive:
            self._caught = False
        self._gliding = state is QScroller.State.Scrolling
