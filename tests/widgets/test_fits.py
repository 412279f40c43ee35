"""Nothing is cut off: every page of every window, in every language, in plain and in the largest letters, at the sizes
that screens have."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QSize
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.client.device.identity import Identity
from core.client.errors import NoRight, Unreachable
from core.client.operations import Kind, State
from core.client.sync.outbox import Counts
from core.domain.acts import Act, Need
from core.domain.commands import CancelOrder, DeclineChange, PlaceOrder, RefundLine, RefundOrder, TakeOrder, TakePayment
from core.domain.discount import Discount
from core.domain.drawers import DrawerAct
from core.domain.held_baskets import HoldBasket, TakeBasket
from core.domain.ids import BasketId, uuid7
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.refund import line_ids
from core.domain.service import Service
from core.domain.status import OrderStatus
from core.protocol.reports import By, SalesRow
from core.ui import text
from core.ui.jobs import Jobs
from core.ui.ordering.basket_list import FEWER
from core.ui.ordering.view import OrderingView
from core.ui.sound import Sounds
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.overlay import Overlay
from core.ui.widgets.pairing import PairingDialog
from customer_view.account.sign_in_page import SignInPage
from customer_view.account.sign_out_dialog import SignOutDialog
from customer_view.account.still_there import StillThere
from customer_view.history.page import OrdersPage
from customer_view.status_display import lettering
from customer_view.status_display.column import ColumnView
from customer_view.status_display.presenter import StatusDisplayPresenter
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.window import StatusDisplayWindow
from customer_view.tracker.decision import Decision
from pos_app.approving import Question
from pos_app.drawer.page import DrawerPage
from pos_app.guest_screen import GuestScreen
from pos_app.history.page import HistoryPage
from pos_app.menu.model import HEADING
from pos_app.menu.page import MenuPage
from pos_app.order.actions import OrderActions
from pos_app.order.behind import Behind
from pos_app.reports.presenter import business_date
from tests.support import customer_window
from tests.support.board import FakeBoard, ticket
from tests.support.fake_backend import FakeBackend
from tests.support.fits import LANGUAGES, SIZES, faults, shortened
from tests.support.menus import BOWL, CHIPS, SODA, taxed
from tests.support.operations import devices, one_of_each, operation, show
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, Screen, Till, change, open_till, place
from tests.support.shown import shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

S = OrderStatus
PICTURES = os.environ.get("ORDERBELL_TEST_PICTURES", "")
SCALES = (100, 200)
LONG = "Maximiliane-Alexandra von und zu Hohenlohe-Langenburg"
BOTH = [(language, scale) for language in LANGUAGES for scale in SCALES if (language, scale) != ("en_US", 200)]
"""English at 200 % is left out: Spanish has the longer words."""
NAMES = {LONG, "Maximiliane"}
"""These may be shortened: there is no end to how long a name can be."""
WHY = "Nothing answers at http://127.0.0.1:8000: the connection was refused. Check that the server runs."


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    before = qapp.layoutDirection()
    qapp.setLayoutDirection(text.use_language(request.param))
    yield request.param
    text.use_language("en_US")
    qapp.setLayoutDirection(before)


@pytest.fixture
def scale(request: pytest.FixtureRequest, dressing: Callable[[Theme], None]) -> int:
    dressing(Theme("light", request.param))
    return int(request.param)


class Walk:
    """Looks at a window at every size, and keeps what cannot be seen."""

    def __init__(self, window: QWidget, name: str) -> None:
        self._window = window
        self._name = name
        self.found: list[str] = []

    def look(self, page: str, shown: QWidget | None = None) -> None:
        """`shown` is a dialog over the window."""
        for size in SIZES:
            self._resize(size)
            self._keep(f"{page} {size.width()}x{size.height()}", self._window, size)
        self._resize(SIZES[0])

    def dialog(self, page: str, opening: Callable[[], object]) -> None:
        """A dialog is made for the window as large as it is then."""
        for size in SIZES[:2]:
            self._resize(size)
            opening()
            _settle()
            open_panels = [each for each in self._window.findChildren(Overlay) if each.isVisible()]
            dialog = next(iter(open_panels), None) or QApplication.activeModalWidget()
            assert isinstance(dialog, QDialog), page
            if _covers_chip(dialog, self._window):
                self.found.append(f"{self._name} {page} {size.toTuple()}: the chip is covered")
            inside = dialog.size().boundedTo(size)
            self._keep(f"{page} {size.width()}x{size.height()}", dialog, inside)
            dialog.close()
            _settle()

    def _resize(self, size: QSize) -> None:
        """Painted is what was laid out, once, and not each size on the way: half of the time would go there."""
        self._window.setUpdatesEnabled(False)
        self._window.resize(size)
        _settle()
        self._window.setUpdatesEnabled(True)

    def _keep(self, page: str, shown: QWidget, size: QSize) -> None:
        found = faults(shown, size)
        if found:  # an age that has grown since is laid out a moment later
            _settle()
            found = [each for each in faults(shown, size) if each in found]
        self.found += [f"{self._name} {page}: {fault}" for fault in (*found, *_restless())]
        if PICTURES:
            shown.grab().save(str(Path(PICTURES) / f"{self._name} {page}.png".replace(" ", "-")))


def _covers_chip(dialog: QDialog, window: QWidget) -> bool:
    chips = [each for each in window.findChildren(ConnectionChip) if each.isVisible()]
    places = [QRect(each.mapToGlobal(QPoint()), each.size()) for each in chips]
    over = dialog.sheet if isinstance(dialog, Overlay) else dialog
    return any(place.intersects(QRect(over.mapToGlobal(QPoint()), over.size())) for place in places)


def _settle() -> None:
    for _pass in range(3):  # a layout that folds asks for another one
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)


class _Requests(QObject):
    """Notes what asks to be laid out anew."""

    def __init__(self) -> None:
        super().__init__()
        self.of: set[QObject] = set()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.of.add(watched)
        return False


def _restless(passes: int = 8) -> list[str]:
    """What is laid out again and again although nothing happens. A window that never comes to rest looks as it should,
    and takes a whole processor. An age that ticks is laid out now and then, and not in every pass."""
    requests = _Requests()
    QApplication.instance().installEventFilter(requests)  # type: ignore[union-attr]
    every: set[QObject] | None = None
    for _pass in range(passes):
        requests.of.clear()
        _settle()
        every = set(requests.of) if every is None else every & requests.of
        if not every:
            break
    QApplication.instance().removeEventFilter(requests)  # type: ignore[union-attr]
    return [f"{each.objectName() or type(each).__name__} is laid out without end" for each in every or ()]


def fill(backend: FakeBackend) -> list[Order]:
    """An order in each place, one of a status that only a newer server knows, and one with a long name."""
    places = (S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.OUT_FOR_DELIVERY, S.COMPLETED)
    made = [place(backend, "Aisha Bello", each, delivery=each is S.OUT_FOR_DELIVERY) for each in places]
    made.append(place(backend, LONG, S.PENDING, delivery=True, lines=8, note="Ring twice, and mind the dog"))
    odd = place(backend, "Jonas Weber", S.CONFIRMED)
    made.append(change(backend, odd, status=S.newer("waiting_for_courier")))
    made[3] = change(backend, made[3], payment=PaymentState.PAID)
    paid = change(backend, place(backend, LONG, S.READY, lines=4), payment=PaymentState.PAID)
    back = RefundOrder(version=paid.version, reason="Cold", lines=(RefundLine(id=line_ids(paid)[0]),))
    made.append(backend.change(paid, back))
    part = place(backend, LONG, S.READY, lines=6)
    part = backend.change(part, TakePayment(version=part.version, amount_minor=700, given_minor=100_000))
    made.append(
        backend.change(part, TakePayment(version=part.version, tender=Tender.CARD, amount_minor=500, tip_minor=99))
    )
    return made


def _open_details(till: Till, order: Order) -> None:
    till.window._show_details(order)
    Screen.settle(till)


def _whole(short: set[str]) -> list[str]:
    """What was shortened and must not be. An age grows between one layout and the next."""
    ages = text._("Updated {age} ago").partition("{")[0]
    return sorted(each for each in short - NAMES if not each.startswith(ages))


def _look_at_filters(till: Till, walk: Walk) -> None:
    """All filters of the history, and the row of a report whose orders are shown."""
    till.click("nav_history")
    page = till.find(HistoryPage, "history_page")
    till.click("history_more")
    page.seek_behind(Behind(By.REFUND, LONG, "2026-05-04", "2026-05-04", f"Last 30 days · Refunds by reason · {LONG}"))
    walk.look("history-filters")
    page.seek_nothing()
    till.click("history_more")


def _look_at_menu_editor(till: Till, walk: Walk) -> None:
    till.click("nav_menu")
    Screen.settle(till)
    page = till.find(MenuPage, "menu_page")
    for at, key in enumerate((BOWL.id, f"{HEADING}bowls")):
        page.editing.choose(key)
        walk.look(f"menu-editor-{at}")
    page.editing.choose("")


def _look_at_drawer(till: Till, walk: Walk) -> None:
    """Its page while it is open, what is asked there, and the reports."""
    till.click("nav_drawer")
    page = till.find(DrawerPage, "drawer_page")
    walk.dialog("drawer-open", page._on_open)
    page.book.open(1_234_567, ())
    Screen.settle(till)
    for act in (DrawerAct.PAID_OUT, DrawerAct.DROP, DrawerAct.NO_SALE):
        page.book.move(act, 0 if act is DrawerAct.NO_SALE else 98_765, f"{LONG}, for the flowers and the candles")
        Screen.settle(till)
    walk.look("drawer-session")
    for act in (DrawerAct.PAID_IN, DrawerAct.NO_SALE):
        walk.dialog(f"drawer-{act}", partial(page._on_move, act))
    walk.dialog("drawer-count", page._on_count)
    page.book.counted.disconnect(page._on_counted)
    page.book.count(1_000_000, ())
    till.qtbot.waitUntil(lambda: page.book.known.cash is not None)
    walk.dialog("drawer-close", page._on_counted)
    page.book.close(900_000, LONG)
    Screen.settle(till)
    page._picker.setCurrentIndex(1)
    till.qtbot.waitUntil(lambda: bool(page.book.known.reports))  # the server makes it once it has the close
    page._show()
    walk.look("drawer-reports")
    reports = page.book.known.reports
    assert reports
    walk.dialog("drawer-report", partial(page._show_report, reports[0]))
    page._picker.setCurrentIndex(2)
    page._show()
    walk.look("drawer-all")


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_the_tills_pages(qtbot: QtBot, language: str, scale: int) -> None:
    backend = FakeBackend()
    backend.menu = taxed(included=False)
    orders = fill(backend)
    backend.devices = devices(backend)
    sold = tuple(
        SalesRow(name=f"{hour}:00", sales=hour, sales_minor=hour * 123_456, refunds_minor=hour * 99)
        for hour in range(10, 23)
    )
    backend.sold = {str(business_date(backend.now) - timedelta(days=ago)): sold for ago in (0, 7)}
    with open_till(qtbot, backend, text_scale=scale) as till, shortened() as short:
        walk = Walk(till.window, f"pos {language[:2]} {scale}")
        walk.look("sign-in")
        till.window.sign_in_page.ask("Maya", WHY, "Locked")
        walk.look("locked")
        till.arrive(ANA)
        QApplication.processEvents()
        till.window.grab()
        short.clear()  # cards are laid out while the sign-in page still hides them, with no room at all
        held = one_of_each(backend)
        till.settle()
        show(till.window.store, backend, held)
        walk.look("board")
        till.window.workspace.notice.show_error(Unreachable(WHY), "Try again", lambda: None)
        till.window.workspace.undo.show_message("ONLINE-000001: Confirmed", action="Undo", act=lambda: None)
        walk.look("board-speaking")
        till.window.workspace.notice.clear()
        till.window.workspace.undo.clear()
        till.type("search", "555")
        walk.look("board-search")
        for page in ("new", "history", "menu", "sync", "reports", "drawer"):
            till.click(f"nav_{page}")
            Screen.settle(till)
            walk.look(page)
        _look_at_menu_editor(till, walk)
        _look_at_filters(till, walk)
        _look_at_drawer(till, walk)
        till.click("nav_new")
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        finger = Finger(view, qtbot)
        finger.tile("Chips and Guacamole", 3)
        ordering = till.window._pages.page("new")
        ordering._ordering.basket.reduce(None, Discount(reason=LONG, amount_minor=99))  # type: ignore[attr-defined]
        ordering._ordering.basket.charge(Service(rate=12_500, reason=LONG))  # type: ignore[attr-defined]
        walk.look("basket")
        walk.dialog("service", ordering._open_service)  # type: ignore[attr-defined]
        walk.dialog("discount", ordering._open_discount)  # type: ignore[attr-defined]
        till.click("checkout")
        for pressed in ("pad_5", "tip_15", "split_items", "fulfilment_delivery"):
            till.click(pressed)
            Screen.settle(till)
            walk.look(f"checkout-{pressed}")
        till.click("checkout_back")
        finger.view.clear()
        rows = till.window._pages.page("sync")
        for row in range(rows.queue.rows.rowCount()):  # type: ignore[attr-defined]
            rows._select(row)  # type: ignore[attr-defined]
            walk.look(f"sync-{row}")
        till.click("nav_history")
        till.find(QWidget, "history_period").setCurrentIndex(5)  # type: ignore[attr-defined]
        walk.look("history-days")
        till.click("nav_orders")
        for at in (0, 4, 7, 8):
            walk.dialog(f"details-{at}", partial(_open_details, till, orders[at]))
        walk.dialog("reason", lambda: till.window._actions.do("cancel", orders[6].id))
        walk.dialog("refund", lambda: till.window._actions.do("refund", orders[8].id))
        for at in (6, 9):
            till.window._actions.do("payments", orders[at].id)
            walk.look(f"payments-{at}")
            till.click("payment_back")
        walk.dialog("receipt-parts", lambda: till.window._on_print_wanted(orders[9]))
        walk.dialog("receipt", lambda: till.window._on_print_wanted(orders[6]))
        needs = (Need(Act.DISCOUNT, 25_000), Need(Act.REFUND, 123_456), Need(Act.PAST_ORDERS))
        walk.dialog("approval", lambda: till.window._approving._on_asked(Question(NoRight(needs))))
        walk.dialog("keys", till.window._show_shortcuts)
        walk.dialog("sound", till.window._show_sound)
        walk.dialog("leave", lambda: till.window._on_leave_wanted("sign_out"))
    assert not walk.found, "\n".join(walk.found)
    assert scale > SCALES[0] or _whole(short) == []


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_held_baskets(qtbot: QtBot, backend: FakeBackend, language: str, scale: int) -> None:
    lines = (NewLine(item_id=CHIPS.id, quantity=3), NewLine(item_id=SODA.id))
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.arrive()
        till.click("nav_new")
        Screen.settle(till)
        ids = [BasketId(uuid7()) for _ in range(4)]
        for basket_id, name, device in zip(
            ids, (LONG[:40], "7", "", "Ann"), ("POS1", "POS2", "POS1", "POS2"), strict=True
        ):
            backend.with_basket("", HoldBasket(id=basket_id, label=name, lines=lines), device, LONG)
        backend.with_basket(ids[1], TakeBasket(), "POS2", LONG)
        Screen.settle(till)
        walk = Walk(till.window, f"held {language} {scale}")
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        qtbot.waitUntil(lambda: till.find_button("held").isEnabled())
        walk.look("empty")
        Finger(view, qtbot).tile("Chips and Guacamole", 3)
        walk.look("basket")
        till.click("hold")
        walk.look("hold")
        till.click("hold_back")
        till.click("held")
        walk.look("held")
        till.click("held_delete")
        walk.look("delete")
        till.click("held_no")
        till.click("held_open")
        walk.look("open")
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_an_order_that_is_changed(qtbot: QtBot, backend: FakeBackend, language: str, scale: int) -> None:
    """The bar over the page, the check-out, the reason, and what the card and the details say then."""
    lines = (NewLine(item_id=CHIPS.id, quantity=3), NewLine(item_id=SODA.id))
    asked = TakeOrder(lines=lines, payment=PaymentState.PAID, tender=Tender.CARD, customer_name=LONG)
    with open_till(qtbot, backend, text_scale=scale) as till:
        order = backend.add_order(asked, None, "POS2")
        till.arrive()
        walk = Walk(till.window, f"changed {language} {scale}")
        till.press(order, "more")
        till.choose("menu_amend")
        Screen.settle(till)
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        finger = Finger(view, qtbot)
        finger.line(SODA.name, FEWER)
        finger.line(CHIPS.name, FEWER)
        walk.look("basket")
        till.click("checkout")
        walk.look("checkout")
        walk.dialog("reason", lambda: till.click("save_change"))
        till.click("save_change")
        till.type("reason", LONG)
        till.click("reason_confirm")
        Screen.settle(till)
        walk.look("given back")
        till.window.show_page("orders")
        walk.look("board")
        walk.dialog("details", lambda: _open_details(till, backend.orders[order.id]))
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_the_customers_pages(qtbot: QtBot, language: str, scale: int) -> None:
    shop = customer_window.shop()
    stages = (S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.COMPLETED)
    for at in range(6):
        order = customer_window.order(shop, delivery=at == 3)
        for step in stages[1 : at + 1]:
            order = shop.move(order.id, step) if at < 3 else order
    changed = [
        {"status": S.REJECTED, "reason": "The kitchen has no more bowls today, we are sorry."},
        {"status": S.newer("waiting_for_courier")},
        {"status": S.CANCELLED, "reason": "I am late"},
    ]
    for each, fields in zip(list(shop.orders.values())[-3:], changed, strict=True):
        shop.orders[each.id] = msgspec.structs.replace(each, version=9, **fields)  # type: ignore[arg-type]
    with customer_window.open_window(qtbot, shop, text_scale=scale) as stage, shortened() as short:
        walk = Walk(stage.window, f"customer {language[:2]} {scale}")
        walk.look("sign-in")
        stage.find(SignInPage, "page").notice.show_error(Unreachable(WHY), "Try again", lambda: None)
        walk.look("sign-in-error")
        stage.click("tab_sign_up")
        walk.look("sign-up")
        stage.click("tab_sign_in")
        stage.arrive(customer_window.JONAS)
        walk.look("empty")
        stage.click("sign_out")
        stage.settle()
        stage.arrive()
        for row in range(6):
            stage.click_row(row)
            stage.settle()
            walk.look(f"order-{row}")
        page = stage.find(OrdersPage, "orders_page")
        page.notice.show_error(Unreachable(WHY), "Try again", lambda: None)
        page.history.refresher.remember(3 * 3600)
        walk.look("offline")
        page.notice.clear()
        orders = list(shop.orders.values())
        seen = msgspec.structs.replace(orders[5], status=S.PENDING)
        cancelling = operation(seen, 1, CancelOrder(), Kind.CANCEL, state=State.CONFLICT, theirs=orders[5])
        placing = operation(seen, 1, PlaceOrder(lines=()), Kind.PLACE, state=State.CONFLICT, theirs=orders[5])
        decision = stage.find(Decision, "decision")
        for name, held in (("cancel", cancelling), ("place", placing)):
            decision.show_operation(held, busy=False)
            walk.look(f"decision-{name}")
        decision.show_operation(None, busy=False)
        walk.dialog("cancel", page._on_cancel_asked)
        walk.dialog("sign-out", lambda: SignOutDialog(page._theme, Counts(waiting=2), stage.window).open())
        walk.dialog("still-there", lambda: StillThere(page._theme, 20, stage.window).open())
        stage.click("tab_order")
        stage.settle()
        walk.look("menu")
        view = stage.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        finger = Finger(view, qtbot)
        finger.tile("Canned Soda")
        finger.tile("Chips and Guacamole", 3)
        walk.look("basket")
        walk.dialog("item", lambda: finger.tile("Chicken Bowl"))
        stage.click("checkout")
        walk.look("checkout")
    assert not walk.found, "\n".join(walk.found)
    assert scale > SCALES[0] or _whole(short) == []


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_what_a_customer_asks_for(qtbot: QtBot, language: str, scale: int) -> None:
    """Put together and waiting in their window, declined; asked and answered at the POS."""
    shop = customer_window.shop()
    shop.allow_changes()
    order = customer_window.order(shop)
    with customer_window.open_window(qtbot, shop, text_scale=scale) as stage:
        stage.arrive()
        walk = Walk(stage.window, f"asking {language[:2]} {scale}")
        walk.look("details")
        stage.click("ask_change")
        view = stage.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        Finger(view, qtbot).tile(SODA.name)
        walk.look("basket")
        stage.click("checkout")
        stage.type("order_note", LONG)
        walk.look("checkout")
        stage.click("place_order")
        stage.settle()
        walk.look("asked")
        found = shop.orders[order.id]
        assert found.open_request is not None
        shop.change(found, DeclineChange(version=found.version, answers=found.open_request.version, reason=LONG))
        stage.settle()
        walk.look("declined")
        assert not walk.found, "\n".join(walk.found)
    with open_till(qtbot, shop, text_scale=scale) as till:
        till.arrive()
        shop.ask(order.id, NewLine(item_id=SODA.id, quantity=3), kept=1, note=LONG)
        Screen.settle(till)
        walk = Walk(till.window, f"asked {language[:2]} {scale}")
        walk.look("board")
        till.click("acknowledge")
        actions = till.window.findChild(OrderActions)
        assert isinstance(actions, OrderActions)
        for what in ("details", "decline"):
            walk.dialog(what, partial(actions.do, what, order.id))
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_the_roles(qtbot: QtBot, backend: FakeBackend, language: str, scale: int) -> None:
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.arrive(ANA)
        till.window.show_page("roles")
        Screen.settle(till)
        walk = Walk(till.window, f"roles {language[:2]} {scale}")
        walk.look("roles")
        till.click("may_cashier_discount")
        walk.look("changed")
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_the_guests_screen(qtbot: QtBot, language: str, scale: int) -> None:
    with open_till(qtbot, FakeBackend(), text_scale=scale, second_screen=True) as till, shortened() as short:
        till.arrive()
        till.click("nav_new")
        till.settle()
        (guest,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, GuestScreen)]
        guest.showNormal()
        walk = Walk(guest, f"guest {language[:2]} {scale}")
        walk.look("welcome")
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        finger = Finger(view, qtbot)
        finger.tile("Chips and Guacamole", 3)
        finger.tile("Canned Soda")
        walk.look("basket")
        till.click("checkout")
        till.type("cash_given", "50")
        till.click("payment_cash")
        till.settle()
        walk.look("thanks")
    assert not walk.found, "\n".join(walk.found)
    assert _whole(short) == []


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_the_status_display(qtbot: QtBot, language: str, scale: int) -> None:
    stages = (S.PREPARING, S.READY, S.CONFIRMED)
    tickets = [ticket(f"ONLINE-{n:06}", stages[n % 3], first_name="Maximiliane") for n in range(9)]
    source, jobs = FakeBoard(*tickets), Jobs()
    settings = StatusDisplaySettings(full_screen=False)
    window = StatusDisplayWindow(
        Theme("light", scale), StatusDisplayPresenter(jobs, source, 3600.0), Sounds(muted=True), settings
    )
    with shown(qtbot, window, jobs), shortened() as short:
        qtbot.waitUntil(lambda: source.looks > 0 and jobs.busy == 0)
        walk = Walk(window, f"display {language[:2]} {scale}")
        walk.look("board")
        for column in window.findChildren(ColumnView):
            letters = lettering.font(column._theme, column._px(22))
            assert column._foot() >= QFontMetricsF(letters).height(), "the number of the page is cut off"
        source.fail_with = Unreachable(WHY)
        window._nothing.set_words("No connection", f"Please ask at the counter for your order.\n{WHY}")
        window._nothing.show()
        walk.look("nothing")
    assert not walk.found, "\n".join(walk.found)
    assert _whole(short) == []


@pytest.mark.parametrize(("language", "scale"), BOTH, indirect=True)
def test_pairing(qtbot: QtBot, jobs: Jobs, language: str, scale: int) -> None:
    def refuse(*_asked: object) -> Identity:
        raise Unreachable(WHY)

    command = "orderbell devices pair DISPLAY1 --kind display"
    for without in ("", "Sign in without pairing"):
        dialog = PairingDialog(
            Theme("light", scale), jobs, refuse, "192.168.1.5", "K7QF", command=command, without=without
        )
        with shown(qtbot, dialog, jobs):
            walk = Walk(dialog, f"pairing {language[:2]} {scale} {len(without)}")
            walk.look("asked")
            with qtbot.waitSignal(dialog.refused):
                dialog.submit()
            walk.look("refused")
            last = dialog.findChild(QWidget, "pairing_key_Z")
            assert last is not None
            seen = last.visibleRegion().boundingRect().height()
            assert seen > last.height() / 2, "the keys are out of sight on the smallest screen"
            assert not walk.found, "\n".join(walk.found)
