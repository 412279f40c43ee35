"""Starting a window: the application object, its look, its language, and what happens to a mistake nobody caught."""

import gc
import logging
import signal
import sys
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from core.client.local import InUse, LocalStoreError
from core.client.settings import ScreenSettings
from core.ui import icons
from core.ui.preflight import EXIT_CODE, has_display
from core.ui.text import _, use_language
from core.ui.theme import Theme

log = logging.getLogger(__name__)


def start_application(name: str, settings: ScreenSettings) -> tuple[QApplication, Theme]:
    """The process's application, dressed and speaking as the settings say. Call once, before any widget."""
    app = QApplication(sys.argv[:1])
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


def run_window(app: QApplication, window: QWidget, settings: ScreenSettings) -> int:
    """Show `window` until it is closed. Gives the process's exit status."""
    if settings.remote:
        from core.ui.remote import RemoteControl

        RemoteControl(window)
    window.show()
    # What start-up made lives as long as the process. Looking through all of it again and again for garbage would
    # stop the window for 40 to 70 ms each time; what is made from now on is still looked through.
    gc.collect()
    gc.freeze()
    return app.exec()


def refuse(error: LocalStoreError, settings: ScreenSettings) -> int:
    """Say why a window cannot start: on the terminal, and in a box for those who have none. Gives the exit status."""
    words = str(error)
    if isinstance(error, InUse):
        words += " " + _("Close it, or give this one a place of its own: --data-dir DIR")
    sys.stderr.write(words + "\n")
    if has_display() and not settings.remote:
        QMessageBox(QMessageBox.Icon.Critical, _("Orderbell cannot start"), words).exec()
    return EXIT_CODE


def dress(app: QApplication, theme: Theme) -> None:
    """Put `theme` on every widget of the process."""
    app.setFont(theme.font())
    app.setPalette(theme.palette())
    app.setStyleSheet(theme.style_sheet())
    app.styleHints().setTabFocusBehavior(Qt.TabFocusBehavior.TabFocusAllControls)
    if not QFontDatabase.families():
        log.warning("no fonts are installed: text cannot be drawn")


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("uncaught", exc_info=(kind, error, traceback))
