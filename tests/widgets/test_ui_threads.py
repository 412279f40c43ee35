"""What other threads send arrives in the window's, whatever becomes of it; and nothing of Qt's is freed by them."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEventLoop, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.own_process import python
from core.ui.jobs import Jobs
from core.ui.threads import Channel, collect_garbage_here

_FREED_MEANWHILE = """
import sys, threading
sys.setswitchinterval(1e-6)
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from core.ui.threads import Channel

class Receiver(QObject):
    def __init__(self, parent):
        super().__init__(parent)
        self.send = Channel(self.hear).send

    def hear(self, value):
        self.objectName()

app = QApplication([])
for round in range(300):
    parent = QObject()
    receiver = Receiver(parent)
    def tell(send=receiver.send):
        for number in range(100):
            send(number)
    thread = threading.Thread(target=tell)
    thread.start()
    for _ in range(round % 50):
        app.processEvents()
    shiboken6.delete(parent)
    del receiver, parent
    app.processEvents()
    thread.join()
"""


class Recorder(QObject):
    """Says in which thread it was freed, when it is part of a cycle and when not."""

    def __init__(self, freed_in: list[threading.Thread], *, cycle: bool = False) -> None:
        super().__init__()
        self.destroyed.connect(lambda: freed_in.append(threading.current_thread()))
        self.itself = self if cycle else None


class Receiver(QObject):
    def __init__(self, receive: Callable[[object], object]) -> None:
        super().__init__()
        self._receive_with = receive
        self.channel: Channel[object] = Channel(self._on_sent)

    def _on_sent(self, value: object) -> None:
        self._receive_with(value)


def elsewhere(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_in_the_order_in_which_it_was_sent_over_all_channels(qtbot: QtBot) -> None:
    heard: list[tuple[object, threading.Thread]] = []
    receivers = [Receiver(lambda value: heard.append((value, threading.current_thread()))) for _ in range(3)]

    def send() -> None:
        for number in range(3000):
            receivers[number % 3].channel.send(number)

    elsewhere(send)
    assert heard == []
    qtbot.waitUntil(lambda: len(heard) == 3000)
    assert heard == [(number, threading.main_thread()) for number in range(3000)]


def test_what_is_sent_to_somebody_who_is_gone_is_dropped(qtbot: QtBot) -> None:
    heard: list[object] = []
    gone, there = Receiver(heard.append), Receiver(heard.append)
    channel = gone.channel
    del gone
    elsewhere(lambda: channel.send("to the one who is gone"))
    elsewhere(lambda: there.channel.send("to the one who is there"))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == ["to the one who is there"]


def test_a_receiver_that_opens_a_dialog_holds_up_nobody(qtbot: QtBot) -> None:
    loop, heard = QEventLoop(), list[object]()

    def receive(value: object) -> None:
        heard.append(value)
        if value == "opens":
            loop.exec()
        elif value == "closes":
            loop.quit()

    receiver = Receiver(receive)
    for word in ("opens", "meanwhile", "closes"):
        receiver.channel.send(word)
    qtbot.waitUntil(lambda: "closes" in heard and not loop.isRunning())
    assert heard == ["opens", "meanwhile", "closes"]


def test_a_receiver_that_fails_holds_up_nobody(qtbot: QtBot) -> None:
    heard: list[object] = []
    bad, good = Receiver(lambda _value: 1 // 0), Receiver(heard.append)
    with qtbot.captureExceptions() as exceptions:
        bad.channel.send(1)
        good.channel.send(2)
        qtbot.waitUntil(lambda: heard == [2])
    assert [kind for kind, _error, _at in exceptions] == [ZeroDivisionError]


def test_qt_frees_a_receiver_while_another_thread_sends(qapp: QApplication) -> None:
    """Sending by a signal of the receiver's own, this ended in a segmentation fault, three runs of three."""
    ended = subprocess.run(python("-c", _FREED_MEANWHILE), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_garbage_is_looked_for_in_the_windows_thread_alone(qtbot: QtBot) -> None:
    """Python looks wherever something is made, and would free a window in a worker."""
    gc.enable()
    gc.collect()
    parent, freed_in = QObject(), list[threading.Thread]()
    try:
        collect_garbage_here(parent)
        Recorder(freed_in, cycle=True)
        elsewhere(lambda: [[] for _ in range(200_000)])
        assert freed_in == []

        made: list[list[object]] = []

        def look() -> bool:
            """As a window does that is used: more and more is made."""
            made.extend([] for _ in range(1000))
            return bool(freed_in)

        qtbot.waitUntil(look)
        assert freed_in == [threading.main_thread()]
    finally:
        gc.disable()


@pytest.mark.parametrize("outcome", ["result", "error"])
def test_what_a_job_held_is_freed_in_the_windows_thread(outcome: str, qtbot: QtBot) -> None:
    freed_in: list[threading.Thread] = []
    jobs = Jobs()
    interval, rounds = sys.getswitchinterval(), 200
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(rounds):
            held = Recorder(freed_in)

            def call(held: Recorder = held) -> None:
                held.objectName()
                if outcome == "error":
                    raise Unreachable("No answer.")

            jobs.run(call, lambda _: None, lambda _: None)
            del held, call
        qtbot.waitUntil(lambda: len(freed_in) == rounds)
    finally:
        sys.setswitchinterval(interval)
        jobs.close(5)
    assert set(freed_in) == {threading.main_thread()}


def test_a_job_whose_window_has_closed_is_freed_in_the_windows_thread(qtbot: QtBot) -> None:
    freed_in: list[threading.Thread] = []
    gate, jobs = threading.Event(), Jobs()

    def under_way(jobs: Jobs, held: Recorder) -> None:
        jobs.run(lambda: (gate.wait(30), held.objectName()), lambda _: None, lambda _: None)

    under_way(jobs, Recorder(freed_in))
    jobs.close()
    del jobs
    gate.set()
    qtbot.waitUntil(lambda: bool(freed_in))
    assert freed_in == [threading.main_thread()]
