"""Old events are forgotten by themselves, while the backend runs."""

import threading
from pathlib import Path
from typing import Any

import pytest

from core.server.settings import ServerSettings
from core.store import events
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.push.test_feed import page, snapshot
from tests.support import databases, shop
from tests.support.server import ServerThread

DAY_US = 86_400_000_000


def test_what_is_too_old_goes_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server)
        cursors = [snapshot(ada).cursor]
        for _ in range(8):
            ada.place()
            cursors.append(snapshot(ada).cursor)
        server.database.write_blocking(
            lambda tx: tx.connection.exec_driver_sql(
                databases.placed("UPDATE events SET at = at - ? WHERE seq <= 5"), (2 * DAY_US,)
            )
        )
    steps: list[int] = []
    done = threading.Event()
    trim = events.trim

    def noted(transaction: Transaction, **wanted: Any) -> int:
        steps.append(trim(transaction, **wanted))
        if sum(steps) == 5:
            done.set()
        return steps[-1]

    monkeypatch.setattr(events, "trim", noted)
    monkeypatch.setattr("core.server.push.retention.STEP", 2)
    monkeypatch.setattr("core.server.push.retention.PAUSE_S", 0.05)
    with ServerThread(tmp_path, ServerSettings(port=0, data_dir=str(tmp_path), events_days=1)) as server:
        assert done.wait(20)
        ada = calls.customer(server)
        assert ada.get("/api/events/", params={"cursor": cursors[4]}).json()["type"] == "gone"
        assert [frame.seq for frame in page(ada, cursors[6]).frames] == [7, 8]
        assert snapshot(ada).total == 8  # orders stay
    assert sum(steps) == 5
    assert max(steps) == 2
