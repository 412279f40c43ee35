"""An admin's day, by nothing but commands and what screens do: set up, take orders, lose the database, get it back, and
move the shop to PostgreSQL with two processes, of which one dies."""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from core import settings
from core.admin import backend
from core.admin.command import WHERE, server_settings
from core.client.device import identity
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.client.sync import engine
from core.client.sync.engine import ConnectionState
from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.ids import DeviceId, ItemId, OrderId, new_op_id
from core.domain.order import NewLine
from core.domain.people import DeviceKind
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import OrderQuery, SignUp, StaffSignIn
from core.server.settings import ServerSettings
from core.store.engine.database import file_url
from tests.support import postgres
from tests.support.balancer import Balancer
from tests.support.processes import orderbell
from tests.support.server import ServerProcess
from tests.support.synced import Screen

pytestmark = pytest.mark.slow

MENU: Final = """type,id,name,price,description
category,hot,Hot drinks,,
item,coffee,Coffee,2.80,Filter
item,tea,Tea,2.50,
category,cakes,Cakes,,
item,plum,Plum cake,3.90,Fridays only
"""
PASSWORD: Final = "a long enough password"
COFFEE: Final = (NewLine(item_id=ItemId("coffee"), quantity=2),)
TIMEOUT_S: Final = (2.0, 5.0)
TOKENS_END_SOON: Final = ("--access-token-s", "3")
"""So that every session has to be renewed at every server of the day."""


class Admin:
    """Somebody at the server's machine, with a terminal and nothing else."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "server"
        self.config = directory / "orderbell.toml"

    def __call__(self, *words: str) -> Any:
        """Run a command; what it says as JSON. One that fails ends the day."""
        return json.loads(self.said(*words, "--json"))

    def said(self, *words: str, status: int = 0) -> str:
        place = () if words[:2] == ("db", "copy") else ("--config", str(self.config), "--data-dir", str(self.data))
        done = orderbell(*words, *place)
        assert done.returncode == status, f"orderbell {' '.join(words)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def orders(self, *flags: str) -> dict[OrderId, OrderStatus]:
        """What the server has, whatever any screen remembers."""
        arguments = ["--config", str(self.config), "--data-dir", str(self.data), *flags]
        parser = argparse.ArgumentParser()
        settings.add_flags(parser, ServerSettings, only=WHERE)
        with backend.reach(server_settings(parser.parse_args(arguments))) as api:
            page = api.call(routes.ORDERS(query=OrderQuery(limit=100)))
        return {order.id: order.status for order in page.orders}

    def serve(self, *flags: str) -> ServerProcess:
        return ServerProcess(self.data, "--config", str(self.config), *flags)


class Shopfront:
    """The screens, each on a machine of its own, at the one address that they know."""

    def __init__(self, url: str, directory: Path, tills: Sequence[str]) -> None:
        self.tills = [_paired(url, directory / f"till-{at}" / "pos.db", code) for at, code in enumerate(tills)]
        ca_file = str(directory / "till-0" / "pos.ca.pem")
        self.customer = Screen(url, directory / "customer" / "customer.db", ca_file=ca_file, timeout_s=TIMEOUT_S)
        self.acknowledged: dict[OrderId, OrderStatus] = {}

    @property
    def screens(self) -> tuple[Screen, ...]:
        return (*(till for till, _ in self.tills), self.customer)

    def sign_in(self, staff: str, pin: str) -> None:
        for till, name in self.tills:
            till.api.staff_sign_in(StaffSignIn(staff=staff, pin=pin, device=name))
        self.customer.api.sign_up(SignUp(name="Ada Lovelace", phone="+1 555 0100", password=PASSWORD))
        for screen in self.screens:
            screen.until_live()

    def trade(self) -> None:
        """Each till sells and hands over, the customer orders, and all of it is acknowledged."""
        for till, _ in self.tills:
            sold = till.api.call(routes.TAKE(body=TakeOrder(lines=COFFEE)))
            self.acknowledged[till.move(sold, OrderStatus.PREPARING).id] = OrderStatus.PREPARING
        placed = self.customer.api.call(routes.PLACE(body=PlaceOrder(lines=COFFEE)))
        till, _ = self.tills[0]
        till.until(lambda: till.store.get(placed.id) is not None)
        seen = till.store.get(placed.id)
        assert seen is not None
        self.acknowledged[till.move(seen, OrderStatus.CONFIRMED).id] = OrderStatus.CONFIRMED
        for screen in self.screens:
            screen.until_sent()
        self.customer.until(lambda: _has(self.customer, placed.id, OrderStatus.CONFIRMED))

    def told(self) -> list[int]:
        return [len(screen.told) for screen in self.screens]

    def until_restored(self, told: Sequence[int]) -> None:
        """Every screen has found out that this is another history, and all that was acknowledged is in it."""
        for screen, before in zip(self.screens, told, strict=True):
            screen.until(partial(_began_anew, screen, before), 60)
        for till, _ in self.tills:
            till.until(partial(_has_all, till, self.acknowledged), 60)
        for screen in self.screens:
            screen.until_sent()


def _paired(url: str, path: Path, code: str) -> tuple[Screen, DeviceId]:
    path.parent.mkdir()
    with closing(LocalStore(path)) as store:
        known = identity.pair(Seal(store, keyring=False), url, code, new_op_id(), DeviceKind.POS)
    return Screen(url, path, ca_file=str(path.with_suffix(".ca.pem")), timeout_s=TIMEOUT_S), known.name


def _has(screen: Screen, order_id: OrderId, status: OrderStatus) -> bool:
    row = screen.store.server_row(order_id)
    return row is not None and row.status is status


def _has_all(screen: Screen, orders: Mapping[OrderId, OrderStatus]) -> bool:
    return all(_has(screen, order_id, status) for order_id, status in orders.items())


def _began_anew(screen: Screen, told: int) -> bool:
    """Whether it has taken a snapshot since it had been told so much."""
    return any(changed.whole for changed in screen.told[told:])


@pytest.mark.timeout(600)
@pytest.mark.skipif(postgres.binaries() is None, reason="there is no PostgreSQL on this machine")
def test_an_admins_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.2)
    admin = Admin(tmp_path)
    admin("init", "--shop-name", "Corner Kitchen", "--currency", "EUR", "--tax-rate", "19", "--admin", "Alex")
    admin("tls", "init", "--name", "127.0.0.1")
    pin = admin("users", "add", "Kim")["secret"]
    with ExitStack() as day:
        address = day.enter_context(Balancer())
        url = f"https://127.0.0.1:{address.port}"

        # The morning: a menu, two tills, the first orders, a backup, more orders.
        server = day.enter_context(admin.serve(*TOKENS_END_SOON))
        address.upstreams = [server.url]
        menu = tmp_path / "menu.csv"
        menu.write_text(MENU, encoding="utf-8")
        admin.said("menu", "import", str(menu), "--yes")
        codes = [admin("devices", "pair", name)["code"] for name in ("POS2", "POS3")]
        shop = Shopfront(url, tmp_path, codes)
        for screen in shop.screens:
            day.callback(screen.api.close)
        shop.sign_in("Kim", pin)
        shop.trade()
        backup = admin("backup", "create")["name"]
        stick = tmp_path / "stick"
        stick.mkdir()
        code = admin("keys", "kit", str(stick / "orderbell.kit"))["code"]
        shop.trade()
        assert {each["name"]: each["lag_events"] for each in admin("devices", "list")["devices"]}["POS2"] is not None

        # Noon: the machine is gone, with orders that no backup has. There are a stick, and a code on paper.
        told = shop.told()
        server.kill()
        for name in (backup, f"{backup}.json"):
            (admin.data / "backups" / name).rename(stick / name)
        shutil.rmtree(admin.data)
        admin.said("backup", "restore", str(stick / backup), "--yes", status=1)
        kept = admin.config.read_bytes()
        admin.config.unlink()
        paper = tmp_path / "paper"
        paper.write_text(code.lower().replace("-", " "), encoding="utf-8")
        admin("keys", "recover", str(stick / "orderbell.kit"), "--code-file", str(paper))
        assert admin.config.read_bytes() == kept
        admin.said("backup", "restore", str(stick / backup), "--yes")
        server = day.enter_context(admin.serve(*TOKENS_END_SOON))
        address.upstreams = [server.url]
        shop.until_restored(told)
        assert admin.orders() == shop.acknowledged
        shop.trade()
        assert server.stop() == 0
        admin.said("db", "check")

        # The evening: the shop moves to PostgreSQL, to two processes behind the one address, and one of them dies.
        database = postgres.server().url("admins_day")
        postgres.server().create("admins_day")
        day.callback(postgres.server().drop, "admins_day")
        admin("db", "copy", file_url(admin.data / "orderbell.db"), database)
        (admin.data / "orderbell.db").rename(admin.data / "before-postgresql.db")
        two = [day.enter_context(admin.serve(*TOKENS_END_SOON, "--database-url", database)) for _ in range(2)]
        address.upstreams = [each.url for each in two]
        for screen in shop.screens:
            screen.until_live()
        shop.trade()
        two[0].kill()
        shop.trade()
        assert admin.orders("--database-url", database) == shop.acknowledged
        assert not any(
            each.state is ConnectionState.SIGNED_OUT for screen in shop.screens for each in screen.sync_statuses
        )
        assert two[1].stop() == 0
