"""What a till does when the server no longer trusts it, its cashier, or their guesses; and what it knows of others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.client.sync.outbox import Counts
from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from core.server.accounts import throttle
from core.server.http import origin
from core.ui import app as ui_app
from pos_app.settings import PosSettings
from tests.integration.conftest import Place
from tests.integration.devices.test_pairing import paired
from tests.support import shop
from tests.support.customer_synced import Cable, cable_to
from tests.support.pos_synced import synced_till
from tests.support.steps import NEXT

S = OrderStatus
KIM = (shop.KIM.name, shop.KIM.pin)


@pytest.fixture
def cable(place: Place) -> Iterator[Cable]:
    with cable_to(place.server.url) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "till" / "pos.db"


def test_a_till_that_is_revoked_says_so_keeps_what_waits_and_sends_it_once_it_is_paired_again(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    order = OrderId(place.ada.place()["id"])
    paired(qtbot, place, path, "POS21")
    with synced_till(qtbot, cable.url, path.parent, device="POS21") as till:
        till.window.sign_in_page.offer_pairing(again=True)
        till.arrive(KIM)
        till.until_live()
        cable.pull()
        till.until_offline()
        till.step(order)
        assert place.alex.post("/api/admin/devices/POS21/revoke/").status_code == 204
        cable.plug()
        till.api.try_now()
        qtbot.waitUntil(lambda: not till.window.signed_in)
        told = till.text("sign_in_reason")
        assert "1 waiting to send" in told
        assert "It is kept here" in told
        till.sign_in(KIM)
        qtbot.waitUntil(lambda: "If this POS was revoked, pair it again" in till.text("sign_in_error"))
        with qtbot.waitSignal(till.window.sign_in_page.pairing_wanted):
            till.click("pair_till")
        assert till.window.sign_in_page.pairing_chosen
    paired(qtbot, place, path, "POS21")
    with synced_till(qtbot, cable.url, path.parent, device="POS21") as till:
        till.arrive(KIM)
        till.until_live()
        till.until_sent()
    assert place.kim.get(f"/api/pos/orders/{order}/").json()["order"]["status"] == NEXT


def test_a_till_on_the_network_that_was_never_paired_says_what_to_do_and_offers_it(
    place: Place, path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "is_here", lambda *_: False)
    with synced_till(qtbot, place.server.url, path.parent) as till:
        till.window.sign_in_page.offer_pairing(again=False)
        till.sign_in(KIM)
        qtbot.waitUntil(lambda: till.sees("sign_in_error"))
        assert till.text("sign_in_error") == (
            "Pair this POS first. Ask an admin for a code: orderbell devices pair POS1 --kind pos"
        )
        assert till.find_line("pin").property("invalid") is not True
        offered = till.window.findChild(QPushButton, "pair_till")
        assert offered is not None
        assert offered.hasFocus()
        with qtbot.waitSignal(till.window.sign_in_page.pairing_wanted):
            qtbot.keyClick(offered, Qt.Key.Key_Space)
    paired(qtbot, place, path, "POS23")
    with synced_till(qtbot, place.server.url, path.parent, device="POS23") as till:
        till.arrive(KIM)
        till.until_live()


def test_too_many_wrong_pins_are_counted_down_and_not_guessed_on_here(
    place: Place, cable: Cable, path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ACCOUNT", 2)
    paired(qtbot, place, path, "POS22")
    with synced_till(qtbot, cable.url, path.parent, device="POS22") as till:
        till.arrive(KIM)
        till.until_live()
        till.window.lock()
        till.type("staff_name", shop.ALEX.name)
        for _ in range(2):
            till.type("pin", "0000")
            till.click("sign_in")
            qtbot.waitUntil(lambda: "The name or the PIN is wrong" in till.text("sign_in_error"))
            till.settle()
        till.type("pin", shop.ALEX.pin)
        till.click("sign_in")
        qtbot.waitUntil(lambda: "Too many wrong PINs. Try again in " in till.text("sign_in_error"))
        assert not till.window.signed_in
        assert not till.find_line("pin").isEnabled()
        first = till.text("sign_in_error")
        qtbot.waitUntil(lambda: till.text("sign_in_error") != first)
        with monkeypatch.context() as patch:  # an admin may have unlocked it since, so it may be asked again
            patch.setattr("pos_app.sign_in.page._ASK_AGAIN_S", 0.0)
            qtbot.waitUntil(till.find_line("pin").isEnabled)
            assert "Try again in " in till.text("sign_in_error")
        till.type("staff_name", KIM[0])  # others are not locked
        assert till.find_line("pin").isEnabled()
        assert not till.sees("sign_in_error")
        till.type("pin", KIM[1])
        till.click("sign_in")
        qtbot.waitUntil(lambda: till.window.signed_in)


def test_the_sync_page_shows_the_shops_devices_and_where_the_key_is(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    with synced_till(qtbot, cable.url, path.parent) as till:
        till.arrive(KIM)
        till.until_live()
        till.click("nav_sync")
        qtbot.waitUntil(lambda: "BOARD1" in till.words("devices"))
        assert "POS1" in till.words("devices")
        assert "a file that only its user may read" in till.text("sync_kept")
        cable.pull()
        till.until_offline()
        till.sync_page.devices.refresh()
        qtbot.waitUntil(lambda: "Only the server knows" in till.words("devices"))
        assert "BOARD1" not in till.words("devices")
        cable.plug()
        till.api.try_now()
        qtbot.waitUntil(lambda: "BOARD1" in till.words("devices"))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What boxes said."""
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.text()))
    monkeypatch.setattr(ui_app, "has_display", lambda: True)
    return told


def test_a_window_that_closes_says_what_it_keeps(
    qapp: QApplication, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Counts(waiting=2, conflicts=1)
    ui_app.show_kept(qapp, counts, PosSettings())
    assert shown[0].startswith("2 waiting to send · 1 to decide\nIt is kept here")
    assert shown[0] in capsys.readouterr().err
    ui_app.show_kept(qapp, Counts(), PosSettings())
    assert len(shown) == 1


def test_a_desktop_that_shuts_down_is_not_held_up(qapp: QApplication, shown: list[str]) -> None:
    qapp.setProperty("ending", True)
    try:
        ui_app.show_kept(qapp, Counts(waiting=1), PosSettings())
    finally:
        qapp.setProperty("ending", None)
    assert shown == []
