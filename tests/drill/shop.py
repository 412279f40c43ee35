"""One drill: five clients, one backend, everything that may happen to them, and then peace again."""

import contextlib
import io
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import msgspec

from core.admin import backup as backup_command
from core.admin.sync import IN_SYNC, Pass, Progress
from core.client.http import HttpApi
from core.client.local import LocalStore
from core.protocol.requests import SignIn, StaffSignIn
from core.server.setup import NewShop, create_shop
from core.store import backup, restore
from core.store.database import Database
from tests.drill.audit import Findings, audit
from tests.drill.client import Customer, Part, Staff
from tests.support import databases, shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.killer import Killable
from tests.support.server import ServerProcess

_PACE_S: Final = 0.04
_START_WITHIN_S: Final = 300
_KIM, _ALEX = (Staff(who.name, who.pin) for who in (shop.KIM, shop.ALEX))
_ADA, _GRACE = (Customer(who.phone, who.password) for who in (shop.ADA, shop.GRACE))
_CLIENTS: Final[tuple[tuple[Staff | None, str, Customer | None], ...]] = (
    (_KIM, "POS1", None),
    (_ALEX, "POS2", None),
    (None, "", _ADA),
    (None, "", _GRACE),
    (None, "", _ADA),
)
_LOSSES: Final = (
    Fault.REFUSE,
    Fault.CUT_BEFORE,
    Fault.CUT_AFTER,
    Fault.CUT_WITHIN,
    Fault.DELAY,
    Fault.DUPLICATE,
    Fault.HALF_OPEN,
)


def _put_back(path: Path, url: str, backups: Path) -> None:
    restore.restore(path, url, backups)


class Drill:
    """Everything chosen comes from `seed`; what the machine makes of it in which order is its own affair."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._random = random.Random(seed)
        self._weather = random.Random(seed)  # asked by the proxy's thread, as often as there are requests
        self._database = directory / "server" / "orderbell.db"
        self._clients = [Killable(f"client-{n}", directory / f"client-{n}.log") for n in range(len(_CLIENTS))]
        self._server: ServerProcess | None = None
        self._proxy: FaultProxy
        self._backup = False
        self._never = threading.Event()
        self._heard = threading.Condition()
        self._faults: dict[Fault, float] = {}
        self.kills = 0
        self.restores = 0
        self.recovery_s = 0.0
        self.stuck: list[str] = []

    def run(self, seconds: float) -> Findings:
        """Trouble for `seconds`, then peace until everything is settled; gives what was found."""
        (self._directory / "server").mkdir(parents=True)
        database = Database(databases.url(self._database))
        staff, customers = (shop.KIM, shop.ALEX), (shop.ADA, shop.GRACE)
        create_shop(database, NewShop(menu=shop.MENU, staff=staff, customers=customers, devices=("POS1", "POS2")))
        database.close()
        with ExitStack() as stack:
            stack.callback(self._end)
            self._start_server()
            assert self._server is not None
            self._proxy = stack.enter_context(FaultProxy(self._server.url, self._choose, pause_s=0.05))
            for number in range(len(_CLIENTS)):
                self._start_client(number)
            with self._heard:
                if not self._heard.wait_for(lambda: all(client.heard for client in self._clients), _START_WITHIN_S):
                    raise RuntimeError("the clients did not start")
            self._trouble(time.monotonic() + seconds)
            self._peace()
        return audit(
            self._database,
            {self._file(number): client.heard for number, client in enumerate(self._clients)},
        )

    # -- trouble

    def _trouble(self, until_s: float) -> None:
        happenings: list[tuple[Callable[[], None], int]] = [
            (self._kill_client, 5),
            (self._kill_server, 3),
            (self._change_network, 6),
            (lambda: self._proxy.cut(), 3),
            (self._freeze, 2),
            (self._back_up, 2),
            (self._restore, 2),
            (self._back_up_while_open, 2),
            (self._restore_as_an_admin, 2),
        ]
        choices, weights = zip(*happenings, strict=True)
        pause = self._pause
        while time.monotonic() < until_s:
            pause(self._random.uniform(0.1, 0.9))
            self._random.choices(choices, weights)[0]()

    def _choose(self, _line: str) -> Fault:
        dice = self._weather.random()
        for fault, share in self._faults.items():
            dice -= share
            if dice < 0:
                return fault
        return Fault.NONE

    def _change_network(self) -> None:
        chosen = self._random.sample(_LOSSES, self._random.randint(0, 3))
        self._faults = {fault: self._random.uniform(0.02, 0.3) for fault in chosen}

    def _freeze(self) -> None:
        self._proxy.freeze(frozen=True)
        self._pause(self._random.uniform(0.1, 0.8))
        self._proxy.freeze(frozen=False)

    def _kill_client(self) -> None:
        number = self._random.randrange(len(self._clients))
        self._clients[number].kill()
        self.kills += 1
        self._start_client(number)

    def _kill_server(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        assert self._server is not None
        self._server.kill()
        self.kills += 1
        meanwhile()
        self._start_server()
        self._proxy.upstream = self._server.url

    def _back_up(self) -> None:
        self._kill_server(lambda: self._copy(self._database.parent, self._directory / "backup"))
        self._backup = True

    def _restore(self) -> None:
        """The raw state of an earlier moment: the numbers of events are used again."""
        if self._backup:
            self._kill_server(lambda: self._copy(self._directory / "backup", self._database.parent))
            self.restores += 1

    def _back_up_while_open(self) -> None:
        """`orderbell backup create`, while everybody orders."""
        with contextlib.redirect_stdout(io.StringIO()):
            status = backup_command.main(["create", "--json", *self._where])
        if status:
            raise RuntimeError("no backup was made")

    def _restore_as_an_admin(self) -> None:
        """What `orderbell backup restore` does: found out by the epoch."""
        backups = self._database.parent / "backups"
        made = backup.listed(backups)
        if made:
            path, url = backups / self._random.choice(made).name, databases.url(self._database)
            self._kill_server(lambda: _put_back(path, url, backups))
            self.restores += 1

    @property
    def _where(self) -> tuple[str, ...]:
        return ("--data-dir", str(self._database.parent), "--database-url", databases.url(self._database))

    def _copy(self, source: Path, target: Path) -> None:
        target.mkdir(exist_ok=True)
        databases.copy(source / self._database.name, target / self._database.name)

    # -- peace

    def _peace(self) -> None:
        self._faults = {}
        self._proxy.cut()
        start = time.monotonic()
        for client in self._clients:
            if client.alive:  # one that is not has not come to an end, and its last words are told
                client.tell("drain")
        for client in self._clients:
            client.wait()
        self.recovery_s = time.monotonic() - start
        for number in range(len(self._clients)):
            self._look_once_more(number)
        self.stuck += [
            f"{client.name} did not come to an end: {client.heard[-1:]} {client.last_words()}"
            for client in self._clients
            if not client.heard or "drained" not in client.heard[-1]
        ]

    def _look_once_more(self, number: int) -> None:
        """The last to settle moved what the first to settle had already seen. Signed in anew: a restored server does
        not know the sessions that began after its backup."""
        assert self._server is not None
        staff, device, customer = _CLIENTS[number]
        with closing(LocalStore(self._file(number))) as store, closing(HttpApi(self._server.url)) as http:
            if staff is not None:
                tokens = http.staff_sign_in(StaffSignIn(staff=staff.name, pin=staff.pin, device=device))
            else:
                assert customer is not None
                tokens = http.sign_in(SignIn(login=customer.phone, password=customer.password))
            summary = Pass(store, http, tokens, Progress(wanted=False)).run()
        if summary.exit_status != IN_SYNC:
            self.stuck.append(f"client-{number} is not in sync: {summary.shown()}")

    # -- processes

    def _start_server(self) -> None:
        self._server = ServerProcess(self._database.parent).__enter__()

    def _start_client(self, number: int) -> None:
        staff, device, customer = _CLIENTS[number]
        part = Part(
            url=self._proxy.url,
            file=str(self._file(number)),
            seed=self._random.getrandbits(32),
            pace_s=_PACE_S,
            staff=staff,
            device=device,
            customer=customer,
        )
        self._clients[number].start("tests.drill.client", [msgspec.json.encode(part).decode()], self._on_line)

    def _on_line(self) -> None:
        with self._heard:
            self._heard.notify_all()

    def _file(self, number: int) -> Path:
        return self._directory / f"client-{number}.db"

    def _end(self) -> None:
        for client in self._clients:
            if client.alive:
                client.kill()
        if self._server is not None and self._server.process is not None and self._server.process.poll() is None:
            self._server.stop()

    def _pause(self, seconds: float) -> None:
        self._never.wait(seconds)
