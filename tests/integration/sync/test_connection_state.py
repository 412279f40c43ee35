"""Offline is said when the network hangs, drips or refuses, when the server has lost its database, and no longer.

The figures are those of the product, a tenth as long, over a real backend and a proxy.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.client.http.api import HttpClient
from core.client.sync.engine import ConnectionState
from tests.integration.conftest import Place
from tests.support import postgres, shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.pos_synced import synced_till
from tests.support.synced import Screen

TENTH = 0.1
WITHIN_S = 35.0
"""Ten times what is claimed, for a busy machine."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.client.connection.SUSPECT_S", 20 * TENTH)
    monkeypatch.setattr("core.client.connection.ANSWER_S", 10 * TENTH)


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url, pause_s=1.0) as made:
        yield made


@pytest.fixture
def till(proxy: FaultProxy, tmp_path: Path) -> Iterator[Screen]:
    with Screen(proxy.url, tmp_path / "till.db") as made:
        made.staff()
        made.until_live()
        yield made
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()


def until(till: Screen, *states: ConnectionState) -> None:
    till.until(lambda: till.api.sync_status.state in states, WITHIN_S)


@pytest.fixture
def unsuspecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found out by silence: what failed has to say so."""
    for name in ("SUSPECT_S", "ANSWER_S", "SILENCE_S"):
        monkeypatch.setattr(f"core.client.connection.{name}", 3600.0)


@pytest.mark.usefixtures("unsuspecting")
def test_a_connection_that_is_refused_says_so_by_itself(proxy: FaultProxy, till: Screen) -> None:
    proxy.choose = lambda _line: Fault.REFUSE
    proxy.cut()
    until(till, ConnectionState.OFFLINE)


@pytest.mark.parametrize("fault", [Fault.HALF_OPEN, Fault.TRICKLE, Fault.REFUSE])
def test_a_network_that_fails_is_said_and_its_end_as_well(proxy: FaultProxy, till: Screen, fault: Fault) -> None:
    proxy.choose = lambda _line: fault
    if fault is Fault.REFUSE:
        proxy.cut()
    else:
        proxy.freeze(frozen=True)
    until(till, ConnectionState.OFFLINE)
    proxy.choose = lambda _line: Fault.NONE
    proxy.freeze(frozen=False)
    until(till, ConnectionState.LIVE, ConnectionState.POLLING)
    assert till.api.sync_status.problem is None or till.api.sync_status.state is ConnectionState.POLLING
    till.until_live()


@pytest.mark.postgresql_only("a file does not go away")
def test_a_server_without_its_database_is_not_live(till: Screen) -> None:
    postgres.server().stop()
    try:
        until(till, ConnectionState.OFFLINE)
    finally:
        postgres.server().start()
    until(till, ConnectionState.LIVE, ConnectionState.POLLING)
    till.until_live()


def test_a_page_that_was_answered_ends_it_and_hurries_the_page(
    place: Place, proxy: FaultProxy, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert HttpClient.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(HttpClient.__init__.__kwdefaults__, "timeout_s", (3.0, 3600.0))  # what hangs ends by no timeout
    with synced_till(qtbot, proxy.url, tmp_path, board_refresh_s=3600.0) as till:
        till.arrive((shop.KIM.name, shop.KIM.pin))
        till.until_live()
        proxy.choose = lambda _line: Fault.HALF_OPEN
        proxy.freeze(frozen=True)
        till.window.board.refresher.refresh()
        till.until_offline()
        assert till.window.board.refresher.running
        proxy.choose = lambda _line: Fault.NONE
        proxy.freeze(frozen=False)
        qtbot.waitUntil(lambda: "Offline" not in till.chip())
        qtbot.waitUntil(lambda: not till.window.board.refresher.running)
        age_s = till.window.board.refresher.age_s
        assert age_s is not None
        assert age_s < 3, "what hung was given up, and asked anew"
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
