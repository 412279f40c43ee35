"""The customer's window and its own file: what it keeps, from whom, and what a person decides about it."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.client.http.api import HttpClient
from core.client.storage.local_store import Damaged, InUse, LocalStore, LocalStoreError
from core.client.sync.api import SyncedApi
from core.domain.ids import OpId
from core.ui import text
from core.ui.app import refuse
from core.ui.preflight import EXIT_CODE
from customer_view.settings import CustomerSettings
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA, GRACE, conflict, place_fries
from tests.support.customer_synced import Cable, Synced, synced_window


def test_kept_orders_are_shown_without_a_network_and_with_their_age(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    order = place.ada.place()
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:
        screen.arrive(*ADA)
        screen.until_live()
    cable.pull()
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:
        qtbot.waitUntil(lambda: screen.sees("order_list") and bool(screen.rows()))
        assert order["number"] in screen.rows()[0]
        screen.until_offline()
        assert "Updated" in screen.text("orders_freshness")
        assert not screen.notice(), "the chip says it, and nothing else has to be taken back"
        age = screen.window._visit._history.refresher.age_s  # type: ignore[union-attr]
        assert age is not None
        assert age > 0
        place_fries(screen)
        assert "New order, Waiting to send" in screen.rows()[0]
        cable.plug()
        screen.api.try_now()
        qtbot.waitUntil(lambda: "ONLINE-0" in screen.rows()[0] and not screen.window.store.outbox())
        screen.click("sign_out")
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit"))


def test_a_window_that_fell_over_does_not_show_the_last_customer(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    order = place.ada.place()
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:  # as if nothing had been tidied up
        screen.arrive(*ADA)
        screen.until_live()
    api = SyncedApi(
        HttpClient(cable.url),
        path / "customer.db",
        on_changed=lambda _changed: None,
        on_sync_status=lambda _sync_status: None,
    )
    api.forget()
    assert api.kept_s is None
    assert api.resume() is None
    api.close()
    assert str(order["number"]).encode() not in (path / "customer.db").read_bytes()


def test_a_second_window_on_the_same_file_is_refused(screen: Synced, cable: Cable, path: Path) -> None:
    with pytest.raises(InUse, match="in use"):
        SyncedApi(
            HttpClient(cable.url),
            path / "customer.db",
            on_changed=lambda _changed: None,
            on_sync_status=lambda _sync_status: None,
        )


def test_a_decision_is_made_without_a_mouse(place: Place, cable: Cable, screen: Synced, qtbot: QtBot) -> None:
    conflict(place, cable, screen)
    keep = screen.find(QPushButton, "decision_give_up")
    at: QWidget | None = screen.order_list
    for _ in range(20):
        assert at is not None
        qtbot.keyClick(at, Qt.Key.Key_Tab)
        at = screen.window.focusWidget()
        if at is keep:
            break
    assert at is keep
    qtbot.keyClick(keep, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not screen.sees("decision"))


def test_a_decision_pressed_twice_is_made_once(
    place: Place, cable: Cable, screen: Synced, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflict(place, cable, screen)
    discarded: list[str] = []
    discard = screen.api.discard

    def count(op_id: OpId, reason: str) -> None:
        discarded.append(op_id)
        discard(op_id, reason)

    monkeypatch.setattr(screen.api, "discard", count)
    keep = screen.find(QPushButton, "decision_give_up")
    keep.click()
    keep.click()
    qtbot.waitUntil(lambda: not screen.sees("decision") and screen.jobs.busy == 0)
    assert len(discarded) == 1


def test_many_visits_leave_nothing_behind(screen: Synced, qtbot: QtBot) -> None:
    """Engines, sockets, timers and news of one visit end with it."""
    for turn in range(6):
        screen.arrive(*(ADA, GRACE)[turn % 2])
        screen.click("sign_out")
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
        # Signing out waits for no answer that is under way: its thread ends with it.
        qtbot.waitUntil(lambda: not [each.name for each in threading.enumerate() if each.name.startswith("sync-")])
    assert screen.bridge._announcer is None


@pytest.mark.parametrize("error", [InUse("customer.db is in use."), Damaged("customer.db is damaged.")])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    error: LocalStoreError, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refuse(error, CustomerSettings(remote=True)) == EXIT_CODE
    told = capsys.readouterr().err
    assert str(error) in told
    assert ("--data-dir" in told) == isinstance(error, InUse)


def test_why_a_window_cannot_start_is_said_in_its_persons_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "customer.db").mkdir()
    (tmp_path / "file").touch()
    text.use_language("es_ES")
    try:
        for path in (tmp_path / "customer.db", tmp_path / "file" / "customer.db"):
            with pytest.raises(LocalStoreError) as refused:
                LocalStore(path)
            refuse(refused.value, CustomerSettings(remote=True))
    finally:
        text.use_language("en_US")
    folder, blocked = capsys.readouterr().err.splitlines()
    assert folder.startswith(f"{tmp_path / 'customer.db'} es una carpeta.")
    assert blocked.startswith(f"No se puede escribir {tmp_path / 'file' / 'customer.db'}: ya hay algo ")
