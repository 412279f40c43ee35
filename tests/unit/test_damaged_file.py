"""A window's file that a disk has damaged, or that cannot be written: a sentence, what can be read, a new start."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import pytest

from core.client import identity, ledger, recovery
from core.client.identity import Identity
from core.client.local import Damaged, InUse, LocalStore, LocalStoreError
from core.client.operations import Owner
from core.client.outbox import Outbox
from core.domain.ids import DeviceId, ShopId
from core.domain.people import DeviceKind
from core.domain.status import OrderStatus
from tests.support.desk import Desk
from tests.support.full_disk import needs_mount, small_disk
from tests.support.model_backend import ModelDoor, Shop

PAGE: Final = 4096
OWNER: Final = Owner("kim", "shop")


def _lay_out(path: Path) -> set[str]:
    """A till's file after a while, with operations that wait. Gives their op ids."""
    with closing(Desk(path, ModelDoor(Shop()))) as desk:
        known = Identity(
            name=DeviceId("POS1"),
            kind=DeviceKind.TERMINAL,
            shop=ShopId("shop"),
            shop_name="Shop",
            server_url="http://x",
        )
        with desk.local.transaction() as db:
            db.execute("INSERT INTO identity VALUES (1, ?)", (msgspec.json.encode(known),))
            db.execute("INSERT INTO sealed VALUES ('device', x'00')")
        desk.sync.pull()
        for _ in range(10):
            taken = desk.take()
            desk.move(taken.order_id, OrderStatus.PREPARING)
        desk.send_all()
        desk.sync.pull()
        for _ in range(12):
            taken = desk.take()
            desk.move(taken.order_id, OrderStatus.PREPARING)
        return {each.op_id for each in desk.outbox.open()}


def _tear(content: bytes, page: int, how: str) -> bytes:
    generator = random.Random(page)
    begin = page * PAGE
    if how == "zeros":
        return content[:begin] + bytes(PAGE) + content[begin + PAGE :]
    if how == "noise":
        return content[:begin] + generator.randbytes(PAGE) + content[begin + PAGE :]
    half = begin + PAGE // 2
    return content[:half] + generator.randbytes(PAGE // 2) + content[begin + PAGE :]


@pytest.mark.parametrize("how", ["zeros", "noise", "half"])
def test_whichever_page_is_torn_a_window_starts_and_saves_what_can_be_read(tmp_path: Path, how: str) -> None:
    origin = tmp_path / "origin.db"
    waiting = _lay_out(origin)
    content = origin.read_bytes()
    pages = len(content) // PAGE
    assert pages > 20
    damaged, saved = 0, []
    for page in range(pages):
        path = tmp_path / f"till-{page}.db"
        path.write_bytes(_tear(content, page, how))
        recovered = recovery.make_sound(path)
        with closing(LocalStore(path)) as store:
            outbox = Outbox(store, OWNER)
            kept = {each.op_id for each in outbox.open()}
            for each in outbox.open():
                assert each.asked is not None
            if recovered is None:
                assert kept == waiting, "what was not damaged is all there"
                continue
            damaged += 1
            saved.append(len(kept))
            assert recovered.operations == len(kept)
            assert kept <= waiting
            assert recovered.set_aside.read_bytes() == _tear(content, page, how), "it is kept as it is"
            with store.reading() as db:
                assert db.execute("SELECT count(*) FROM number_series").fetchone() == (0,), "told numbers are not known"
            assert (identity.read(store) is not None) == recovered.is_known, "it was paired"
        assert recovery.make_sound(path) is None
    assert damaged > pages // 2
    whole = sum(count == len(waiting) for count in saved)
    assert whole > damaged * 2 // 3, f"of {damaged} damaged files only {whole} had everything saved: {saved}"
    assert min(saved) > len(waiting) // 2, f"one page has taken more than its own: {saved}"
    assert len(list(tmp_path.glob("*.damaged-*"))) == damaged


def test_one_that_only_repeats_the_server_wrongly_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    waiting = _lay_out(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE orders SET row = 'nonsense'")
        db.commit()
    assert recovery.make_sound(path) is None
    with closing(LocalStore(path)) as store:
        assert {each.op_id for each in Outbox(store, OWNER).open()} == waiting


def test_an_operation_that_cannot_be_read_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    waiting = _lay_out(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE operations SET seen = 'nonsense' WHERE position = (SELECT max(position) FROM operations)")
        db.commit()
    recovered = recovery.make_sound(path)
    assert recovered is not None
    assert recovered.operations == len(waiting) - 1


def test_no_file_at_all_is_no_damage(tmp_path: Path) -> None:
    assert recovery.make_sound(tmp_path / "till.db") is None
    assert not (tmp_path / "till.db").exists()


def test_what_lies_in_the_log_beside_it_is_saved_too(tmp_path: Path) -> None:
    """The window fell over: its newest operations are in the log and not yet in the file."""
    path, fallen = tmp_path / "till.db", tmp_path / "fallen"
    _lay_out(path)
    fallen.mkdir()
    with closing(Desk(path, ModelDoor(Shop()))) as desk:
        newest = desk.take().op_id
        for name in ("till.db", "till.db-wal"):
            (fallen / name).write_bytes((tmp_path / name).read_bytes())
    with closing(sqlite3.connect(fallen / "till.db")) as db:  # an index that says otherwise than its table
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE INDEX operations_done ON operations (tries)' "
            "WHERE name = 'operations_done'"
        )
        db.commit()
    recovered = recovery.make_sound(fallen / "till.db")
    assert recovered is not None
    with closing(LocalStore(fallen / "till.db")) as store, store.reading() as found:
        assert ledger.find(found, OWNER, newest) is not None


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_one_window_holds_a_file_by_whatever_name(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    with closing(LocalStore(tmp_path / "till.db")):
        try:
            link(tmp_path / "till.db", tmp_path / "other.db")
        except OSError:
            pytest.skip("this system makes no such links")
        with pytest.raises(InUse):
            LocalStore(tmp_path / "other.db")


def test_a_file_with_two_names_is_opened_by_neither(tmp_path: Path) -> None:
    """Each has a log of its own, and what a fall has left in one is missing under the other."""
    LocalStore(tmp_path / "till.db").close()
    os.link(tmp_path / "till.db", tmp_path / "other.db")
    for name in ("till.db", "other.db"):
        with pytest.raises(LocalStoreError, match=r"has another name too .*ends in -wal") as refused:
            LocalStore(tmp_path / name)
        assert not isinstance(refused.value, Damaged), "nothing is set aside"
    (tmp_path / "other.db").unlink()
    LocalStore(tmp_path / "till.db").close()


@needs_mount
def test_a_disk_that_can_only_be_read_is_a_sentence(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        LocalStore(disk.path / "till.db").close()
        disk.read_only()
        for path in (disk.path / "till.db", disk.path / "new.db", disk.path / "folder" / "new.db"):
            with pytest.raises(LocalStoreError, match=r"cannot be written: .*Make its folder writable") as refused:
                LocalStore(path)
            assert not isinstance(refused.value, Damaged)
            assert str(path) in str(refused.value)


def test_so_is_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStoreError, match="cannot be written"):
        LocalStore(tmp_path / "file" / "till.db")
