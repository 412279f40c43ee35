"""Work off the window's thread comes back to it, once, unless nobody wants it any more."""

import threading
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from core.client.errors import ClientError, Fault, Left, SignedOut, Unreachable
from core.ui.jobs import _ASKING, Call, Jobs


def never(error: ClientError) -> None:
    raise AssertionError(error)


def test_the_call_runs_elsewhere_and_its_result_arrives_here(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[tuple[threading.Thread, threading.Thread]] = []
    jobs.run(threading.current_thread, lambda worker: seen.append((worker, threading.current_thread())), never)
    qtbot.waitUntil(lambda: bool(seen))
    worker, here = seen[0]
    assert worker is not threading.main_thread()
    assert here is threading.main_thread()


@pytest.mark.parametrize("lane", ["run", "ask"])
def test_whose_a_call_is_is_decided_where_it_is_asked_for(qtbot: QtBot, lane: str) -> None:
    here, seen = ["kim"], list[str]()

    def bound(call: Call) -> Call:
        whose = here[0]
        return lambda: f"{call()} of {whose}"

    held = threading.Event()
    jobs = Jobs(bound=bound)
    getattr(jobs, lane)(lambda: held.wait(10) and "a step", seen.append, never)
    here[0] = "alex"
    held.set()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["a step of kim"]
    jobs.close()


def test_an_error_arrives_as_itself(jobs: Jobs, qtbot: QtBot) -> None:
    errors: list[ClientError] = []

    def fail() -> None:
        raise Unreachable("nobody there")

    jobs.run(fail, lambda _: pytest.fail("succeeded"), errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], Unreachable)


def test_a_bug_is_logged_and_never_called_offline(jobs: Jobs, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[ClientError] = []
    jobs.run(lambda: 1 // 0, lambda _: pytest.fail("succeeded"), errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], Fault)
    assert "ZeroDivisionError" in caplog.text


def test_a_cancelled_job_calls_nobody_back(jobs: Jobs, qtbot: QtBot) -> None:
    gate = threading.Event()
    seen: list[str] = []
    job = jobs.run(lambda: gate.wait(5), lambda _: seen.append("cancelled one"), never)
    job.cancel()
    gate.set()
    jobs.run(lambda: None, lambda _: seen.append("the next one"), never)
    qtbot.waitUntil(lambda: "the next one" in seen and jobs.busy == 0)
    assert seen == ["the next one"]


@pytest.mark.parametrize("leave", [Jobs.cancel, Jobs.leave_behind])
def test_the_next_person_waits_for_no_question_of_the_one_before(
    jobs: Jobs, qtbot: QtBot, leave: Callable[[Jobs], None]
) -> None:
    gate, asked, told = threading.Event(), threading.Semaphore(0), list[str]()

    def hang() -> None:
        asked.release()
        gate.wait(120)

    for _ in range(_ASKING):
        jobs.ask(hang, lambda _: told.append("before"), never)
    for _ in range(_ASKING):
        assert asked.acquire(timeout=5)
    leave(jobs)
    jobs.ask(lambda: None, lambda _: told.append("next"), never)
    qtbot.waitUntil(lambda: told == ["next"])
    gate.set()
    qtbot.waitUntil(lambda: jobs.busy == 0)
    assert told == ["next", *(["before"] * _ASKING if leave is Jobs.leave_behind else [])]


def test_an_answer_to_whoever_has_left_signs_nobody_out(jobs: Jobs, qtbot: QtBot) -> None:
    errors, over = list[ClientError](), list[object]()
    jobs.session_over.connect(over.append)

    def fail(error: ClientError) -> None:
        raise error

    jobs.ask(lambda: fail(Left()), lambda _: None, errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1)
    assert over == []
    jobs.ask(lambda: fail(SignedOut("over")), lambda _: None, errors.append)
    qtbot.waitUntil(lambda: len(over) == 1)


def test_after_close_nothing_runs_and_no_worker_is_left(qapp: object) -> None:
    before = threading.active_count()
    jobs = Jobs()
    gate = threading.Event()
    seen: list[object] = []
    for _ in range(8):
        jobs.run(lambda: gate.wait(5), seen.append, never)
    assert threading.active_count() > before
    gate.set()
    jobs.close(wait_s=5)
    assert jobs.run(lambda: 1, seen.append, never).cancelled
    assert threading.active_count() == before
    assert seen == []


def test_many_questions_use_few_threads(jobs: Jobs, qtbot: QtBot) -> None:
    before = threading.active_count()
    done: list[int] = []
    for number in range(200):
        jobs.ask(lambda number=number: number, done.append, never)  # type: ignore[misc]
    assert threading.active_count() - before <= 8
    qtbot.waitUntil(lambda: len(done) == 200)
    assert sorted(done) == list(range(200))


def test_what_a_person_does_waits_for_nothing_that_hangs(jobs: Jobs, qtbot: QtBot) -> None:
    gate = threading.Event()
    done: list[int] = []
    for _ in range(50):
        jobs.ask(gate.wait, lambda _: None, never)
        jobs.run(gate.wait, lambda _: None, never)
    for number in range(3):
        jobs.run(lambda number=number: number, done.append, never)  # type: ignore[misc]
    qtbot.waitUntil(lambda: len(done) == 3)
    assert jobs.busy == 100
    gate.set()
    qtbot.waitUntil(lambda: jobs.busy == 0)


def test_threads_that_a_rush_has_started_end(jobs: Jobs, qtbot: QtBot) -> None:
    gate = threading.Event()
    before = threading.active_count()
    for _ in range(20):
        jobs.run(gate.wait, lambda _: None, never)
    assert threading.active_count() - before == 20
    gate.set()
    qtbot.waitUntil(lambda: threading.active_count() - before <= 2)
    seen: list[int] = []
    jobs.run(lambda: 1, seen.append, never)
    qtbot.waitUntil(lambda: seen == [1])


def test_closing_waits_for_what_was_done_and_for_no_question(qapp: object) -> None:
    jobs = Jobs()
    hangs, works, done = threading.Event(), threading.Event(), threading.Event()

    def act() -> None:
        works.wait(5)
        done.set()

    jobs.ask(hangs.wait, lambda _: None, never)
    jobs.run(act, lambda _: None, never)
    works.set()
    jobs.close(wait_s=5)  # the question would take for ever
    assert done.is_set()
    hangs.set()
