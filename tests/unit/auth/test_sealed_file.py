"""What a window keeps to itself: sealed in its file, by a key from the keyring or from a file of its owner's."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from core.client.storage import local_store, session_file
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import SERVICE, KeptIn, Seal
from core.domain.ids import OpId
from core.domain.people import Person, Role
from core.protocol.replies import Tokens
from tests.support.sealing import Memory, written

TOKENS = Tokens(
    access_token="access of kim",
    refresh_token="refresh of kim",
    expires_in_s=600,
    person=Person(id="id of kim", role=Role.CASHIER, name="Name of Kim"),
)
PLAIN = b" of kim"
"""In all that is kept here, and never in what is sealed, which has no spaces; three letters may be there by chance."""


def keep(path: Path, *, use: bool = True) -> KeptIn | None:
    """Sign somebody in, in one run of the window."""
    with closing(LocalStore(path)) as store:
        seal = Seal(store, keyring=use)
        assert seal.kept_in is None  # nobody is asked before there is anything to keep
        session_file.keep(seal, TOKENS, OpId("op"))
        return seal.kept_in


def read(path: Path, *, use: bool = True) -> tuple[Tokens, OpId] | None:
    """Whose session a later run finds."""
    with closing(LocalStore(path)) as store:
        return session_file.read(Seal(store, keyring=use))


def test_the_key_is_in_the_keyring_and_the_tokens_are_nowhere_to_be_read(ring: Memory, path: Path) -> None:
    assert keep(path) is KeptIn.KEYRING
    assert list(ring.held) == [(SERVICE, str(path))]
    assert not path.with_suffix(".key").exists()
    assert PLAIN not in written(path).lower()
    assert read(path) == (TOKENS, "op")
    ring.held.clear()
    assert read(path) is None  # the file alone gives nobody a session


@pytest.mark.parametrize("broken", ["locked", "forgetful"])
def test_without_a_keyring_to_rely_on_there_is_a_file_of_the_owners(ring: Memory, path: Path, broken: str) -> None:
    setattr(ring, broken, True)
    assert keep(path) is KeptIn.FILE
    assert PLAIN not in path.read_bytes().lower()
    assert read(path) == (TOKENS, "op")
    if os.name == "posix":
        for each in (path, path.with_suffix(".key")):
            assert each.stat().st_mode & 0o077 == 0, each


def test_no_keyring_is_asked_where_none_is_wanted(ring: Memory, path: Path) -> None:
    assert keep(path, use=False) is KeptIn.FILE
    assert ring.held == {}
    assert read(path, use=False) == (TOKENS, "op")


def test_a_keyring_that_comes_later_takes_the_key_over(ring: Memory, path: Path) -> None:
    ring.locked = True
    keep(path)
    ring.locked = False
    assert read(path) == (TOKENS, "op")
    assert not path.with_suffix(".key").exists()
    assert read(path) == (TOKENS, "op")


def test_a_run_without_the_keyring_costs_no_more_than_a_sign_in(ring: Memory, path: Path) -> None:
    keep(path)
    ring.locked = True
    assert read(path) is None
    assert keep(path) is KeptIn.FILE
    ring.locked = False
    assert read(path) == (TOKENS, "op")  # the keyring's key is another one; the file's is still tried
    assert keep(path) is KeptIn.KEYRING


def test_a_key_file_that_is_none_is_made_anew(path: Path) -> None:
    keep(path)
    path.with_suffix(".key").write_text("not a key", encoding="ascii")
    assert read(path) is None
    keep(path)
    assert read(path) == (TOKENS, "op")


def test_signing_out_leaves_nothing(path: Path) -> None:
    keep(path)
    with closing(LocalStore(path)) as store:
        session_file.keep(Seal(store), None, OpId(""))
    assert read(path) is None


def test_the_session_of_an_earlier_release_is_sealed_and_wiped(ring: Memory, path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:  # as the release before wrote it
        for script in local_store._LEDGER[:2]:
            db.executescript(script)
        db.execute("INSERT INTO session VALUES (1, ?, ?)", (msgspec.json.encode(TOKENS), "op"))
        db.execute("PRAGMA user_version = 2")
        db.commit()
    assert b"refresh of kim" in written(path)
    assert read(path) == (TOKENS, "op")
    assert b"refresh of kim" not in written(path)
    assert read(path) == (TOKENS, "op")
