"""A window's file that a disk has damaged, or that cannot be written: a sentence, what can be read, a new start."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest

from core import settings
from core.client.device import identity, recovery
from core.client.device.identity import Identity
from core.client.errors import NotKept
from core.client.operations import Owner
from core.client.storage import local_store, mark, operation_table, window_id
from core.client.storage.local_store import Damaged, InUse, LocalStore, LocalStoreError
from core.client.sync.outbox import Outbox
from core.domain.ids import DeviceId, OpId, ShopId
from core.domain.people import DeviceKind
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.full_disk import needs_mount, small_disk
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST

PAGE: Final = 4096
OWNER: Final = Owner("kim", "shop")


def _lay_out(path: Path) -> set[str]:
    """A till's file after a while, with operations that wait. Gives their op ids."""
    with closing(Desk(path, ModelTransport(FakeBackend()))) as desk:
        known = Identity(
            name=DeviceId("POS1"),
            kind=DeviceKind.POS,
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
            desk.move(taken.order_id, FIRST)
        desk.send_all()
        desk.sync.pull()
        for _ in range(12):
            taken = desk.take()
            desk.move(taken.order_id, FIRST)
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
            assert recovered.set_aside is not None
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
    with closing(Desk(path, ModelTransport(FakeBackend()))) as desk:
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
        assert operation_table.find(found, OWNER, newest) is not None


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


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever runs this may read everything")
def test_so_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    LocalStore(path).close()
    path.chmod(0)
    with pytest.raises(LocalStoreError, match="cannot be written: this user has no right to"):
        recovery.make_sound(path)


def test_so_is_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "till.db").mkdir()
    with pytest.raises(LocalStoreError, match="is a folder") as refused:
        recovery.make_sound(tmp_path / "till.db")
    assert not isinstance(refused.value, Damaged)


@pytest.mark.parametrize("flip", [0x01, 0x78])
def test_whichever_byte_of_the_header_is_wrong_nothing_is_lost(tmp_path: Path, flip: int) -> None:
    path = tmp_path / "till.db"
    waiting = _lay_out(path)
    content = path.read_bytes()
    set_aside = set()
    for at in range(100):
        path.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
        if recovery.make_sound(path) is not None:
            set_aside.add(at)
        with closing(LocalStore(path)) as store, store.transaction() as db:
            assert {each.op_id for each in operation_table.open_ones(db, OWNER)} == waiting, f"byte {at}"
    assert {18, 60, 63, 68, 71} <= set_aside, "how it is written, and by which release"


class Fallen(NamedTuple):
    """A window's file and its log as a power cut has left them, in the file's own place."""

    path: Path
    file: bytes
    log: bytes
    before: list[OpId]
    """The operations that were in the file before the log was begun, and those since."""
    since: list[OpId]
    window: str

    def put_back(self, file: bytes, log: bytes) -> None:
        self.path.write_bytes(file)
        local_store.files_of(self.path)[1].write_bytes(log)


@pytest.fixture
def fallen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fallen:
    monkeypatch.setattr(local_store, "_EMPTIED_AFTER_S", 3600)
    path = tmp_path / "till.db"
    with closing(Desk(path, ModelTransport(FakeBackend()))) as desk:
        desk.sync.pull()
        window = window_id.of(desk.local)
        before = [desk.take().op_id for _ in range(3)]
    with closing(Desk(path, ModelTransport(FakeBackend()))) as desk:
        since = [desk.take().op_id for _ in range(6)]
        file, log = (each.read_bytes() for each in local_store.files_of(path))
    return Fallen(path, file, log, before, since, window)


def _found(path: Path) -> list[OpId]:
    with closing(LocalStore(path)) as store, store.reading() as db:
        return [each.op_id for each in operation_table.open_ones(db, OWNER)]


def test_a_window_that_fell_over_goes_on(fallen: Fallen) -> None:
    fallen.put_back(fallen.file, fallen.log)
    assert recovery.make_sound(fallen.path) is None
    assert _found(fallen.path) == fallen.before + fallen.since
    with closing(LocalStore(fallen.path)) as store:
        assert window_id.of(store) == fallen.window


def test_one_wrong_byte_in_its_log_loses_at_most_what_it_is_in(fallen: Fallen) -> None:
    generator = random.Random(9)
    frame = 24 + PAGE
    wrong = [*range(0, 32, 4), *(32 + n * frame + generator.randrange(frame) for n in range(len(fallen.log) // frame))]
    assert len(wrong) > 20
    lost = []
    for at in wrong:
        log = fallen.log[:at] + bytes([fallen.log[at] ^ 1]) + fallen.log[at + 1 :]
        fallen.put_back(fallen.file, log)
        recovered = recovery.make_sound(fallen.path)
        assert recovered is not None, f"byte {at}: not a word"
        found = _found(fallen.path)
        assert found == [each for each in fallen.before + fallen.since if each in found], "in their order"
        assert recovered.operations == len(found)
        if recovered.set_aside is not None:
            assert recovered.set_aside.read_bytes() == fallen.file
            assert local_store.files_of(recovered.set_aside)[1].read_bytes() == log
        with closing(LocalStore(fallen.path)) as store, store.reading() as db:
            assert db.execute("SELECT count(*) FROM number_series").fetchone() == (0,), "no number is given again"
        lost.append(len(fallen.before + fallen.since) - len(found))
    assert max(lost) <= 1
    assert sum(lost) < len(lost) // 4, "only a row's newest page is nowhere else"


def test_what_a_full_disk_does_not_let_be_saved_is_saved_at_the_next_start(
    fallen: Fallen, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fallen.log[:5000] + bytes([fallen.log[5000] ^ 1]) + fallen.log[5001:]
    fallen.put_back(fallen.file, log)

    def full(*_given: object) -> bool:
        raise NotKept("This machine's disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "_insert", full)
        with pytest.raises(LocalStoreError, match="cannot be saved: This machine's disk is full"):
            recovery.make_sound(fallen.path)
    assert [each.read_bytes() for each in local_store.files_of(fallen.path)] == [fallen.file, log]
    recovered = recovery.make_sound(fallen.path)
    assert recovered is not None
    assert recovered.operations == len(_found(fallen.path)) >= 8


@pytest.mark.parametrize("left", [0, 0.4, 0.9], ids=["gone", "cut", "cut at its end"])
def test_a_log_that_is_cut_or_gone_is_told_and_no_number_is_given_again(fallen: Fallen, left: float) -> None:
    fallen.put_back(fallen.file, fallen.log[: int(left * len(fallen.log))])
    if not left:
        local_store.files_of(fallen.path)[1].unlink()
    recovered = recovery.make_sound(fallen.path)
    assert recovered is not None
    assert recovered.set_aside is None, "it is sound"
    found = _found(fallen.path)
    assert recovered.operations == len(found)
    assert found == (fallen.before + fallen.since)[: len(found)]
    assert len(fallen.before) <= len(found) < 9
    with closing(LocalStore(fallen.path)) as store:
        assert window_id.of(store) != fallen.window
        with store.reading() as db:
            assert db.execute("SELECT count(*) FROM number_series").fetchone() == (0,)
    assert recovery.make_sound(fallen.path) is None, "it is said once"


def test_soon_after_it_was_accepted_an_operation_is_not_in_the_log_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_store, "_EMPTIED_AFTER_S", 0)
    path = tmp_path / "till.db"
    with closing(Desk(path, ModelTransport(FakeBackend()))) as desk:
        desk.sync.pull()
        accepted = [desk.take().op_id for _ in range(3)]
        with desk.local.lock:
            emptying = desk.local._emptying
        if emptying is not None:
            emptying.join()
        (tmp_path / "alone.db").write_bytes(path.read_bytes())
    assert _found(tmp_path / "alone.db") == accepted


def test_a_file_put_back_in_its_own_place_is_another_window(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    with closing(LocalStore(path)) as store:
        window = window_id.of(store)
    yesterday = path.read_bytes()
    with closing(LocalStore(path)) as store, store.transaction() as db:
        operation_table.series_at(db, "POS1", 7)
    today = path.read_bytes()
    path.write_bytes(yesterday)
    recovered = recovery.make_sound(path)
    assert recovered is not None
    with closing(LocalStore(path)) as store:
        assert window_id.of(store) != window
    path.write_bytes(today)
    assert recovery.make_sound(path) is None, "the newest there was"
    with closing(LocalStore(path)) as store:
        assert window_id.of(store) == window


def test_a_file_whose_mark_is_gone_is_another_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "till.db"
    with closing(LocalStore(path)) as store:
        window = window_id.of(store)
    monkeypatch.setattr(settings, "state_dir", lambda: tmp_path / "elsewhere")
    with closing(LocalStore(path)) as store:
        assert window_id.of(store) != window


def test_where_no_mark_can_be_kept_a_window_works_as_it_would_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(settings, "state_dir", lambda: tmp_path / "file" / "folder")
    path = tmp_path / "till.db"
    with closing(LocalStore(path)) as store:
        window = window_id.of(store)
    with closing(LocalStore(path)) as store:
        assert window_id.of(store) == window


def test_of_a_mark_that_was_torn_the_one_before_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "state_dir", lambda: tmp_path)
    kept = mark.Mark("w")
    assert kept.read() is None
    for count in (8, 9, 10):
        assert kept.keep(count)
    kept.close()
    assert kept.read() == 10
    content = (tmp_path / "windows" / "w").read_bytes()
    (tmp_path / "windows" / "w").write_bytes(b"torn" + content[4:])
    assert kept.read() == 9


def test_so_is_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStoreError, match="cannot be written"):
        LocalStore(tmp_path / "file" / "till.db")
