"""Each guard that keeps the promises, and what happens without it: were one taken out, a test here would say so."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from core.client.storage import operation_table
from core.domain.status import OrderStatus
from core.protocol.events import OrderStatusChanged
from core.protocol.feed import Frame, Frames
from core.store import operations
from core.store.engine.database import Database, file_url
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.statements import Transaction
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import way

# -- the server's ledger of operations


def _orders_after_asking_twice(place: Place) -> int:
    before = place.counts()["orders"]
    key, body = new_key(), order_body(id=None)
    for _ in range(2):
        assert place.ada.post("/api/online/orders/", body, key=key).status_code == 201
    return place.counts()["orders"] - before


def test_a_request_that_comes_twice_is_done_once(place: Place) -> None:
    assert _orders_after_asking_twice(place) == 1


def test_without_the_ledger_it_would_be_done_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "find", lambda *_any: None)
    monkeypatch.setattr(operations, "keep", lambda *_any: None)
    assert _orders_after_asking_twice(place) == 2


# -- the client's look at `prev`


def _seen_after_a_lost_frame(tmp_path: Path) -> tuple[set[OrderStatus], set[OrderStatus]]:
    """What the client and the shop have, after the second of three pushed frames was lost."""
    model = FakeBackend()
    transport = ModelTransport(model)
    with (
        closing(Desk(tmp_path / "writer.db", transport, "kim")) as writer,
        closing(Desk(tmp_path / "reader.db", ModelTransport(model), "alex")) as reader,
    ):
        order_id = writer.take().order_id
        other_id = writer.take().order_id
        writer.try_all()
        reader.try_all()
        for changed in (order_id, other_id, order_id):
            writer.move(changed, way(writer.shown(changed).status)[0])
        writer.send_all()
        start = len(model.events) - 3
        frames = [Frame(seq=seq, prev=seq - 1, event=model.events[seq - 1][2]) for seq in range(start + 1, start + 4)]
        for frame in (frames[0], frames[2]):
            assert isinstance(frame.event, OrderStatusChanged)
            if not reader.sync.take_in(Frames(frames=(frame,), cursor=str(model.cursor(frame.seq)))):
                reader.sync.pull()
        return (
            {order.status for order in reader.cache.newest() if order.id == other_id},
            {model.orders[other_id].status},
        )


def test_a_lost_frame_is_noticed(tmp_path: Path) -> None:
    here, there = _seen_after_a_lost_frame(tmp_path)
    assert here == there


def test_without_the_look_at_prev_it_would_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Frame, "follows", lambda self, position: self.seq > position)
    here, there = _seen_after_a_lost_frame(tmp_path)
    assert here != there


# -- BEGIN IMMEDIATE


def _write_while_another_process_wants_to(directory: Path) -> None:
    path = directory / "orderbell.db"
    shop.lay_out(path)
    database = Database(file_url(path))
    with closing(database), closing(sqlite3.connect(path, timeout=0, check_same_thread=False)) as other:

        def work(transaction: Transaction) -> None:
            connection = transaction.connection
            connection.exec_driver_sql("SELECT count(*) FROM shops").all()
            with suppress(sqlite3.OperationalError):  # it has to wait: our transaction has begun to write
                other.execute("UPDATE shops SET name = 'theirs'")
                other.commit()
            connection.exec_driver_sql("UPDATE shops SET name = 'ours'")

        database.write_blocking(work)


@pytest.mark.sqlite_only("PostgreSQL has no IMMEDIATE; shops are locked")
def test_a_transaction_that_reads_and_then_writes_is_not_overtaken(tmp_path: Path) -> None:
    _write_while_another_process_wants_to(tmp_path)


@pytest.mark.sqlite_only("PostgreSQL has no IMMEDIATE; shops are locked")
def test_without_begin_immediate_it_would_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deferred = msgspec.structs.replace(dialects.SQLITE, begin_write="BEGIN")
    monkeypatch.setattr(dialects, "of", lambda _name: deferred)
    with pytest.raises(Unavailable, match="locked"):
        _write_while_another_process_wants_to(tmp_path)


# -- each operation acknowledged by itself, with what the answer says


def _sent_after_a_crash(tmp_path: Path) -> list[str]:
    """Which calls a client makes once it is back, having been killed right after the first of two answers."""
    transport = ModelTransport(FakeBackend())
    desk = Desk(tmp_path / "till.db", transport)
    desk.take()
    desk.take()
    first = desk.outbox.take(0)
    assert first is not None
    desk.sync.send(first)
    desk.close()  # nothing is kept in memory: as good as a kill
    transport.calls.clear()
    again = Desk(tmp_path / "till.db", transport)
    again.send_all()
    again.close()
    return transport.calls


def test_an_answer_is_kept_the_moment_it_is_there(tmp_path: Path) -> None:
    assert _sent_after_a_crash(tmp_path) == ["send"]


def test_without_that_it_would_be_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr(operation_table, "close", lambda *_any: None)
        assert len(_sent_after_a_crash(tmp_path)) > 1
