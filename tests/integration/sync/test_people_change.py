"""One person leaves and the next comes while what was asked for the first still hangs."""

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from core.client.errors import ClientError, Left, NotKept, SignedOut
from core.client.http.api import SessionApi
from core.client.storage import session_file
from core.client.sync import api
from core.client.sync.api import SyncedApi
from core.client.sync.engine import ConnectionState
from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.ids import OrderId, new_op_id
from core.domain.order import Order
from core.protocol import routes
from core.protocol.requests import ChangeAvailability, CustomerQuery, OrderQuery, SignUp
from core.protocol.route import Request
from core.server.setup import NewStaff
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.full_disk import Failing
from tests.support.synced import LINES, WITHIN_S, Screen

_ONE = PlaceOrder(lines=LINES)


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url) as proxy:
        yield proxy


@pytest.fixture
def screen(proxy: FaultProxy, tmp_path: Path) -> Iterator[Screen]:
    with Screen(proxy.url, tmp_path / "window.db") as screen:
        yield screen


class Hanging:
    """Requests whose first line begins like this hang, the first `most` of them, until the proxy lets go."""

    def __init__(self, proxy: FaultProxy, begins: str, fault: Fault = Fault.HOLD, most: int = 1) -> None:
        self._begins, self._fault, self._left = begins, fault, most
        self._met = threading.Semaphore(0)
        proxy.choose = self._choose

    def _choose(self, line: str) -> Fault:
        if not self._left or not line.startswith(self._begins):
            return Fault.NONE
        self._left -= 1
        self._met.release()
        return self._fault

    def until_met(self) -> None:
        assert self._met.acquire(timeout=WITHIN_S)


class Call:
    """A call that a window's worker makes, and what became of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self.answer: object = None
        self.error: ClientError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.answer = self._call()
        except ClientError as error:
            self.error = error

    @property
    def under_way(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()


def _session(api: SyncedApi) -> SessionApi:
    """The calls of whoever is signed in."""
    return api._signed_in.api


def _subjects(place: Place, key: str) -> list[str]:
    return [subject for (subject,) in place.rows("SELECT subject FROM operations WHERE key = ?", key)]


def _newest_session(place: Place, subject: str) -> str:
    found: str = place.rows("SELECT id FROM sessions WHERE subject = ? ORDER BY created_at DESC", subject)[0][0]
    return found


def _leave(place: Place, screen: Screen, subject: str) -> None:
    """Sign out, and wait until the server knows."""
    session = _newest_session(place, subject)
    screen.sign_out()
    over = threading.Event()
    for _ in range(200):
        if place.rows("SELECT revoked_at FROM sessions WHERE id = ?", session)[0][0] is not None:
            return
        over.wait(0.05)
    raise AssertionError("the server never heard of the sign-out")


@pytest.mark.parametrize("fault", [Fault.HOLD, Fault.HOLD_ANSWER])
def test_an_order_under_way_is_never_the_next_customers(
    place: Place, proxy: FaultProxy, screen: Screen, fault: Fault
) -> None:
    hanging = Hanging(proxy, "POST /api/online/orders/", fault)
    screen.customer(shop.ADA)
    screen.until_live()
    op_id = new_op_id()
    made = screen.api.call(routes.PLACE(body=_ONE, op_id=op_id))
    hanging.until_met()
    _leave(place, screen, place.world.ada)
    screen.customer(shop.GRACE)
    proxy.release()
    screen.until_live()
    mine = screen.place()
    screen.until_sent()
    assert _subjects(place, op_id) == ([] if fault is Fault.HOLD else [place.world.ada])
    assert {order.customer_id for order in screen.store} == {place.world.grace}
    assert made.id not in {order.id for order in screen.store}
    assert place.rows("SELECT customer_id FROM orders WHERE id = ?", mine.id) == [(place.world.grace,)]
    screen.sign_out()
    screen.customer(shop.ADA)
    screen.until_sent()
    assert _subjects(place, op_id) == [place.world.ada]
    assert place.rows("SELECT customer_id FROM orders WHERE id = ?", made.id) == [(place.world.ada,)]


@pytest.mark.parametrize("switching", [True, False])
def test_a_sale_under_way_is_never_the_next_cashiers(
    place: Place, proxy: FaultProxy, screen: Screen, *, switching: bool
) -> None:
    hanging = Hanging(proxy, "POST /api/pos/orders/")
    screen.staff(shop.KIM)
    screen.until_live()
    op_id = new_op_id()
    made = screen.api.call(routes.TAKE(body=TakeOrder(lines=LINES), op_id=op_id))
    hanging.until_met()
    if switching:
        _leave(place, screen, place.world.kim)
    screen.staff(shop.ALEX)  # without switching: at a locked till
    proxy.release()
    screen.until_live()
    screen.take()
    screen.until_sent()
    assert _subjects(place, op_id) in ([], [place.world.kim])
    screen.sign_out()
    screen.staff(shop.KIM)
    screen.until_sent()
    assert _subjects(place, op_id) == [place.world.kim]
    who = "SELECT by_id FROM status_history WHERE order_id = ?"
    assert place.rows(who, made.id) == [(place.world.kim,)]


def test_a_refresh_that_comes_late_changes_nothing_for_the_next_person(
    place: Place, proxy: FaultProxy, tmp_path: Path
) -> None:
    with Screen(proxy.url, tmp_path / "window.db") as screen:
        screen.customer(shop.ADA)
        screen.until_live()
        hanging = Hanging(proxy, "POST /api/auth/refresh/", Fault.HOLD_ANSWER)
        session = _session(screen.api)
        refresh = Call(lambda: session.access_token(rejected=session.access_token()))
        hanging.until_met()
        screen.sign_out()
        grace = screen.customer(shop.GRACE)
        proxy.release()
        refresh.join()
        assert isinstance(refresh.error, SignedOut)
        screen.until_live()
        assert _session(screen.api).access_token() == grace.access_token
    with Screen(proxy.url, tmp_path / "window.db") as screen:
        resumed = screen.api.resume()
        assert resumed is not None
        assert resumed.person.id == place.world.grace


@pytest.mark.parametrize(
    ("begins", "made"),
    [
        ("GET /api/online/orders/history/", lambda _order_id: routes.HISTORY()),
        ("GET /api/online/orders/", routes.ORDER),
        ("GET /api/online/orders/", routes.ORDER_STATUS),
    ],
)
@pytest.mark.parametrize("fault", [Fault.HOLD, Fault.HOLD_ANSWER])
def test_what_a_customer_asked_is_told_to_nobody_else(
    place: Place,
    proxy: FaultProxy,
    screen: Screen,
    fault: Fault,
    begins: str,
    made: Callable[[OrderId], Request[object]],
) -> None:
    order_id = OrderId(place.ada.place()["id"])
    screen.customer(shop.ADA)
    screen.until_live()
    hanging = Hanging(proxy, begins, fault)
    asked = Call(lambda: screen.api.call(made(order_id)))
    hanging.until_met()
    assert asked.under_way
    _leave(place, screen, place.world.ada)
    screen.customer(shop.GRACE)
    assert asked.under_way, "the next person waits for nothing"
    proxy.release()
    asked.join()
    assert isinstance(asked.error, SignedOut), asked.answer
    screen.until_live()
    assert all(order.customer_id == place.world.grace for order in screen.store)
    screen.sign_out()


@pytest.mark.parametrize(
    ("begins", "asks"),
    [
        ("GET /api/pos/orders/", routes.ORDERS(query=OrderQuery(open=True))),
        ("GET /api/pos/customers/", routes.CUSTOMERS(query=CustomerQuery(q="Lovelace"))),
        ("GET /api/pos/devices/", routes.DEVICES()),
        ("GET /api/menu/", routes.MENU()),
    ],
)
def test_what_a_cashier_asked_is_not_asked_by_the_next_one(
    place: Place, proxy: FaultProxy, screen: Screen, begins: str, asks: Request[object]
) -> None:
    screen.staff(shop.KIM)
    screen.until_live()
    hanging = Hanging(proxy, begins)
    asked = Call(lambda: screen.api.call(asks))
    hanging.until_met()
    _leave(place, screen, place.world.kim)
    screen.staff(shop.ALEX)
    proxy.release()
    asked.join()
    assert isinstance(asked.error, SignedOut), asked.answer


@pytest.mark.parametrize("next_one", [shop.ALEX, None])
def test_what_was_pressed_and_not_begun_is_not_the_next_ones(
    place: Place, screen: Screen, next_one: NewStaff | None
) -> None:
    """A worker may get its turn late: whose it is was decided by the press."""
    screen.staff(shop.KIM)
    screen.until_live()
    op_id = new_op_id()
    pressed = screen.api.bound(lambda: screen.api.call(routes.TAKE(body=TakeOrder(lines=LINES), op_id=op_id)))
    left = screen.api.bound(screen.api.sign_out)
    screen.api.sign_out()
    if next_one is not None:
        screen.staff(next_one)
    with pytest.raises(Left):
        pressed()
    left()
    if next_one is not None:
        screen.take()
        screen.until_sent()
    assert _subjects(place, op_id) == []


def test_whoever_signs_in_goes_on_as_themselves(place: Place, screen: Screen) -> None:
    """What is asked for by nobody, and signs somebody in, is theirs from then on."""

    def arrive() -> Order:
        screen.staff(shop.KIM)
        return screen.take()

    assert screen.api.bound(arrive)().number
    screen.until_sent()


def test_what_a_cashier_sold_out_is_not_sold_out_by_the_next_one(
    place: Place, proxy: FaultProxy, screen: Screen
) -> None:
    screen.staff(shop.KIM)
    screen.until_live()
    hanging = Hanging(proxy, "POST /api/pos/menu/")
    op_id = new_op_id()
    said = Call(
        lambda: screen.api.call(routes.SET_AVAILABLE(shop.FRIES, body=ChangeAvailability(available=True), op_id=op_id))
    )
    hanging.until_met()
    _leave(place, screen, place.world.kim)
    screen.staff(shop.ALEX)
    proxy.release()
    said.join()
    assert isinstance(said.error, SignedOut)
    assert _subjects(place, op_id) == []


_phones = itertools.count(51_000)
SIGN_INS: dict[str, tuple[str, Callable[[Screen], object], Callable[[Screen], object]]] = {
    "customers": (
        "POST /api/auth/sign-in/",
        lambda screen: screen.customer(shop.ADA),
        lambda screen: screen.customer(shop.GRACE),
    ),
    "new customers": (
        "POST /api/auth/sign-up/",
        lambda screen: screen.api.sign_up(SignUp(name="Nia", phone=f"55{next(_phones)}", password="a long password")),
        lambda screen: screen.customer(shop.GRACE),
    ),
    "cashiers": (
        "POST /api/auth/staff/sign-in/",
        lambda screen: screen.staff(shop.KIM),
        lambda screen: screen.staff(shop.ALEX),
    ),
}


@pytest.mark.parametrize("who", SIGN_INS)
@pytest.mark.parametrize("next_one", ["gives it up", "signs in", "gives it up and signs in", "closes"])
def test_a_late_answer_lets_nobody_in_who_has_gone(
    place: Place, proxy: FaultProxy, screen: Screen, who: str, next_one: str
) -> None:
    begins, first, then = SIGN_INS[who]
    before = {session for (session,) in place.rows("SELECT id FROM sessions")}
    hanging = Hanging(proxy, begins)
    asked = Call(lambda: first(screen))
    hanging.until_met()
    if "gives it up" in next_one:
        screen.api.give_up_sign_in()
    if "signs in" in next_one:
        then(screen)
        there = _session(screen.api).person
    if next_one == "closes":
        screen.api.close()
    proxy.release()
    asked.join()
    assert isinstance(asked.error, Left), asked.answer
    if "signs in" in next_one:
        assert _session(screen.api).person == there
        screen.until_live()
    else:
        assert screen.api.sync_status.state is ConnectionState.SIGNED_OUT
    over = threading.Event()
    for _ in range(200):
        open_ones = {session for (session,) in place.rows("SELECT id FROM sessions WHERE revoked_at IS NULL")} - before
        if len(open_ones) == ("signs in" in next_one):
            return
        over.wait(0.05)
    raise AssertionError("the session of whoever has gone is still one at the server")


def test_a_till_that_was_locked_stays_its_cashiers_when_a_try_is_given_up(
    place: Place, proxy: FaultProxy, screen: Screen
) -> None:
    screen.staff(shop.KIM)
    hanging = Hanging(proxy, "POST /api/auth/staff/sign-in/")
    asked = Call(lambda: screen.staff(shop.ALEX))
    hanging.until_met()
    screen.api.give_up_sign_in()
    proxy.release()
    asked.join()
    assert isinstance(asked.error, Left)
    assert _session(screen.api).person.id == place.world.kim
    screen.until_live()


def test_who_was_let_in_after_giving_up_is_signed_out(place: Place, screen: Screen) -> None:
    """The answer and the press that gives it up cross."""
    screen.customer(shop.ADA)
    session = _newest_session(place, place.world.ada)
    screen.api.give_up_sign_in()
    assert screen.api.sync_status.state is ConnectionState.SIGNED_OUT
    over = threading.Event()
    for _ in range(200):
        if place.rows("SELECT revoked_at FROM sessions WHERE id = ?", session)[0][0] is not None:
            return
        over.wait(0.05)
    raise AssertionError("the server never heard of it")


# -- a disk that takes nothing


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Failing))
    monkeypatch.setattr(api, "_ERASE_AGAIN_S", 0.05)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("role", ["customer", "staff"])
def test_a_sign_out_is_one_whatever_the_disk_takes(
    place: Place, proxy: FaultProxy, screen: Screen, tmp_path: Path, role: str
) -> None:
    screen.customer(shop.ADA) if role == "customer" else screen.staff(shop.KIM)
    subject = place.world.ada if role == "customer" else place.world.kim
    screen.until_live()
    if role == "customer":
        screen.place()
    else:
        screen.take()
    screen.until_sent()
    session = _newest_session(place, subject)
    disk = screen.api._store._db
    assert isinstance(disk, Failing)
    disk.arm(0)
    with pytest.raises(NotKept):
        screen.api.sign_out()
    assert screen.api.sync_status.state is ConnectionState.SIGNED_OUT
    over = threading.Event()
    for _ in range(200):
        if place.rows("SELECT revoked_at FROM sessions WHERE id = ?", session)[0][0] is not None:
            break
        over.wait(0.05)
    else:
        raise AssertionError("the server never heard of the sign-out")
    assert session_file.read(screen.api._seal) is None, "an opened window would go on with it"
    with pytest.raises(SignedOut):
        screen.take()
    if role == "staff":
        proxy.choose = lambda _line: Fault.REFUSE
        with pytest.raises(ClientError):  # a PIN opens no session that is over
            screen.staff(shop.KIM)
        assert screen.api.sync_status.state is ConnectionState.SIGNED_OUT
        proxy.choose = lambda _line: Fault.NONE
    with pytest.raises(NotKept):
        screen.customer(shop.GRACE)
    assert screen.api.sync_status.state is ConnectionState.SIGNED_OUT
    assert _held(screen) > 0
    disk.disarm()
    for _ in range(200):
        if _held(screen) == 0:
            break
        over.wait(0.05)
    else:
        raise AssertionError("what was kept is still there")
    screen.customer(shop.GRACE)
    screen.until_live()


def _held(screen: Screen) -> int:
    """How much of whoever was there is in the file."""
    with screen.api._store.reading() as db:
        orders: int = db.execute("SELECT count(*) FROM orders").fetchone()[0]
        sealed: int = db.execute("SELECT count(*) FROM sealed WHERE name IN ('session', 'pin')").fetchone()[0]
    return orders + sealed


def test_the_server_refuses_what_is_sent_as_somebody_elses(place: Place) -> None:
    reply = place.ada.get("/api/online/orders/history/", headers={"Operation-Owner": place.world.grace})
    assert reply.status_code == 401
    assert place.ada.get("/api/online/orders/history/", headers={"Operation-Owner": place.world.ada}).ok
