"""The board on the wall and the real backend: what the cashier does hangs over the counter, by push or by looking."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.client.display.display import Display
from core.client.http.api import HttpApi
from core.protocol.requests import DeviceSignIn
from core.ui.theme import Theme
from customer_view.status_display.bootstrap import compose
from customer_view.status_display.column import ColumnView
from customer_view.status_display.presenter import Freshness
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.window import StatusDisplayWindow
from tests.integration import calls
from tests.support import shop
from tests.support.server import ServerProcess, ServerThread

WITHIN_MS = 15_000
BLINK_S = 1.0


class Wall:
    """A board on the wall, and the door behind it."""

    def __init__(self, url: str, refresh_s: float, secret: str = shop.DISPLAY.secret, *, push: bool = True) -> None:
        self.source = Display(HttpApi(url), DeviceSignIn(device=shop.DISPLAY.name, secret=secret))
        settings = StatusDisplaySettings(
            refresh_s=refresh_s, push=push, full_screen=False, sounds=False, server_url=url
        )
        self.window: StatusDisplayWindow = compose(settings, Theme("light"), self.source)
        self.presenter = self.window._presenter

    def column(self, name: str) -> str:
        column = self.window.findChild(ColumnView, name)
        assert column is not None
        return column.accessibleName()

    def take_down(self) -> None:
        self.window.close()
        self.source.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as running:
        yield running


@pytest.fixture
def walls(qapp: QApplication) -> Iterator[list[Wall]]:
    hung: list[Wall] = []
    yield hung
    for wall in hung:
        wall.take_down()


@pytest.mark.parametrize("push", [True, False], ids=["by push", "by looking alone"])
def test_from_the_till_to_the_wall(server: ServerThread, walls: list[Wall], qtbot: QtBot, push: bool) -> None:
    wall = Wall(server.url, refresh_s=3600.0 if push else 0.3, push=push)
    walls.append(wall)
    wall.window.show()
    qtbot.waitUntil(lambda: wall.presenter.display_status.freshness is Freshness.FRESH, timeout=WITHIN_MS)
    if push:
        qtbot.waitUntil(lambda: wall.presenter.display_status.live, timeout=WITHIN_MS)
    kim = calls.staff(server)
    order = kim.bring(calls.customer(server).place(), "confirmed")
    digits = order["number"].rpartition("-")[2].lstrip("0")
    for status, column, words in (
        ("preparing", "preparing", f"ONLINE {digits}"),
        ("ready", "ready", f"ONLINE {digits}"),
        ("completed", "ready", "Nothing at the moment"),
    ):
        order = kim.bring(order, status)
        acknowledged = time.monotonic()
        qtbot.waitUntil(lambda column=column, words=words: words in wall.column(column), timeout=WITHIN_MS)  # type: ignore[misc]
        assert time.monotonic() - acknowledged < BLINK_S
    assert wall.presenter.display_status.live is push


def test_the_server_goes_and_comes_back(tmp_path: Path, walls: list[Wall], qtbot: QtBot) -> None:
    """Killed, it leaves doubt behind; started again on its port, it is believed again, and nobody touched a thing."""
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerProcess(tmp_path) as first:
        url, port = first.url, first.url.rpartition(":")[2]
        kim = calls.staff(first)
        order = kim.bring(calls.customer(first).place(), "preparing")
        wall = Wall(url, refresh_s=0.3)
        walls.append(wall)
        wall.window.show()
        qtbot.waitUntil(lambda: wall.presenter.display_status.live, timeout=WITHIN_MS)
        first.kill()
        qtbot.waitUntil(lambda: wall.presenter.display_status.freshness is Freshness.STALE, timeout=WITHIN_MS)
        assert "ONLINE" in wall.column("preparing")
    with ServerProcess(tmp_path, "--port", port):
        qtbot.waitUntil(lambda: wall.presenter.display_status.freshness is Freshness.FRESH, timeout=WITHIN_MS)
        qtbot.waitUntil(lambda: wall.presenter.display_status.live, timeout=WITHIN_MS)
        kim.bring(order, "ready")
        qtbot.waitUntil(lambda: "ONLINE" in wall.column("ready"), timeout=WITHIN_MS)


def test_a_wrong_code_is_told_and_tried_again(server: ServerThread, walls: list[Wall], qtbot: QtBot) -> None:
    wall = Wall(server.url, refresh_s=0.2, secret="not the code")
    walls.append(wall)
    wall.window.show()
    qtbot.waitUntil(lambda: wall.presenter.display_status.problem is not None, timeout=WITHIN_MS)
    assert wall.window._nothing.accessibleName().startswith("This display is not known")
    wall.source._sign_in = DeviceSignIn(device=shop.DISPLAY.name, secret=shop.DISPLAY.secret)
    qtbot.waitUntil(lambda: wall.presenter.display_status.freshness is Freshness.FRESH, timeout=WITHIN_MS)


def test_a_session_that_was_ended_is_begun_anew(server: ServerThread, walls: list[Wall], qtbot: QtBot) -> None:
    wall = Wall(server.url, refresh_s=0.3)
    walls.append(wall)
    wall.window.show()
    qtbot.waitUntil(lambda: wall.presenter.display_status.live, timeout=WITHIN_MS)
    tokens = wall.source._http.tokens
    assert tokens is not None
    calls.Caller(server.url, {"access_token": tokens.access_token}).post("/api/auth/sign-out/")
    qtbot.waitUntil(lambda: wall.source._http.tokens not in (None, tokens), timeout=WITHIN_MS)
    qtbot.waitUntil(lambda: wall.presenter.display_status.live, timeout=WITHIN_MS)
    assert wall.presenter.display_status.freshness is Freshness.FRESH
