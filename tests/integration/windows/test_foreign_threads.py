"""No thread but the window's holds anything of Qt's: with everything under way that a window starts."""

import threading
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.client.display.display import Display
from core.client.http.api import HttpApi
from core.protocol.requests import DeviceSignIn
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.status_display.bootstrap import compose
from customer_view.status_display.settings import StatusDisplaySettings
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA
from tests.support import shop
from tests.support.customer_synced import synced_window
from tests.support.foreign import held_by
from tests.support.pos_synced import synced_till


def what_others_hold(before: set[threading.Thread]) -> dict[str, list[str]]:
    """By the name of each thread that a window has started, what it holds of Qt's; and it has started some."""
    begun = [each for each in threading.enumerate() if each not in before and not each.name.startswith("asyncio_")]
    assert begun
    return {each.name: held for each in begun if (held := held_by(each))}


def test_a_thread_that_holds_a_window_is_found(qapp: QApplication) -> None:
    gate, owner = threading.Event(), QObject()
    held: list[object] = [owner]
    thread = threading.Thread(target=lambda: gate.wait(30) and held)
    thread.start()
    try:
        assert any("QObject" in way for way in held_by(thread))
    finally:
        gate.set()
        thread.join()


def test_a_worker_that_waits_holds_nothing_of_its_last_job(qtbot: QtBot) -> None:
    before, jobs, owner = set(threading.enumerate()), Jobs(), QObject()
    done: list[object] = []
    jobs.run(lambda: owner.objectName(), done.append, done.append)
    qtbot.waitUntil(lambda: len(done) == 1)
    assert what_others_hold(before) == {}
    jobs.close(5)


def test_the_tills_threads(place: Place, tmp_path: Path, qtbot: QtBot) -> None:
    before = set(threading.enumerate())
    with synced_till(qtbot, place.server.url, tmp_path / "till") as till:
        till.arrive((shop.KIM.name, shop.KIM.pin))
        till.until_live()
        assert what_others_hold(before) == {}


def test_the_customers_threads(place: Place, tmp_path: Path, qtbot: QtBot) -> None:
    before = set(threading.enumerate())
    with synced_window(qtbot, place.server.url, tmp_path / "customer") as screen:
        screen.arrive(*ADA)
        screen.until_live()
        assert what_others_hold(before) == {}


def test_the_boards_threads(place: Place, qtbot: QtBot) -> None:
    before, url = set(threading.enumerate()), place.server.url
    source = Display(HttpApi(url), DeviceSignIn(device=shop.DISPLAY.name, secret=shop.DISPLAY.secret))
    window = compose(StatusDisplaySettings(full_screen=False, sounds=False, server_url=url), Theme("light"), source)
    window.show()
    qtbot.waitUntil(lambda: window._presenter.display_status.live)
    assert what_others_hold(before) == {}
    window.close()
    source.close()
