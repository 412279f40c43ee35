"""Application start: the QApplication, its theme and language, and logging of uncaught errors."""

import gc
import logging
import signal
import sys
from functools import partial
from types import TracebackType
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QMessageBox, QStyle, QWidget

from core import printable
from core.client.device.recovery import Recovered
from core.client.settings import ScreenSettings
from core.client.storage.local_store import InUse, LocalStoreError
from core.client.sync.outbox import Counts
from core.ui import icons
from core.ui.preflight import EXIT_CODE, has_display
from core.ui.problems import outbox_words
from core.ui.text import _, ngettext, use_language, window_title
from core.ui.theme import Theme
from core.ui.threads import collect_garbage_here

log = logging.getLogger(__name__)

_ENDING: Final = "ending"
_KEPT_SHOWN_MS: Final = 10_000


def start_application(name: str, settings: ScreenSettings) -> tuple[QApplication, Theme]:
    """The process's application, with the settings' theme and language. Call once, before any widget."""
    app = QApplication(sys.argv[:1])
    collect_garbage_here(app)
    app.setApplicationName(name)
    app.setApplicationDisplayName(name)
    app.setStyle("Fusion")
    app.setLayoutDirection(use_language(settings.language))
    theme = Theme(settings.theme, settings.text_scale, reduced_motion=settings.reduced_motion)
    app.setWindowIcon(icons.icon("orderbell", theme.colour("brand"), 64))
    dress(app, theme)
    theme.changed.connect(lambda: dress(app, theme))
    sys.excepthook = _log_uncaught
    # Python's handler would wait for the event loop to come back to Python; Ctrl+C in a terminal ends at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return app, theme


def put_in_half(window: QWidget, *, right: bool) -> None:
    """Let a window fill one half of its screen."""
    room = window.screen().availableGeometry()
    title = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
    left = room.left() + (room.width() // 2 if right else 0)
    window.setGeometry(left, room.top() + title, room.width() // 2, room.height() - title)


def run_window(app: QApplication, window: QWidget, settings: ScreenSettings) -> int:
    """Show `window` until it is closed. Returns the process's exit status."""
    if settings.remote:
        from core.ui.remote import RemoteControl

        RemoteControl(window)
    # The desktop is shutting down, or logging out: nobody would read it.
    app.commitDataRequest.connect(partial(app.setProperty, _ENDING, True))
    if settings.half:
        put_in_half(window, right=settings.half == "right")
    window.show()
    # What start-up made lives as long as the process. Collecting it again and again would stop the window for 40 to
    # 70 ms each time; later objects are still collected.
    gc.collect()
    gc.freeze()
    return app.exec()


def show_kept(app: QApplication, counts: Counts, settings: ScreenSettings) -> None:
    """Report that the window has closed with operations in its outbox, which are kept: on the terminal, and in a box
    that closes after a while, so that a desktop can shut down."""
    if not counts.open:
        return
    words = (
        " · ".join(outbox_words(counts)) + "\n" + _("It is kept here, and goes on when this window is opened again.")
    )
    sys.stderr.write(printable.lines(words) + "\n")
    if settings.remote or app.property(_ENDING) or not has_display():
        return
    box = _box(QMessageBox.Icon.Information, app.applicationDisplayName(), words)
    box.setObjectName("kept")
    QTimer.singleShot(_KEPT_SHOWN_MS, box, box.close)
    box.exec()


def show_recovered(recovered: Recovered | None, settings: ScreenSettings) -> None:
    """Report, on the terminal and in a box, that the window's file was damaged, or is not its newest."""
    if recovered is None:
        return
    if recovered.set_aside is not None:
        found = _(
            "This window's file was damaged. A new one was begun, and the damaged one was set aside as {path}."
        ).format(path=recovered.set_aside)
    else:
        found = _(
            "This window's file was copied or put back, or its newest part is lost. Sign in again; order numbers go on "
            "further, so that none is given twice."
        )
    words = [
        found,
        ngettext(
            "{count} change that waited could be read; it is sent once its person signs in.",
            "{count} changes that waited could be read; they are sent once their people sign in.",
            recovered.operations,
        ),
        _("Compare the receipts since the last time this window was live with the orders that the server has."),
    ]
    if not recovered.is_known:
        words.append(_("Who this machine is to the shop's server could not be read: pair it again."))
    text = "\n".join(words)
    sys.stderr.write(printable.lines(text) + "\n")
    if has_display() and not settings.remote:
        QMessageBox(QMessageBox.Icon.Warning, QApplication.applicationDisplayName(), text).exec()


def refuse(error: LocalStoreError, settings: ScreenSettings) -> int:
    """Report why a window cannot start: on the terminal, and in a box. Returns the exit status."""
    words = _(error.sentence).format(path=error.path, why=_(error.why) if error.why else "")
    if isinstance(error, InUse):
        words += " " + _("Close it, or give this one a place of its own: --data-dir DIR")
    sys.stderr.write(printable.lines(words) + "\n")
    if has_display() and not settings.remote:
        _box(QMessageBox.Icon.Critical, _("Orderbell cannot start"), words).exec()
    return EXIT_CODE


def _box(icon: QMessageBox.Icon, title: str, words: str) -> QMessageBox:
    box = QMessageBox(icon, window_title(title), "")
    box.setTextFormat(Qt.TextFormat.PlainText)  # a path may have any letters
    box.setText(words)
    return box


def dress(app: QApplication, theme: Theme) -> None:
    """Apply `theme` to every widget of the process."""
    app.setFont(theme.font())
    app.setPalette(theme.palette())
    app.setStyleSheet(theme.style_sheet())
    app.styleHints().setTabFocusBehavior(Qt.TabFocusBehavior.TabFocusAllControls)
    if not QFontDatabase.families():
        log.warning("no fonts are installed: text cannot be drawn")


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("uncaught", exc_info=(kind, error, traceback))
