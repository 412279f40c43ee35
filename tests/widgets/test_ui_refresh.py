"""A refresher never asks twice at once, keeps asking after a failure, and is silent when nobody looks."""

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from core.client.errors import SignedOut, Unreachable
from core.client.sync.engine import ConnectionState, SyncStatus
from core.client.sync.outbox import Counts
from core.ui.jobs import Jobs
from core.ui.refresh import Refresher
from core.ui.widgets.connection_chip import ConnectionChip, Freshness

SHORT_S = 0.05
LONG_S = 3600.0


class Source:
    """Answers, counted; held back while the gate is shut."""

    def __init__(self) -> None:
        self.calls = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self._lock = threading.Lock()

    def fetch(self) -> int:
        with self._lock:
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(10)
        with self._lock:
            self.at_once -= 1
        if self.error is not None:
            raise self.error
        return self.calls


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.gate.set()


def test_it_fetches_when_shown_and_then_by_its_timer(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S)
    refresher.start()
    qtbot.waitUntil(lambda: source.calls >= 4)
    refresher.stop()


def test_a_slow_answer_is_never_asked_for_twice(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S)
    source.gate.clear()
    refresher.start()
    qtbot.waitUntil(lambda: source.calls == 1)
    for _ in range(5):
        refresher.refresh()
    source.gate.set()
    qtbot.waitUntil(lambda: source.calls >= 3)
    refresher.stop()
    assert source.most_at_once == 1


def test_stopped_it_neither_asks_nor_answers(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S)
    answers: list[object] = []
    refresher.succeeded.connect(answers.append)
    source.gate.clear()
    refresher.start()
    qtbot.waitUntil(lambda: source.calls == 1)
    refresher.stop()
    source.gate.set()
    other = Refresher(jobs, lambda: None, LONG_S)
    with qtbot.waitSignal(other.succeeded):
        other.refresh()
    assert answers == []
    assert source.calls == 1
    assert not refresher.running


def test_a_failure_is_told_and_tried_again(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S)
    source.error = Unreachable("no network")
    with qtbot.waitSignal(refresher.failed):
        refresher.start()
    ages = [refresher.age_s]
    source.error = None
    with qtbot.waitSignal(refresher.succeeded):
        pass
    ages.append(refresher.age_s)
    refresher.stop()
    assert ages[0] is None
    assert ages[1] is not None


def test_a_session_that_is_over_is_not_tried_again(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S)
    source.error = SignedOut("over")
    with qtbot.waitSignal(refresher.failed):
        refresher.start()
    assert not refresher._timer.isActive()
    refresher.stop()


def test_switched_off_it_only_works_by_hand(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, SHORT_S, automatic=False)
    with qtbot.waitSignal(refresher.succeeded):
        refresher.start()
    assert not refresher._timer.isActive()
    with qtbot.waitSignal(refresher.succeeded):
        refresher.refresh()
    assert source.calls == 2
    refresher.stop()


def test_shown_again_soon_it_does_not_ask_again(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, LONG_S)
    with qtbot.waitSignal(refresher.succeeded):
        refresher.start()
    refresher.stop()
    refresher.start()
    assert not refresher.running
    assert refresher._timer.isActive()
    refresher.stop()


def test_the_chip_says_checking_then_offline_then_checking(jobs: Jobs, source: Source, qtbot: QtBot) -> None:
    refresher = Refresher(jobs, source.fetch, 30)
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    chip.follow(refresher)
    chip.set_sync_status(SyncStatus(state=ConnectionState.POLLING))
    assert chip.state == "old"
    with qtbot.waitSignal(refresher.succeeded):
        refresher.start()
    assert chip.state == "good"
    assert "30 s" in chip.text()
    source.error = Unreachable("no network")
    with qtbot.waitSignal(refresher.failed):
        refresher.refresh()
    assert chip.state == "good", "whether the server is there, the engine says"
    chip.set_sync_status(SyncStatus(problem=source.error, counts=Counts(waiting=3)))
    assert chip.state == "bad"
    assert "Offline" in chip.text()
    assert "3 waiting" in chip.text()
    source.error = None
    with qtbot.waitSignal(refresher.succeeded):
        chip.set_sync_status(SyncStatus(state=ConnectionState.POLLING))
    assert chip.state == "good"
    assert "waiting" not in chip.text()
    refresher.stop()


def test_old_data_is_marked(jobs: Jobs, source: Source, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    refresher = Refresher(jobs, source.fetch, 30)
    words = Freshness(refresher)
    qtbot.addWidget(words)
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    chip.follow(refresher)
    with qtbot.waitSignal(refresher.succeeded):
        refresher.start()
    refresher.stop()
    assert words.property("role") == "small"
    monkeypatch.setattr(Refresher, "age_s", property(lambda _self: 61.0))
    words._update_text()
    assert words.text() == "Updated 1 min ago"
    assert words.property("role") == "error"
    assert chip.state == "old"
