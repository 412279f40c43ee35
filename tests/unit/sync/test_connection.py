"""Whether the server answers is decided by the newest that was heard of it, in time, and by two clocks."""

from collections.abc import Callable

import pytest

from core.client import connection as subject
from core.client.connection import Connection, Watch
from core.client.errors import Unreachable
from core.clock import Clock

GONE = Unreachable("gone")


class Hands:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, lambda: self.now_s + self.slept_s)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    made = Hands()
    monkeypatch.setattr("core.clock.own", made.clock())
    return made


@pytest.fixture
def connection(hands: Hands) -> Connection:
    return Connection("http://127.0.0.1:9")


class Probe:
    """Counts how often the server was asked. What it says is set: by default nothing at all, as in a hang."""

    def __init__(self) -> None:
        self.asked = 0
        self.says: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        self.asked += 1
        self.says()


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Probe:
    class Done:
        def is_alive(self) -> bool:
            return False

    def at_once(work: Callable[[], None], _name: str) -> Done:
        work()
        return Done()

    monkeypatch.setattr(subject, "run_aside", at_once)
    return Probe()


def test_the_newest_decides(connection: Connection, hands: Hands) -> None:
    began_s = hands.now_s
    hands.now_s += 5
    connection.answered()
    connection.failed(GONE, began_s)
    problems = [connection.problem]
    hands.now_s += 1
    connection.failed(GONE, hands.now_s)
    problems.append(connection.problem)
    connection.answered()
    problems.append(connection.problem)
    assert problems == [None, GONE, None], "the first hung since before the answer"


def test_a_change_is_told_once(connection: Connection, hands: Hands) -> None:
    told: list[bool] = []
    end = connection.subscribe(lambda: told.append(connection.problem is None))
    hands.now_s += 1
    for _ in range(3):
        connection.failed(GONE, hands.now_s)
    for _ in range(3):
        connection.answered()
    end()
    connection.failed(GONE, hands.now_s + 1)
    assert told == [False, True]


def until(watch: Watch, hands: Hands, condition: Callable[[], bool], most_s: float) -> float:
    """Let seconds pass until it holds; how many it took."""
    for passed in range(round(most_s) + 1):
        watch.check()
        if condition():
            return passed
        hands.now_s += 1
    raise AssertionError(f"not within {most_s} s")


def test_a_server_that_hangs_is_given_up_within_35_s(connection: Connection, hands: Hands, probe: Probe) -> None:
    watch = Watch(connection, probe)
    until(watch, hands, lambda: connection.problem is not None, 34)
    assert probe.asked >= 1


def test_silence_is_asked_about_and_an_answer_ends_it(connection: Connection, hands: Hands, probe: Probe) -> None:
    watch = Watch(connection, probe)
    probe.says = connection.answered
    for _ in range(600):
        watch.check()
        hands.now_s += 1
        assert connection.problem is None
    assert 25 <= probe.asked <= 31, "once in 20 s, and never more"


def test_it_is_back_with_the_first_answer_and_asked_for_every_few_seconds(
    connection: Connection, hands: Hands, probe: Probe
) -> None:
    watch = Watch(connection, probe)
    until(watch, hands, lambda: connection.problem is not None, 34)
    asked = probe.asked
    for _ in range(60):
        hands.now_s += 1
        watch.check()
    assert probe.asked - asked >= 10
    probe.says = connection.answered
    assert until(watch, hands, lambda: connection.problem is None, 6) <= 6


def test_questions_that_hang_are_few(connection: Connection, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        def is_alive(self) -> bool:
            return True

    begun: list[Hanging] = []

    def hang(_work: Callable[[], None], _name: str) -> Hanging:
        begun.append(Hanging())
        return begun[-1]

    monkeypatch.setattr(subject, "run_aside", hang)
    watch = Watch(connection, lambda: None)
    until(watch, hands, lambda: connection.problem is not None, 34)
    for _ in range(600):
        hands.now_s += 1
        watch.check()
    assert len(begun) == 3


def test_a_machine_that_slept_believes_nothing(connection: Connection, hands: Hands, probe: Probe) -> None:
    watch = Watch(connection, probe)
    connection.answered()
    watch.check()
    hands.slept_s += 8 * 3600.0
    watch.check()
    assert connection.problem is not None, "at the first look"
    assert probe.asked == 1, "and asked at once"
