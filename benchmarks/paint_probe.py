"""One window in a process of its own, from `show` to its first paint; prints the milliseconds. For `first_paint`."""

import os
import sys
import tempfile
import time

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QWidget
from typing_extensions import override

# An address that nobody listens on: a window shows itself before it has talked to anybody.
_SERVER = "http://127.0.0.1:9"


class FirstPaint(QObject):
    """Ends the application when a window and everything in it have been painted once."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self.painted_at = 0
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self.painted_at and watched is self._window and event.type() == QEvent.Type.Paint:
            self.painted_at = -1
            QTimer.singleShot(0, self._on_painted)  # comes after the children, who are painted in the same go
        return False

    @Slot()
    def _on_painted(self) -> None:
        self.painted_at = time.perf_counter_ns()
        QApplication.quit()


def _bare() -> tuple[QApplication, QWidget]:
    app = QApplication(sys.argv[:1])
    window = QMainWindow()
    window.setCentralWidget(QLabel("hello"))
    window.resize(1280, 800)
    return app, window


def _customer() -> tuple[QApplication, QWidget]:
    from core.ui.app import start_application
    from customer_view.bootstrap import open_window
    from customer_view.settings import CustomerSettings

    settings = CustomerSettings(server_url=_SERVER, theme="light", data_dir=tempfile.mkdtemp(), keyring=False)
    app, theme = start_application("Orderbell", settings)
    return app, open_window(settings, theme)[0]


def _pos() -> tuple[QApplication, QWidget]:
    from core.ui.app import start_application
    from pos_app.bootstrap import open_window
    from pos_app.settings import PosSettings

    settings = PosSettings(server_url=_SERVER, theme="light", data_dir=tempfile.mkdtemp(), keyring=False)
    app, theme = start_application("Orderbell", settings)
    return app, open_window(settings, theme)


def main() -> None:
    app, window = {"bare": _bare, "customer": _customer, "pos": _pos}[sys.argv[1]]()
    first_paint = FirstPaint(window)
    shown_at = time.perf_counter_ns()
    window.show()
    app.exec()
    print((first_paint.painted_at - shown_at) / 1e6, flush=True)
    os._exit(0)  # what was measured is printed; taking windows apart is not measured


if __name__ == "__main__":
    main()
