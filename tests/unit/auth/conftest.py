"""A window's file, and the keyring of its machine."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from core.client.storage.seal import Seal
from tests.support.sealing import Memory, opened


@pytest.fixture
def ring() -> Iterator[Memory]:
    before, made = keyring.get_keyring(), Memory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pos.db"


@pytest.fixture
def seal(path: Path) -> Iterator[Seal]:
    with opened(path) as made:
        yield made
