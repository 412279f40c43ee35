"""Two POSs with one order, and engines that run."""

from collections.abc import Callable, Iterator

import pytest

from core.client.sync import engine as engines
from tests.support.desk import Desk
from tests.support.engines import WITHIN_S, Running
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.unit.conftest import OpenDesk


@pytest.fixture
def two(open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend) -> tuple[Desk, Desk]:
    """Two tills that both have one confirmed order, unpaid."""
    one = open_desk("one", "kim")
    other = open_desk("other", "alex", ModelTransport(shop))
    one.take(series="POS1")
    one.try_all()
    other.try_all()
    return one, other


@pytest.fixture
def run(
    transport: ModelTransport, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Running]]:
    monkeypatch.setattr(engines, "backoff_s", lambda _attempt: 0.01)
    running: list[Running] = []

    def start() -> Running:
        running.append(Running(open_desk(), transport))
        running[-1].engine.start()
        return running[-1]

    yield start
    for each in running:
        each.engine.stop(WITHIN_S)
