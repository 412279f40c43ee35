"""Windows over a fake shop. A test module may have a `backend` of its own, with people and orders in it."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from tests.support.customer_window import Stage, open_window
from tests.support.fake_api import FakeBackend
from tests.support.pos_window import Till, open_till


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend) -> Iterator[Till]:
    with open_till(qtbot, backend) as made:
        yield made


@pytest.fixture
def stage(qtbot: QtBot, backend: FakeBackend) -> Iterator[Stage]:
    with open_window(qtbot, backend) as made:
        yield made
