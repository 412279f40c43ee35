"""What a person does is on the disk at once, and what is kept here is shown at once, while every read hangs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from core.client.errors import SignedOut
from core.client.sync.engine import ConnectionState
from core.domain.commands import TakeOrder
from core.domain.ids import ItemId, OrderId
from core.domain.order import NewLine
from core.domain.status import OrderStatus
from core.protocol import routes
from core.ui.ordering.menu_pane import MenuPane
from pos_app.order.details import Details
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA
from tests.support import shop
from tests.support.customer_synced import Synced as Customer
from tests.support.customer_synced import synced_window
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.pos_synced import Synced as Till
from tests.support.pos_synced import synced_till
from tests.support.steps import NEXT
from tests.support.synced import Screen

S = OrderStatus
KIM = (shop.KIM.name, shop.KIM.pin)
SOON_MS = 2_500
"""Much less than the 10 s after which the first of the reads would end."""


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url) as made:
        yield made


@pytest.fixture
def till(qtbot: QtBot, proxy: FaultProxy, tmp_path: Path) -> Iterator[Till]:
    with synced_till(qtbot, proxy.url, tmp_path) as made:
        yield made
        gone(proxy)


@pytest.fixture
def screen(qtbot: QtBot, proxy: FaultProxy, tmp_path: Path) -> Iterator[Customer]:
    with synced_window(qtbot, proxy.url, tmp_path) as made:
        yield made
        gone(proxy)


def hang(proxy: FaultProxy) -> None:
    """From now on every request is taken and none is answered, with new connections too; the push as well."""
    proxy.choose = lambda _line: Fault.HALF_OPEN
    proxy.freeze(frozen=True)


def gone(proxy: FaultProxy) -> None:
    """What hangs ends, and nothing hangs again."""
    proxy.choose = lambda _line: Fault.REFUSE
    proxy.cut()


def test_a_step_is_accepted_while_opened_details_hang(
    place: Place, proxy: FaultProxy, till: Till, qtbot: QtBot
) -> None:
    orders = [OrderId(place.ada.place()["id"]) for _ in range(12)]
    till.arrive(KIM)
    till.until_live()
    qtbot.waitUntil(lambda: till.at(orders[-1]) is S.PENDING)
    hang(proxy)
    window = till.window
    opened = [Details(window._context, till.card_of(order).order, window._actions.own, window) for order in orders]
    qtbot.waitUntil(lambda: proxy.met[Fault.HALF_OPEN] >= 8)
    accepted: list[object] = []
    take = TakeOrder(lines=(NewLine(item_id=ItemId("fries")),))
    window._context.jobs.run(partial(till.api.call, routes.TAKE(body=take)), accepted.append, accepted.append)
    till.step(orders[0])
    qtbot.waitUntil(lambda: till.at(orders[0]) is NEXT and len(accepted) == 1, timeout=SOON_MS)
    assert {each.kind.value for each in till.api.operations()} == {"take", "change_status"}
    assert all(details.loading for details in opened), "the reads hang still"
    for details in opened:
        details.close()


def test_the_kept_menu_is_shown_while_its_reading_hangs(
    place: Place, proxy: FaultProxy, till: Till, qtbot: QtBot
) -> None:
    till.arrive(KIM)
    till.until_live()
    hang(proxy)
    till.window.show_page("new")
    pane = till.window.findChild(MenuPane)
    assert pane is not None
    qtbot.waitUntil(lambda: pane._ordering.tiles.rowCount() > 0, timeout=SOON_MS)


def test_a_customer_sees_the_kept_menu_while_its_reading_hangs(
    place: Place, proxy: FaultProxy, screen: Customer, qtbot: QtBot
) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    hang(proxy)
    screen.click("tab_order")
    pane = screen.window.findChild(MenuPane)
    assert pane is not None
    qtbot.waitUntil(lambda: pane._ordering.tiles.rowCount() > 0, timeout=SOON_MS)


def test_a_locked_till_is_unlocked_while_everything_hangs(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    asked: list[str] = []

    def never(line: str) -> Fault:
        asked.append(line)
        return Fault.HALF_OPEN

    with Screen(proxy.url, tmp_path / "till.db") as till:
        before = till.staff()
        till.until_live()
        proxy.choose = never
        proxy.freeze(frozen=True)
        assert till.staff().person == before.person
        assert not any("/staff/sign-in/" in line for line in asked), "nobody has to be asked"


def test_a_wrong_pin_waits_for_one_short_question_where_no_server_answers(
    place: Place, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.client.connection.SUSPECT_S", 1.0)
    monkeypatch.setattr("core.client.connection.ANSWER_S", 1.0)
    asked: list[str] = []

    def never(line: str) -> Fault:
        asked.append(line)
        return Fault.HALF_OPEN

    with Screen(proxy.url, tmp_path / "till.db") as till:
        before = till.staff()
        till.until_live()
        proxy.choose = never
        proxy.freeze(frozen=True)
        till.until(lambda: till.api.sync_status.state is ConnectionState.OFFLINE)
        with pytest.raises(SignedOut, match="PIN is wrong"):
            till.staff(msgspec.structs.replace(shop.KIM, pin="0000000"))
        assert sum("/staff/sign-in/" in line for line in asked) == 1
        assert till.staff().person == before.person
        gone(proxy)
