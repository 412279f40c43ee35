"""The power goes at the server: whatever the disk kept of its file, everything that was answered is in it."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from core.store.sql import dialects
from tests.integration import calls
from tests.support import power_cut, shop
from tests.support.server import ServerThread

pytestmark = [
    pytest.mark.skipif(not power_cut.can_record(), reason="this SQLite cannot be reached into"),
    pytest.mark.sqlite_only("disks are made of what SQLite wrote"),
]


def _lost(directory: Path, images: int) -> int:
    """How many images lack an order that was answered with 201, or are not whole."""
    place = directory / "server"
    shop.lay_out(place / "orderbell.db")
    start = (place / "orderbell.db").read_bytes()
    with power_cut.recording(place) as recorder, ServerThread(place) as server:
        ada, kim = calls.customer(server, shop.ADA), calls.staff(server, shop.KIM)
        recorder.steps.insert(0, power_cut.Step("write", "orderbell.db", 0, start))
        recorder.steps.insert(1, power_cut.Step("sync", "orderbell.db"))
        for _ in range(15):
            order = ada.place()
            recorder.mark(order["id"] + ":1")
            assert kim.move(order, "confirmed").status_code == 200
            recorder.mark(order["id"] + ":2")
        last = len(recorder.steps)
    generator, lost = random.Random(21), 0
    first = next(n for n, step in enumerate(recorder.steps) if step.what == "mark")
    for number in range(images):
        image = directory / f"image-{number}"
        image.mkdir()
        promised = recorder.image(generator, generator.randint(first + 1, last), image)
        with closing(sqlite3.connect(image / "orderbell.db")) as db:
            kept = {f"{row[0]}:{row[1]}" for row in db.execute("SELECT order_id, version FROM status_history")}
            lost += not (promised <= kept and db.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    return lost


def test_nothing_answered_is_lost(tmp_path: Path) -> None:
    assert _lost(tmp_path, 400) == 0


def test_without_full_something_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas = tuple(pragma.replace("FULL", "NORMAL") for pragma in dialects.SQLITE.on_connect)
    assert pragmas != dialects.SQLITE.on_connect
    careless = msgspec.structs.replace(dialects.SQLITE, on_connect=pragmas)
    monkeypatch.setattr(dialects, "of", lambda _name: careless)
    assert _lost(tmp_path, 40) > 0
