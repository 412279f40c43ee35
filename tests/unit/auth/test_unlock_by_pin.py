"""A PIN that was accepted once unlocks the till without a server, for its owner, and not for guessing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.client.device import unlock
from core.client.errors import NotKept
from core.client.storage import local_store
from core.client.storage.seal import Seal
from tests.support.full_disk import Failing
from tests.support.sealing import Memory, opened, written

pytestmark = pytest.mark.usefixtures("ring")


def test_only_the_pin_that_was_accepted_last_is_right(seal: Seal) -> None:
    assert not unlock.may_attempt(seal, "kim")
    unlock.keep(seal, "kim", "1234")
    assert unlock.check(seal, "kim", "1234")
    unlock.keep(seal, "kim", "5678")
    assert not unlock.check(seal, "kim", "1234")
    assert unlock.check(seal, "kim", "5678")


def test_a_disk_that_was_full_costs_nobody_their_way_back(
    path: Path, ring: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, factory=Failing))
    with opened(path) as seal, seal.store.reading() as disk:
        assert isinstance(disk, Failing)
        unlock.keep(seal, "kim", "1234")
        for at in range(2):  # the statement, and the commit
            disk.arm(at)
            with pytest.raises(NotKept):
                unlock.check(seal, "kim", "1234")
            disk.disarm()
            assert unlock.check(seal, "kim", "1234"), "and every try was counted, or not made"
    with opened(path) as seal:
        assert unlock.check(seal, "kim", "1234")


def test_nobody_else_comes_in_with_it(seal: Seal) -> None:
    unlock.keep(seal, "kim", "1234")
    assert not unlock.may_attempt(seal, "alex")
    assert not unlock.check(seal, "alex", "1234")


def test_guessing_ends_after_five_and_restarting_does_not_help(path: Path) -> None:
    with opened(path) as seal:
        unlock.keep(seal, "kim", "1234")
        assert [unlock.check(seal, "kim", guess) for guess in ("0000", "1111", "2222")] == [False] * 3
    with opened(path) as seal:
        assert [unlock.check(seal, "kim", guess) for guess in ("3333", "4444")] == [False] * 2
        assert not unlock.may_attempt(seal, "kim")
        assert not unlock.check(seal, "kim", "1234")
        unlock.keep(seal, "kim", "1234")  # the server has accepted it
        assert unlock.check(seal, "kim", "1234")


@pytest.mark.parametrize("use", [True, False])
def test_putting_the_file_of_before_back_gives_no_tries_back(path: Path, ring: Memory, use: bool) -> None:
    with opened(path, use=use) as seal:
        unlock.keep(seal, "kim", "1234")
    before = path.read_bytes()
    with opened(path, use=use) as seal:
        assert unlock.may_attempt(seal, "kim")
        assert not unlock.check(seal, "kim", "0000")
    path.write_bytes(before)
    with opened(path, use=use) as seal:
        assert not unlock.may_attempt(seal, "kim")
        assert not unlock.check(seal, "kim", "1234"), "from now on only the server unlocks"


def test_no_value_in_the_file_can_be_changed_to_another_count(path: Path) -> None:
    """Whatever is written over it, it is either what it was or nothing."""
    with opened(path) as seal:
        unlock.keep(seal, "kim", "1234")
        for _ in range(unlock.MOST_WRONG):
            unlock.check(seal, "kim", "0000")
        with seal.store.transaction() as db:
            (value,) = db.execute("SELECT value FROM sealed WHERE name = 'pin'").fetchone()
        for at in range(0, len(value), 7):
            with seal.store.transaction() as db:
                changed = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
                db.execute("UPDATE sealed SET value = ? WHERE name = 'pin'", (changed,))
            assert not unlock.may_attempt(seal, "kim")


def test_without_the_keyring_that_counts_nobody_guesses(path: Path, ring: Memory) -> None:
    with opened(path) as seal:
        unlock.keep(seal, "kim", "1234")
        ring.locked = True
        assert not unlock.may_attempt(seal, "kim")
        assert not unlock.check(seal, "kim", "1234")
    ring.locked = False
    with opened(path) as seal:
        unlock.keep(seal, "kim", "1234")
        ring.read_only = True
        assert not unlock.check(seal, "kim", "1234"), "a try that cannot be counted is none"
        assert not unlock.may_attempt(seal, "kim")


def test_a_right_pin_gives_all_tries_back(seal: Seal) -> None:
    unlock.keep(seal, "kim", "1234")
    for _ in range(3):
        for guess in ("0000", "1111", "2222", "3333"):
            assert not unlock.check(seal, "kim", guess)
        assert unlock.check(seal, "kim", "1234")


def test_neither_the_pin_nor_its_hash_is_in_the_file_and_both_are_gone_with_sign_out(path: Path) -> None:
    with opened(path) as seal:
        unlock.keep(seal, "the id of kim", "77441199")
        kept = unlock._read(seal, "the id of kim")
        assert kept is not None
        for secret in (b"77441199", kept.hash, kept.salt, b"the id of kim"):  # so long that none is there by chance
            assert secret not in written(path)
        unlock.forget(seal)
        assert not unlock.may_attempt(seal, "the id of kim")


def test_what_an_earlier_release_kept_of_a_pin_is_wiped(path: Path) -> None:
    path.parent.mkdir()
    salt, hashed = b"salt-of-kims-pin", b"hash-of-kims-pin" * 4
    with closing(sqlite3.connect(path)) as db:  # as the release before wrote it
        for script in local_store._LEDGER[:4]:
            db.executescript(script)
        for wrong in range(3):
            db.execute("INSERT OR REPLACE INTO pin VALUES (1, 'kim', ?, ?, ?)", (salt, hashed, wrong))
        db.execute("PRAGMA user_version = 4")
        db.commit()
    assert hashed in written(path)
    with opened(path) as seal:
        assert not unlock.may_attempt(seal, "kim")
    assert hashed not in written(path)
    assert salt not in written(path)
