"""What a window is told last is what is so, whichever of the engine's threads told it."""

import threading

import pytest

from core.client.news import Changed
from core.client.sync import Sync
from tests.unit.conftest import OpenDesk


def test_a_thread_that_looked_before_another_does_not_tell_after_it(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.sync.pull()
    waiting = desk.take()
    looked, go_on = threading.Event(), threading.Event()
    look = Sync.everything

    def look_and_dawdle(sync: Sync) -> Changed:
        seen = look(sync)
        looked.set()
        assert go_on.wait(10)
        return seen

    monkeypatch.setattr(Sync, "everything", look_and_dawdle)
    slow = threading.Thread(target=desk.sync.tell_everything)
    slow.start()
    assert looked.wait(10)
    quick = threading.Thread(target=desk.send_all)
    quick.start()
    quick.join(0.5)  # without the guard it is done by now, and its news is overwritten by the older look
    go_on.set()
    for thread in (slow, quick):
        thread.join(10)
    row = desk.store.server_row(waiting.order_id)
    assert row is not None
    assert desk.store.get(waiting.order_id) == row
    assert not desk.store.waits(waiting.order_id)
