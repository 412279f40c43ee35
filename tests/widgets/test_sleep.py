"""A machine that sleeps overnight, on a system whose monotonic clock and timers stand still meanwhile."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from core import clock
from core.client.sync.engine import AWAY_S, SyncStatus
from core.ui.idle import IdleWatch
from core.ui.jobs import Jobs
from core.ui.refresh import Refresher
from core.ui.widgets.connection_chip import ConnectionChip

NIGHT_S = 8 * 3600.0
Sleep = Callable[[float], None]


@pytest.fixture
def watch(qapp: QCoreApplication) -> IdleWatch:
    return IdleWatch(300.0)


def test_the_lock_falls_by_itself_after_waking(watch: IdleWatch, qtbot: QtBot, sleep: Sleep) -> None:
    watch.start()
    sleep(NIGHT_S)
    with qtbot.waitSignal(watch.ended):
        pass


def test_the_first_key_after_a_night_unlocks_nothing(watch: IdleWatch, qtbot: QtBot, sleep: Sleep) -> None:
    """It may come before the timer has looked, from whoever opened the lid."""
    field = QLineEdit()
    qtbot.addWidget(field)
    watch.start()
    sleep(NIGHT_S)
    with qtbot.waitSignal(watch.ended):
        key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_1, Qt.KeyboardModifier.NoModifier, "1")
        QCoreApplication.sendEvent(field, key)
    assert field.text() == ""


def test_a_nap_is_no_absence(watch: IdleWatch, qtbot: QtBot, sleep: Sleep) -> None:
    ended: list[None] = []
    watch.ended.connect(lambda: ended.append(None))
    watch.start()
    sleep(60)
    watch._on_timer_elapsed()
    watch.stay()
    watch.stop()
    assert ended == []


def test_what_was_read_before_the_night_is_a_night_old(jobs: Jobs, qtbot: QtBot, sleep: Sleep) -> None:
    refresher = Refresher(jobs, lambda: 1, 30.0)
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    chip.follow(refresher)
    with qtbot.waitSignal(refresher.succeeded):
        refresher.refresh()
    assert chip.state == "good"
    sleep(NIGHT_S)
    assert refresher.stale
    assert chip.state == "old"
    age_s = chip.age_s
    assert age_s is not None
    assert age_s >= NIGHT_S


def test_what_was_heard_before_the_night_is_a_backlog(sleep: Sleep) -> None:
    sync_status = SyncStatus(fresh_at_s=clock.now_s())
    sleep(NIGHT_S)
    age_s = sync_status.age_s(clock.now_s())
    assert age_s is not None
    assert age_s > AWAY_S
