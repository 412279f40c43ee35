"""A PIN that was accepted once unlocks the till without a server, for its owner, and not for guessing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client import pin
from core.client.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    opened = LocalStore(tmp_path / "pos.db")
    yield opened
    opened.close()


def test_only_the_pin_that_was_accepted_last_is_right(store: LocalStore) -> None:
    assert not pin.may_try(store, "kim")
    pin.keep(store, "kim", "1234")
    assert pin.check(store, "kim", "1234")
    pin.keep(store, "kim", "5678")
    assert not pin.check(store, "kim", "1234")
    assert pin.check(store, "kim", "5678")


def test_nobody_else_comes_in_with_it(store: LocalStore) -> None:
    pin.keep(store, "kim", "1234")
    assert not pin.may_try(store, "alex")
    assert not pin.check(store, "alex", "1234")


def test_guessing_ends_after_five_and_restarting_does_not_help(store: LocalStore, tmp_path: Path) -> None:
    pin.keep(store, "kim", "1234")
    assert [pin.check(store, "kim", guess) for guess in ("0000", "1111", "2222")] == [False] * 3
    store.close()
    again = LocalStore(tmp_path / "pos.db")
    try:
        assert [pin.check(again, "kim", guess) for guess in ("3333", "4444")] == [False] * 2
        assert not pin.may_try(again, "kim")
        assert not pin.check(again, "kim", "1234")
        pin.keep(again, "kim", "1234")  # the server has accepted it
        assert pin.check(again, "kim", "1234")
    finally:
        again.close()


def test_a_right_pin_gives_all_tries_back(store: LocalStore) -> None:
    pin.keep(store, "kim", "1234")
    for _ in range(3):
        for guess in ("0000", "1111", "2222", "3333"):
            assert not pin.check(store, "kim", guess)
        assert pin.check(store, "kim", "1234")


def test_the_pin_is_not_in_the_file_and_gone_with_sign_out(store: LocalStore) -> None:
    pin.keep(store, "kim", "77441199")
    with store.reading() as db:
        kept = db.execute("SELECT * FROM pin").fetchone()
    assert "77441199" not in str(kept)
    pin.forget(store)
    assert not pin.may_try(store, "kim")
