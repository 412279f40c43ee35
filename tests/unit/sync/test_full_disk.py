"""A window whose disk is full: memory is never ahead of the file, no thread ends, and all goes once there is room."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import pytest

from core.client.errors import Fault, NotKept, Refused
from core.client.http.session import Session
from core.client.operations import Operation, State
from core.client.storage import operation_table
from core.client.storage.local_store import LocalStore
from core.client.sync import engine as engines
from core.client.sync.engine import ConnectionState
from core.domain.ids import OpId
from core.protocol.replies import Tokens
from core.workers import keep_running
from tests.support.desk import Desk
from tests.support.engines import WITHIN_S, Running
from tests.support.fake_backend import FakeBackend
from tests.support.full_disk import Failing, needs_mount, small_disk
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST, SECOND
from tests.unit.auth.test_client_session import Clock, Issuer, tokens
from tests.unit.conftest import OpenDesk

MOST_WRITES: Final = 20
"""More than any step of a window writes in one go."""

Step = Callable[[Desk, list[Operation]], object]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, factory=Failing))


def _disk(store: LocalStore) -> Failing:
    with store.reading() as db:
        assert isinstance(db, Failing)
        return db


def _in_the_file(desk: Desk) -> list[Operation]:
    with desk.local.reading() as db:
        return operation_table.open_ones(db, desk.owner)


def _remembered(desk: Desk) -> list[Operation]:
    return [
        msgspec.structs.replace(each, state=State.WAITING) if each.state is State.SENDING else each
        for each in desk.outbox.open()
    ]


def _refuse(_when: str) -> None:
    raise Refused("no")


def _send(desk: Desk, _made: list[Operation]) -> None:
    operation = desk.outbox.take(0.0)
    assert operation is not None
    try:
        desk.sync.send(operation)
    except NotKept:
        desk.outbox.postpone(operation, 0.0)


def _park(desk: Desk, made: list[Operation]) -> None:
    transport = desk.sync._transport
    assert isinstance(transport, ModelTransport)
    transport.fault = _refuse
    try:
        _send(desk, made)
    finally:
        transport.fault = lambda _when: None


def _decide(desk: Desk, made: list[Operation], decide: Callable[[OpId], object]) -> None:
    with suppress(KeyError):  # where it could not be parked there is nothing to decide
        decide(made[0].op_id)


def _retry(desk: Desk, made: list[Operation]) -> None:
    _park(desk, made)
    _decide(desk, made, desk.sync.retry)


def _give_up(desk: Desk, made: list[Operation]) -> None:
    _park(desk, made)
    _decide(desk, made, lambda op_id: desk.sync.discard(op_id, "test"))


def _send_all_again(desk: Desk, _made: list[Operation]) -> None:
    desk.outbox.send_again()


def _accept(desk: Desk, made: list[Operation]) -> None:
    desk.move(made[0].order_id, SECOND)


STEPS: Final[dict[str, Step]] = {
    "send": _send,
    "park": _park,
    "retry": _retry,
    "discard": _give_up,
    "send again": _send_all_again,
    "accept": _accept,
}


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("leaves_open", [False, True], ids=["taken back by SQLite", "left open"])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_memory_is_what_the_file_says_whichever_statement_fails(
    open_desk: OpenDesk, shop: FakeBackend, step: Step, leaves_open: bool
) -> None:
    failed = 0
    for at in range(MOST_WRITES):
        desk = open_desk(f"till-{at}")
        desk.sync.pull()
        done = desk.take()
        desk.send_all()
        first = desk.take()
        made = [first, desk.move(first.order_id, FIRST)]
        disk = _disk(desk.local)
        disk.arm(at, leaves_open=leaves_open)
        try:
            step(desk, made)
        except NotKept:
            failed += 1
        if disk.disarm() <= at:
            break
        assert _remembered(desk) == _in_the_file(desk), f"after write {at}"
        for operation in desk.outbox.open():
            if operation.held:
                desk.sync.retry(operation.op_id)
        desk.send_all()
        assert desk.outbox.open() == ()
        assert len(shop.applied) == len(set(shop.applied))
        assert done.op_id in shop.applied
        desk.close()
    else:
        pytest.fail("it writes more than was thought")
    assert failed or step in (_send, _park), "it was never full"


@contextmanager
def started(desk: Desk, transport: ModelTransport) -> Iterator[Running]:
    running = Running(desk, transport)
    running.engine.start()
    try:
        yield running
    finally:
        running.engine.stop(WITHIN_S)


@pytest.mark.usefixtures("failing")
def test_no_sender_ends_when_commits_fail_and_all_is_sent_when_there_is_room(
    tmp_path: Path, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "backoff_s", lambda _attempt: 0.01)
    with ExitStack() as stack:
        desk = stack.enter_context(closing(Desk(tmp_path / "till.db", transport)))
        desk.sync.pull()
        made = []
        for _ in range(engines.SENDERS + 2):
            taken = desk.take()
            made += [taken, desk.move(taken.order_id, FIRST)]
        refused = [0]

        def fill(when: str) -> None:
            if when == "after":
                refused[0] += 1
                if refused[0] == 1:
                    _disk(desk.local).arm(0, statements=("COMMIT",))

        transport.fault = fill
        running = stack.enter_context(started(desk, transport))
        running.until(
            lambda sync_status: isinstance(sync_status.hindered, NotKept) and refused[0] > 3 * engines.SENDERS
        )
        assert running.engine.sync_status.counts.waiting == len(made)
        transport.fault = lambda _when: None
        with desk.local.lock:
            _disk(desk.local).disarm()
        running.engine.hurry()
        running.until_sent()
        running.until(lambda sync_status: sync_status.hindered is None)
        assert sorted(shop.applied) == sorted(each.op_id for each in made)


@needs_mount
def test_on_a_real_disk_that_is_full_nothing_is_lost_and_all_goes_once_there_is_room(
    tmp_path: Path, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "backoff_s", lambda _attempt: 0.01)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "disk"))
        desk = stack.enter_context(closing(Desk(disk.path / "till.db", transport)))
        running = stack.enter_context(started(desk, transport))
        running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)
        asked: list[str] = []
        transport.fault = asked.append
        accepted = []
        for _ in range(6):
            taken = desk.take()
            accepted += [taken.op_id, desk.move(taken.order_id, FIRST).op_id]
        disk.fill()
        with suppress(NotKept):
            while len(accepted) < 10_000:
                accepted.append(desk.take().op_id)
        assert len(accepted) < 10_000
        running.engine.accepted()
        running.until(lambda sync_status: isinstance(sync_status.hindered, NotKept))
        disk.make_room()
        running.engine.hurry()
        running.until_sent()
        assert sorted(shop.applied) == sorted(accepted)


@needs_mount
def test_a_till_starts_and_shows_what_waits_on_a_full_disk(tmp_path: Path, transport: ModelTransport) -> None:
    with small_disk(tmp_path / "disk") as disk:
        desk = Desk(disk.path / "till.db", transport)
        waiting = desk.take().op_id
        desk.close()
        disk.fill()
        store = LocalStore(disk.path / "till.db")
        with closing(store), store.reading() as db:
            assert [each.op_id for each in operation_table.open_ones(db, desk.owner)] == [waiting]


@pytest.mark.usefixtures("failing")
def test_tidying_up_waits_for_room_and_keeps_nobody(tmp_path: Path, transport: ModelTransport) -> None:
    """A window is started, or somebody leaves, while the disk is full: the log of what is deleted is cut later."""
    with closing(Desk(tmp_path / "till.db", transport)) as desk:
        desk.take()
        log_file = tmp_path / "till.db-wal"
        _disk(desk.local).arm(0, statements=("PRAGMA wal_checkpoint", "VACUUM"))
        desk.local.empty_log()
        desk.local.wipe()
        assert log_file.stat().st_size > 0
        _disk(desk.local).disarm()
        desk.local.empty_log()
        assert log_file.stat().st_size == 0


def test_changes_come_after_the_commit_in_order_and_not_after_one_that_was_taken_back(tmp_path: Path) -> None:
    seen: list[str] = []
    with closing(LocalStore(tmp_path / "till.db")) as store:
        with store.transaction():
            with store.transaction() as db:
                db.execute("INSERT INTO number_series (name, last) VALUES ('A', 1)")
                store.after_commit(lambda: seen.append("first"))
            store.after_commit(lambda: seen.append("second"))
            assert seen == []
        assert seen == ["first", "second"]
        with suppress(KeyError), store.transaction():
            store.after_commit(lambda: seen.append("never"))
            raise KeyError
        with store.transaction():
            store.after_commit(lambda: seen.append("third"))
        assert seen == ["first", "second", "third"]
        with pytest.raises(RuntimeError):
            store.after_commit(lambda: None)


def test_a_session_that_could_not_be_kept_is_refreshed_under_the_op_id_of_before(issuer: Issuer, clock: Clock) -> None:
    """Under another one the server would take the second refresh for a thief's, and end the session."""
    full = [False]

    def keep(_tokens: Tokens | None, _op_id: OpId) -> None:
        if full[0]:
            raise NotKept("full")

    session = Session(tokens(0), issuer, clock, keep)
    clock.now += 10_000
    full[0] = True
    for _ in range(2):
        with pytest.raises(NotKept):
            session.access_token()
    full[0] = False
    session.access_token()
    assert len(issuer.asked) == 3
    assert len(set(issuer.asked)) == 1
    full[0] = True
    with pytest.raises(NotKept):
        session.end()
    assert session.tokens is None, "whoever leaves is gone, whatever the file still has"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_worker_that_fails_is_started_again_and_tells(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Exception] = []
    times = iter(range(3))

    def work() -> None:
        if next(times) < 2:
            raise ZeroDivisionError

    worker = keep_running(work, "test-worker", failed=told.append)
    worker.start()
    worker.join(WITHIN_S)
    assert not worker.is_alive()
    assert [type(each) for each in told] == [ZeroDivisionError] * 2
    assert caplog.text.count("Traceback") == 2


def test_a_sender_that_makes_a_mistake_is_started_again_and_it_shows(
    tmp_path: Path,
    transport: ModelTransport,
    shop: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ExitStack() as stack:
        desk = stack.enter_context(closing(Desk(tmp_path / "till.db", transport)))
        broken = threading.Event()
        take = desk.outbox.take

        def mistaken(now_s: float) -> Operation | None:
            if not broken.is_set():
                raise ZeroDivisionError
            return take(now_s)

        monkeypatch.setattr(desk.outbox, "take", mistaken)
        running = stack.enter_context(started(desk, transport))
        made = desk.take()
        running.engine.accepted()
        running.until(lambda sync_status: isinstance(sync_status.hindered, Fault))
        broken.set()
        running.until_sent()
        assert shop.applied == [made.op_id]
        assert "ZeroDivisionError" in caplog.text
