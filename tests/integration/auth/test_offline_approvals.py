"""What a manager who has enrolled allows while no server answers, and what the server says to it afterwards."""

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.client.device import identity
from core.client.errors import ClientError, NoRight, Refused, TooManyAttempts
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.client.sync.outbox import RIGHT_REFUSED
from core.domain.acts import Act
from core.domain.commands import ChangePayment, TakeOrder
from core.domain.discount import Discount
from core.domain.ids import ItemId, new_op_id
from core.domain.order import NewLine, Order, PaymentState
from core.domain.people import DeviceKind, Role
from core.domain.rights import ACTS
from core.protocol import routes
from core.protocol.approval import claimed, proven
from core.protocol.requests import StaffSignIn
from tests.integration.auth.test_rights import allow
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.synced import Screen

LINES = (NewLine(item_id=ItemId("bowl")),)
PINS = (f"{481_516 + 7_919 * n}" for n in itertools.count())
"""Of managers, one for each test."""


class Till(Screen):
    """A paired POS at which Kim works, and a manager of its own test's."""

    def __init__(self, place: Place, path: Path, name: str) -> None:
        self.off = False
        self.proxy = FaultProxy(place.server.url, lambda _line: Fault.REFUSE if self.off else Fault.NONE)
        self.proxy.__enter__()
        self.shop, self.name, self.pin = place, name, next(PINS)
        self.asked: list[NoRight] = []
        device = f"T{name.upper()}"
        made = place.command.post("/api/admin/devices/", {"name": device, "kind": "terminal"})
        assert made.ok, made.text
        with closing(LocalStore(path)) as store:
            identity.pair(Seal(store), self.proxy.url, made.json()["code"], new_op_id(), DeviceKind.POS)
        added = place.alex.post("/api/admin/staff/", {"name": name, "pin": self.pin, "role": "manager"})
        assert added.ok, added.text
        self.manager = added.json()["id"]
        super().__init__(self.proxy.url, path)
        self.device = device

    def begin(self) -> None:
        self.api.staff_sign_in(StaffSignIn(staff="Kim", pin=shop.CASHIER_PIN, device=self.device))
        self.until_live()

    def cut(self) -> None:
        self.off = True
        self.proxy.cut()

    def back(self) -> None:
        self.off = False
        self.api.try_now()
        self.until_sent()

    def lacking(self) -> NoRight:
        """What Kim is not allowed: an order at half its price."""
        with pytest.raises(NoRight) as refused:
            self.reduced()
        return refused.value

    def enrol(self) -> None:
        assert self.api.approve(self.lacking(), self.name, self.pin, enrol=True)

    def allowing(self) -> None:
        """From now on the manager allows whatever Kim may not do."""

        def ask(lacking: NoRight) -> str:
            self.asked.append(lacking)
            return self.api.approve(lacking, self.name, self.pin)

        self.api.allow = ask

    def reduced(self) -> Order:
        half = Discount(reason="late", rate=50_000)
        return self.api.call(routes.TAKE(body=TakeOrder(lines=LINES, discount=half)))

    def history(self, order: Order) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.shop.kim.get(f"/api/pos/orders/{order.id}/").json()["history"]
        return found

    def close(self) -> None:
        self.api.close()
        self.proxy.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def rights(place: Place) -> None:
    allow(place, Role.CASHIER, [])
    allow(place, Role.MANAGER, [{"act": act.value} for act, row in ACTS.items() if Role.MANAGER in row.roles])


@contextmanager
def till_of(place: Place, path: Path, name: str) -> Iterator[Till]:
    made = Till(place, path / "pos.db", name)
    try:
        made.begin()
        yield made
    finally:
        made.close()


def test_what_an_enrolled_manager_allows_is_done_and_confirmed_later(place: Place, tmp_path: Path) -> None:
    with till_of(place, tmp_path, "Ann") as till:
        till.enrol()
        till.allowing()
        till.cut()
        order = till.reduced()
        refund = ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="cold")
        till.api.call(routes.CHANGE_PAYMENT(order.id, body=refund))
        assert [need.act for each in till.asked for need in each.needs] == [Act.DISCOUNT, Act.REFUND]
        waiting = till.api.operations()
        claims = [claimed(each.asked.approval) for each in waiting]  # type: ignore[union-attr]
        assert [(each.name, each.enrolled) for each in claims if each] == [("Ann", True), ("Ann", True)]
        assert place.rows("SELECT count(*) FROM orders WHERE id = ?", order.id) == [(0,)]
        till.back()
        assert till.api.operations() == ()
        assert [(each["by"], each["approver"]) for each in till.history(order)] == [("Kim", "Ann")]
        payments = place.kim.get(f"/api/pos/orders/{order.id}/").json()["payments"]
        assert [(each["by"], each["approver"], each["target"]) for each in payments[1:]] == [("Kim", "Ann", "refunded")]
        entries = place.alex.get("/api/admin/security-log/").json()["entries"]
        told = [each["about"] for each in entries if each["event"] == "approved" and each["by_name"] == "Ann"]
        assert sum(each.endswith("for Kim, without the server") for each in told) == 2


def test_the_server_judges_again_and_what_it_refuses_is_decided_about(place: Place, tmp_path: Path) -> None:
    """The manager may no more by then what they have allowed."""
    with till_of(place, tmp_path, "Ben") as till:
        till.enrol()
        till.allowing()
        till.cut()
        order = till.reduced()
        allow(place, Role.MANAGER, [{"act": "allow_offline"}, {"act": "discount", "limit": 49_999}])
        till.back()
        (held,) = till.api.operations()
        assert (held.held, held.outcome) == (True, RIGHT_REFUSED)
        assert place.rows("SELECT count(*) FROM orders WHERE id = ?", order.id) == [(0,)]
        till.api.allow = lambda lacking: till.api.approve(lacking, "Alex", shop.ADMIN_PIN)
        till.api.retry(held.op_id)
        till.until_sent()
        assert till.api.operations() == ()
        assert [(each["by"], each["approver"]) for each in till.history(order)] == [("Kim", "Alex")]


@pytest.mark.parametrize("ended", ["pin", "disabled", "switched_off", "revoked"])
def test_an_enrolment_ends_with_what_it_stands_on(place: Place, tmp_path: Path, ended: str) -> None:
    name = {"pin": "Cid", "disabled": "Dan", "switched_off": "Eli", "revoked": "Fay"}[ended]
    with till_of(place, tmp_path, name) as till:
        till.enrol()
        till.allowing()
        till.cut()
        till.reduced()
        (waiting,) = till.api.operations()
        if ended == "pin":
            assert place.alex.post(f"/api/admin/staff/{till.manager}/", {"pin": "86421357"}).ok
        elif ended == "disabled":
            assert place.alex.post(f"/api/admin/staff/{till.manager}/", {"disabled": True}).ok
        elif ended == "switched_off":
            allow(place, Role.MANAGER, [{"act": "discount"}])
        else:
            assert place.command.post(f"/api/admin/devices/{till.device}/revoke/").status_code == 204
        body = msgspec.json.decode(waiting.request)
        # As Kim's, at that POS: whoever has the till's session can send what they like.
        tokens = till.api._signed_in.api.tokens
        assert tokens is not None
        bearer = {"access_token": tokens.access_token}
        reply = Caller(place.server.url, bearer).post("/api/pos/orders/", body, key=waiting.op_id)
        assert reply.status_code == (401 if ended == "revoked" else 403), reply.text


def test_what_a_pos_makes_up_is_nothing(place: Place, tmp_path: Path) -> None:
    with till_of(place, tmp_path, "Gil") as till:
        till.enrol()
        lacking = till.lacking()
        genuine = claimed(till.api.approve(lacking, "Gil", till.pin))
        assert genuine is not None
        made_up = msgspec.structs.replace(genuine, enrolled=True)
        till.api.allow = lambda asked: proven(
            msgspec.structs.replace(made_up, operation=asked.op_id, about=asked.about), b"a key"
        )
        till.reduced()
        till.until_sent()
        (held,) = till.api.operations()
        assert held.outcome == RIGHT_REFUSED


def test_who_has_not_enrolled_or_may_not_allows_nothing_without_the_server(place: Place, tmp_path: Path) -> None:
    with till_of(place, tmp_path, "Hal") as till:
        lacking = till.lacking()
        till.cut()
        with pytest.raises(Refused, match="enrolled"):
            till.api.approve(lacking, "Hal", till.pin)
        till.back()
        till.until_live()
        till.enrol()
        allow(place, Role.MANAGER, [{"act": "discount", "limit": 10_000}, {"act": "allow_offline"}])
        till.until(
            lambda: any(
                each.act is Act.DISCOUNT and each.limit
                for role in till.api._signed_in.cache.roles
                for each in role.rights
            )
        )
        till.cut()
        with pytest.raises(NoRight):
            till.api.approve(lacking, "Hal", till.pin)
        for _ in range(4):
            with pytest.raises(NoRight):  # judged before the PIN is: no try is used
                till.api.approve(lacking, "Hal", "000000")


def test_guessing_without_the_server_ends_after_five(place: Place, tmp_path: Path) -> None:
    with till_of(place, tmp_path, "Ida") as till:
        till.enrol()
        lacking = till.lacking()
        till.cut()
        said: list[type[ClientError]] = []
        for _ in range(5):
            with pytest.raises(Refused) as refused:
                till.api.approve(lacking, "Ida", "000000")
            said.append(type(refused.value))
        assert said == [Refused] * 4 + [TooManyAttempts]
        with pytest.raises(Refused, match="enrolled"):
            till.api.approve(lacking, "Ida", till.pin)


def test_who_enrols_where(place: Place) -> None:
    """At a paired POS, with six digits or more, who has the right; no admin."""
    path = "/api/pos/approvals/enrol/"
    unpaired = place.kim.post(path, {"staff": "Max", "pin": shop.MANAGER_PIN})
    assert (unpaired.status_code, unpaired.json()["type"]) == (409, "unpaired")
    assert place.kim.post(path, {"staff": "Max", "pin": "24680"}).status_code == 422
    admin = place.kim.post(path, {"staff": "Alex", "pin": shop.ADMIN_PIN})
    assert (admin.status_code, admin.json()["needs"]) == (403, [{"act": "allow_offline"}])
    assert place.kim.post(path, {"staff": "Max", "pin": "135797531"}).status_code == 422
    assert place.ada.post(path, {"staff": "Max", "pin": shop.MANAGER_PIN}).status_code == 403
    assert place.alex.post(f"/api/admin/staff/{place.world.max}/", {"unlock": True}).ok
