"""What the sync engine tells in its own threads reaches the store and the chip in the window's."""

import threading
from datetime import UTC, datetime

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core import clock
from core.client.announcer import Announcement, Announcer
from core.client.errors import Busy, NotKept, Unreachable, WrongClock
from core.client.order_store import Changes, OrderStore
from core.client.sync.engine import ConnectionState, SyncStatus
from core.client.sync.outbox import Counts
from core.client.sync.updates import Changed, Update
from core.domain.commands import TakeOrder
from core.domain.order import NewLine, Order
from core.ui.app import put_in_half
from core.ui.bridge import Bridge
from core.ui.widgets.connection_chip import ConnectionChip
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA


def an_order() -> Order:
    return FakeBackend().add_order(TakeOrder(lines=(NewLine(item_id=SODA.id),)), None, "POS1")


def elsewhere(call: object, *arguments: object) -> None:
    thread = threading.Thread(target=call, args=arguments)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_news_reach_the_store_in_the_windows_thread(qtbot: QtBot) -> None:
    store = OrderStore()
    bridge = Bridge(store)
    threads: list[threading.Thread] = []
    seen: list[Changes] = []

    def listen(changes: Changes) -> None:
        threads.append(threading.current_thread())
        seen.append(changes)

    store.subscribe(listen)
    order = an_order()
    elsewhere(bridge.on_changed, Changed(updates=(Update(order_id=order.id, row=order, shown=order),)))
    assert len(store) == 0, "it must not be told in the engine's thread"
    qtbot.waitUntil(lambda: store.get(order.id) == order)
    assert threads == [threading.main_thread()]
    assert seen[0].added == (order.id,)


def test_what_happened_while_away_is_summed_up(qtbot: QtBot) -> None:
    store = OrderStore()
    bridge = Bridge(store)
    told: list[Announcement] = []
    summed: list[int] = []
    order = an_order()
    announcer = Announcer(store, told.append, summed.append, now=lambda: datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC))
    announcer.start()
    bridge.announce_with(announcer)
    elsewhere(bridge.on_changed, Changed(updates=(Update(order_id=order.id, row=order, shown=order),), backlog=True))
    qtbot.waitUntil(lambda: summed == [1])
    assert told == []


def test_the_chip_tells_live_from_offline(qtbot: QtBot) -> None:
    bridge = Bridge(OrderStore())
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    bridge.sync_status_changed.connect(chip.set_sync_status)
    with qtbot.waitSignal(bridge.sync_status_changed):
        elsewhere(
            bridge.on_sync_status, SyncStatus(state=ConnectionState.LIVE, latency_ms=22.6, fresh_at_s=clock.now_s())
        )
    assert (chip.state, chip.text()) == ("good", "● Live · updated 0 s ago"), "how old, not how quick"
    assert "A message takes 23 ms." in chip.explanation()
    with qtbot.waitSignal(bridge.sync_status_changed):
        elsewhere(
            bridge.on_sync_status,
            SyncStatus(
                state=ConnectionState.OFFLINE, counts=Counts(waiting=2, conflicts=1), problem=Unreachable("No answer.")
            ),
        )
    assert chip.state == "bad"
    assert "Offline" in chip.text()
    assert "Offline · 2 waiting to send · 1 to decide" in chip.text()
    with qtbot.waitSignal(bridge.sync_status_changed):
        elsewhere(bridge.on_sync_status, SyncStatus(state=ConnectionState.LIVE))
    assert (chip.state, chip.text()) == ("good", "● Live")


def test_where_the_chip_has_little_room_it_says_what_matters_most(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    counts = Counts(waiting=12)
    chip.set_sync_status(SyncStatus(state=ConnectionState.OFFLINE, counts=counts, problem=Unreachable("No answer.")))
    chip.show()
    assert chip.text() == "▲ Offline · 12 waiting to send"
    least = chip.minimumSizeHint().width()
    assert least < chip.sizeHint().width() / 2
    chip.resize(least, chip.height())
    narrow = chip.grab()
    chip.setText("▲ Offline")
    assert narrow.toImage() == chip.grab().toImage()


def test_what_is_told_of_one_person_is_not_the_next_ones(qtbot: QtBot) -> None:
    bridge = Bridge(OrderStore())
    first, theirs = bridge.store, an_order()
    elsewhere(bridge.on_changed, Changed(updates=(Update(order_id=theirs.id, row=theirs, shown=theirs),)))
    qtbot.waitUntil(lambda: len(first) == 1)
    bridge.renew()
    assert len(bridge.store) == 0
    own = an_order()
    elsewhere(bridge.on_changed, Changed(updates=(Update(order_id=own.id, row=own, shown=own),)))
    qtbot.waitUntil(lambda: [order.id for order in bridge.store] == [own.id])
    assert [order.id for order in first] == [theirs.id]


def test_an_engine_that_has_yet_to_try_is_not_offline(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    chip.set_sync_status(SyncStatus())
    assert "Offline" not in chip.text()
    chip.set_sync_status(SyncStatus(problem=Unreachable("No answer.")))
    assert "Offline" in chip.text()


def test_a_full_disk_is_said_although_the_server_answers(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    full = NotKept("This machine's disk is full, or cannot be written to. Tell the admin.")
    chip.set_sync_status(SyncStatus(state=ConnectionState.LIVE, counts=Counts(waiting=2), hindered=full))
    assert (chip.state, chip.text()) == ("bad", "▲ Nothing was saved · 2 waiting to send")
    assert full.message in chip.explanation()
    chip.set_sync_status(SyncStatus(state=ConnectionState.OFFLINE, problem=Unreachable("No answer."), hindered=full))
    assert "Offline" in chip.text()


def test_what_a_server_says_that_cannot_write_is_on_the_chip(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    full = Busy("Make room on it.", title="The server's disk is full", retry_after_s=10.0)
    chip.set_sync_status(SyncStatus(state=ConnectionState.LIVE, counts=Counts(waiting=2), hindered=full))
    assert (chip.state, chip.text()) == ("bad", "▲ The server's disk is full · 2 waiting to send")
    assert chip.explanation() == "The server's disk is full. Make room on it."
    chip.set_sync_status(SyncStatus(state=ConnectionState.OFFLINE, problem=full))
    assert "The server's disk is full" in chip.text()


def test_a_clock_by_which_a_certificate_is_not_good_is_named_with_what_it_says(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    wrong = WrongClock("By this machine's clock the server's certificate is not valid yet. Set the clock right.")
    wrong.says = datetime(2019, 1, 1, 12, tzinfo=UTC)
    chip.set_sync_status(SyncStatus(state=ConnectionState.OFFLINE, problem=wrong))
    assert chip.explanation().startswith("This machine's clock may be wrong. By this machine's clock")
    assert "It says " in chip.explanation()
    assert "19" in chip.explanation().partition("It says ")[2]


def test_the_chip_is_not_green_while_something_waits_for_a_decision(qtbot: QtBot) -> None:
    chip = ConnectionChip()
    qtbot.addWidget(chip)
    chip.set_sync_status(SyncStatus(state=ConnectionState.LIVE, counts=Counts(waiting=1)))
    assert chip.property("state") == "good"
    chip.set_sync_status(SyncStatus(state=ConnectionState.LIVE, counts=Counts(parked=1)))
    assert chip.property("state") == "old"
    assert chip.text().startswith("◐ Live")
    assert "waits for a decision" in chip.explanation()


def test_windows_of_the_demo_lie_side_by_side(qtbot: QtBot) -> None:
    left, right = QWidget(), QWidget()
    for window in (left, right):
        qtbot.addWidget(window)
        put_in_half(window, right=window is right)
    assert left.geometry().right() < right.geometry().left()
    assert left.width() == right.width() == left.screen().availableGeometry().width() // 2
