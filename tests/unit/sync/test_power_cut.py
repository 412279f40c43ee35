"""The power goes: whatever the disk kept of the client's file, every accepted operation is in it."""

import random
from pathlib import Path

import pytest

from core.client.operations import Owner
from core.client.storage import local_store
from core.client.storage.local_store import LocalStore
from core.client.storage.operation_table import open_ones
from tests.support import power_cut
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST

IMAGES = 400
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not power_cut.can_record(), reason="this SQLite cannot be reached into"),
]


def _work(path: Path, recorder: power_cut.Recorder) -> None:
    """Accept, send and pull for a while; each operation is promised once it is accepted."""
    desk = Desk(path, ModelTransport(FakeBackend()))
    for number in range(20):
        operation = desk.take()
        recorder.mark(operation.op_id)
        recorder.mark(desk.move(operation.order_id, FIRST).op_id)
        if number % 5 == 4:
            desk.try_all()
    desk.close()


def _lost(directory: Path, images: int) -> int:
    """How many of the images lack something that was promised, or cannot be opened."""
    (directory / "till").mkdir()
    with power_cut.recording(directory / "till") as recorder:
        _work(directory / "till" / "till.db", recorder)
    generator, lost = random.Random(20), 0
    # Before the first file is whole there is nothing to lose: the first promise comes after it.
    first = next(n for n, step in enumerate(recorder.steps) if step.what == "mark")
    for number in range(images):
        image = directory / f"image-{number}"
        image.mkdir()
        promised = recorder.image(generator, generator.randint(first + 1, len(recorder.steps)), image)
        try:
            store = LocalStore(image / "till.db")
        except local_store.LocalStoreError:
            lost += 1
            continue
        with store.reading() as db:
            kept = {row[0] for row in db.execute("SELECT op_id FROM operations")}
            healthy = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            open_ones(db, Owner("kim", "shop"))
        store.close()
        lost += not (promised <= kept and healthy)
    return lost


def test_nothing_accepted_is_lost(tmp_path: Path) -> None:
    assert _lost(tmp_path, IMAGES) == 0


def test_without_full_something_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = tuple(pragma.replace("FULL", "NORMAL") for pragma in local_store._PRAGMAS)
    assert careless != local_store._PRAGMAS
    monkeypatch.setattr(local_store, "_PRAGMAS", careless)
    assert _lost(tmp_path, 50) > 0
