"""One drill: five clients, one backend, what its scenarios make happen to them, and then peace again."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import msgspec

from core.admin.sync import IN_SYNC, Pass
from core.client.http.api import HttpApi
from core.client.storage.local_store import LocalStore
from core.domain.service import ShopService
from core.protocol.requests import SignIn, StaffSignIn
from core.server.setup import NewShop, create_shop
from core.store.engine.database import Database
from tests.drill.audit import Findings, audit
from tests.drill.client import Customer, Part, Staff
from tests.drill.scenario import Scenario
from tests.support import databases, shop
from tests.support.fault_proxy import Choose, Fault, FaultProxy
from tests.support.killer import Killable
from tests.support.server import ServerProcess

_PACE_S: Final = 0.04
_START_WITHIN_S: Final = 300
_KIM, _ALEX = (Staff(who.name, who.pin) for who in (shop.KIM, shop.ALEX))
_ADA, _GRACE = (Customer(who.phone, who.password) for who in (shop.ADA, shop.GRACE))
_CLIENTS: Final = (
    ("POS1", (_KIM,), ()),
    ("POS2", (_ALEX,), ()),
    ("", (), (_ADA,)),
    ("", (), (_GRACE,)),
    ("", (), (_ADA,)),
)
"""Which till it is, and who is there; or whose window."""


class Drill:
    """Everything chosen comes from `seed`; what the machine makes of it in which order is its own affair.

    What is public here is for scenarios.
    """

    def __init__(self, directory: Path, seed: int, scenarios: Sequence[type[Scenario]]) -> None:
        self.seed = seed
        self.directory = directory
        self.data_dir = directory / "server"
        self.files = [directory / f"client-{n}.db" for n in range(len(_CLIENTS))]
        self.server_flags: list[str] = []
        """Of `orderbell serve`, besides the usual."""
        self.clients = [Killable(f"client-{n}", directory / f"client-{n}.log") for n in range(len(_CLIENTS))]
        self.choosing: list[Choose] = []
        """What the network does to a request: the first that does not say `Fault.NONE` is right. Asked in the
        proxy's thread."""
        self.server: ServerProcess | None = None
        self.proxy: FaultProxy
        self.kills = 0
        self.restores = 0
        self.recovery_s = 0.0
        self.stuck: list[str] = []
        self._random = random.Random(seed)
        self._never = threading.Event()
        self._heard = threading.Condition()
        self._scenarios = [each(self) for each in scenarios]
        self._database_url = ""

    @property
    def database(self) -> Path:
        """See `tests.support.databases`."""
        return self.data_dir / "orderbell.db"

    @property
    def database_url(self) -> str:
        return self._database_url or databases.url(self.database)

    @database_url.setter
    def database_url(self, url: str) -> None:
        self._database_url = url

    def run(self, seconds: float | None) -> Findings:
        """Trouble for `seconds`, or each kind of trouble once (None); then peace until everything is settled. Gives
        what was found."""
        self.directory.mkdir(parents=True)
        with ExitStack() as stack:
            for scenario in self._scenarios:
                stack.enter_context(scenario.surroundings())
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._make_shop()
            stack.callback(self._end)
            self.start_server()
            assert self.server is not None
            self.proxy = stack.enter_context(FaultProxy(self.server.url, self._choose, pause_s=0.05))
            for number in range(len(_CLIENTS)):
                self.start_client(number)
            with self._heard:
                if not self._heard.wait_for(lambda: all(client.heard for client in self.clients), _START_WITHIN_S):
                    raise RuntimeError("the clients did not start")
            self._trouble(seconds)
            self._peace()
            self._end()
            found = audit(
                self.database_url,
                {file: client.heard for file, client in zip(self.files, self.clients, strict=True)},
                self.data_dir / "keys.json",
            )
            for scenario in self._scenarios:
                scenario.audit(found)
        return found

    # -- for scenarios

    def pause(self, seconds: float) -> None:
        self._never.wait(seconds)

    def kill_client(self, number: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill it, and start it again after `meanwhile`."""
        self.clients[number].kill()
        self.kills += 1
        meanwhile()
        self.start_client(number)

    def kill_server(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill it, and start it again after `meanwhile`."""
        assert self.server is not None
        self.server.kill()
        self.kills += 1
        meanwhile()
        self.start_server()

    def start_server(self) -> None:
        flags = ("--database-url", self._database_url) if self._database_url else ()
        self.server = ServerProcess(self.data_dir, *flags, *self.server_flags).__enter__()
        if hasattr(self, "proxy"):
            self.proxy.upstream = self.server.url

    def start_client(self, number: int) -> None:
        part = self._part(number)
        self.clients[number].start("tests.drill.client", [msgspec.json.encode(part).decode()], self._on_line)

    # -- inside

    def _part(self, number: int) -> Part:
        device, staff, customers = _CLIENTS[number]
        part = Part(
            url=self.proxy.url,
            file=str(self.files[number]),
            seed=self._random.getrandbits(32),
            pace_s=_PACE_S,
            staff=staff,
            customers=customers,
            device=device,
        )
        for scenario in self._scenarios:
            part = scenario.part(part)
        return part

    def _make_shop(self) -> None:
        staff, customers = (shop.KIM, shop.ALEX), (shop.ADA, shop.GRACE)
        menu = msgspec.structs.replace(shop.MENU, cash_increment_minor=5, service=ShopService(12_500))
        with closing(Database(self.database_url)) as database:
            create_shop(database, NewShop(menu=menu, staff=staff, customers=customers, devices=("POS1", "POS2")))

    def _choose(self, line: str) -> Fault:
        for choose in self.choosing:
            fault = choose(line)
            if fault is not Fault.NONE:
                return fault
        return Fault.NONE

    def _trouble(self, seconds: float | None) -> None:
        until_s = time.monotonic() + (seconds or 0.0)
        troubles = [trouble for scenario in self._scenarios for trouble in scenario.troubles()]
        happen, weights = zip(*(troubles or [(lambda: None, 1)]), strict=True)
        once = list(happen) if seconds is None else []
        while once or time.monotonic() < until_s:
            self.pause(self._random.uniform(0.1, 0.9))
            (once.pop(0) if once else self._random.choices(happen, weights)[0])()

    def _peace(self) -> None:
        for scenario in self._scenarios:
            scenario.peace()
        start = time.monotonic()
        for client in self.clients:
            if client.alive:  # one that is not has not come to an end, and its last words are told
                client.tell("drain")
        for client in self.clients:
            client.wait()
        self.recovery_s = time.monotonic() - start
        for number in range(len(self.clients)):
            self._look_once_more(number)
        self.stuck += [
            f"{client.name} did not come to an end: {client.heard[-1:]} {client.log_tail()}"
            for client in self.clients
            if not client.heard or "drained" not in client.heard[-1]
        ]

    def _look_once_more(self, number: int) -> None:
        """The last to settle moved what the first to settle had already seen. Signed in anew: a restored server does
        not know the sessions that began after its backup."""
        assert self.server is not None
        part = self._part(number)
        with closing(LocalStore(self.files[number])) as store, closing(HttpApi(self.server.url)) as http:
            with store.reading() as db:
                (left,) = db.execute("SELECT count(*) FROM operations WHERE done_at IS NULL").fetchone()
            if left:  # it would be sent only once the window is opened anew
                self.stuck.append(f"client-{number}: {left} operations wait in the file, and its window said none")
            for who in part.staff or part.customers:
                if isinstance(who, Staff):
                    http.staff_sign_in(StaffSignIn(staff=who.name, pin=who.pin, device=part.device))
                else:
                    http.sign_in(SignIn(login=who.phone, password=who.password))
                summary = Pass(store, http.session).run()
                if summary.exit_status != IN_SYNC:
                    self.stuck.append(f"client-{number} is not in sync: {summary.shown()}")

    def _on_line(self) -> None:
        with self._heard:
            self._heard.notify_all()

    def _end(self) -> None:
        for client in self.clients:
            if client.alive:
                client.kill()
        if self.server is not None and self.server.process is not None and self.server.process.poll() is None:
            self.server.stop()
