"""A shop that is a model, and tills of it that are driven by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport


class OpenDesk(Protocol):
    def __call__(
        self, name: str = "till", subject: str = "kim", at: ModelTransport | None = None, shop: str = "shop"
    ) -> Desk: ...


@pytest.fixture
def shop() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def transport(shop: FakeBackend) -> ModelTransport:
    return ModelTransport(shop)


@pytest.fixture
def open_desk(tmp_path: Path, transport: ModelTransport) -> Iterator[OpenDesk]:
    opened: list[Desk] = []

    def open_one(
        name: str = "till", subject: str = "kim", at: ModelTransport | None = None, shop: str = "shop"
    ) -> Desk:
        desk = Desk(tmp_path / f"{name}.db", at or transport, subject, shop)
        opened.append(desk)
        return desk

    yield open_one
    for desk in opened:
        desk.close()
