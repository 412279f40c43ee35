"""`orderbell doctor`: well when all is well, wrong when something is, and quiet: nobody sees the order it places."""

import asyncio
import os
import re
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core import settings
from core.admin import cli, setup
from core.admin.doctor import bundle, command, machine, network, windows
from core.client.device import identity
from core.client.storage.local_store import LocalStore
from core.domain.ids import DeviceId, ShopId
from core.domain.people import DeviceKind
from core.files import write_for_person
from core.instants import now
from core.own_process import python
from core.protocol import routes
from core.protocol.devices import DeviceReport
from core.protocol.health import BackupKind, Check, Diagnosis, Result
from core.protocol.replies import OrderPage, Tokens
from core.server.auth import keys
from core.server.doctor import diagnosis, probe
from core.server.orders import ordering
from core.server.settings import ServerSettings
from core.store import events, order_pages
from core.store.backups import backup
from core.store.engine.database import file_url, make_engine
from core.store.sql.statements import Transaction
from core.ui import preflight
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.full_disk import needs_mount, small_disk
from tests.support.server import ServerThread
from tests.support.synced import Screen

WITHIN_S = 30
OK, WARN, FAIL, SKIPPED = Result.OK, Result.WARN, Result.FAIL, Result.SKIPPED


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Windows of whoever runs the tests are none of ours."""
    own = tmp_path / "own"
    monkeypatch.setattr(settings, "data_dir", lambda: own)
    return own


def _unsafe() -> set[str]:
    """The PostgreSQL of these tests runs without fsync, and the doctor says so."""
    return {"durability"} if databases.kind() == "postgresql" else set()


def _examined(place: Place) -> dict[str, Check]:
    reply = place.command.get("/api/admin/doctor/")
    assert reply.status_code == 200, reply.text
    return {check.name: check for check in msgspec.json.decode(reply.content, type=Diagnosis).checks}


def test_a_healthy_backend_is_well(place: Place) -> None:
    place.kim.get("/api/pos/orders/")
    found = _examined(place)
    assert {name for name, check in found.items() if check.result is FAIL} == _unsafe()
    assert {"database", "durability", "owners", "customer id", "backup", "device POS1"} <= set(found)
    assert found["customer id"].result is OK
    assert found["device POS1"].result is OK
    if databases.kind() == "sqlite":
        assert found["integrity"].result is OK
        assert "2 is FULL" in found["durability"].says


@pytest.mark.sqlite_only("the guide's shop is on a file")
def test_the_guide_shows_these_checks_in_this_order(place: Place) -> None:
    guide = Path(__file__).parents[3].joinpath("docs", "admin.md").read_text(encoding="utf-8")
    shown = guide.partition("$ orderbell doctor\n")[2].partition(" checks, ")[0]
    names = re.findall(r"^(?:ok|warn|skipped|fail)\s+(.+?)\s{2,}", shown, re.MULTILINE)
    place.kim.get("/api/pos/orders/")
    own = [name for name in _examined(place) if not name.startswith("device ") or name == "device POS1"]
    assert names[names.index("database") :] == own


def test_the_order_on_trial_silences_no_other(place: Place) -> None:
    """They may be committed together: what is taken back takes back its own events, and nobody else's."""
    writer = place.server.database.writer
    told, begun, release = threading.Event(), threading.Event(), threading.Event()
    before, writer.on_events = writer.on_events, told.set

    def hold(_transaction: Transaction) -> bool:
        begun.set()
        return release.wait(WITHIN_S)

    try:
        with ThreadPoolExecutor(2) as pool:
            busy = writer.submit_blocking(hold)
            assert begun.wait(WITHIN_S)
            placed = pool.submit(place.ada.place)
            _until(lambda: writer.waiting >= 1)
            tried = pool.submit(asyncio.run, probe.probe(place.server.services, place.world.shop))
            _until(lambda: writer.waiting >= 2)
            groups = writer.groups.up_to()[-1]
            release.set()
            assert busy.result(WITHIN_S)
            assert tried.result(WITHIN_S).result is OK
            assert placed.result(WITHIN_S)["id"]
            assert writer.groups.up_to()[-1] == groups + 2, "the two were committed together"
            assert told.wait(WITHIN_S), "the order's event was announced to nobody"
            told.clear()
            assert asyncio.run(probe.probe(place.server.services, place.world.shop)).result is OK
            place.server.database.write_blocking(lambda _transaction: None)
            assert not told.is_set(), "and the trial's own to somebody"
    finally:
        writer.on_events = before


def _until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < until


def test_the_order_on_trial_leaves_no_trace(place: Place) -> None:
    """Not a row, not a number, not an event; and the next real order follows the last one."""
    last = place.ada.place()
    before, head = place.counts(), place.rows("SELECT seq FROM shops ORDER BY id")
    assert _examined(place)["customer id"].result is OK
    assert place.counts() == before
    assert place.rows("SELECT seq FROM shops ORDER BY id") == head
    assert int(place.ada.place()["number"][-6:]) == int(last["number"][-6:]) + 1


_place = ordering.place


def _placed_as_the_body_says(transaction: Any, offers: Any, principal: Any, request: Any) -> Any:
    named = msgspec.structs.replace(principal, subject=request.customer_id)
    return _place(transaction, offers, named, request)


BROKEN: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "not its customer's": (ordering, "place", _placed_as_the_body_says),
    "not in their history": (order_pages, "history", lambda *_: OrderPage(orders=(), total=0)),
    "not told to its customer": (events, "after", lambda *_, **__: []),
}


@pytest.mark.parametrize("says", BROKEN)
def test_what_belongs_to_nobody_or_to_another_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    owner, name, broken = BROKEN[says]
    monkeypatch.setattr(owner, name, broken)
    check = _examined(place)["customer id"]
    assert check.result is FAIL
    assert says in check.says
    assert check.do


@pytest.mark.parametrize(
    ("age_h", "elsewhere", "result"),
    [
        (1, False, Result.OK),
        (50, False, Result.WARN),
        (None, False, Result.WARN),
        (1, True, Result.OK),
        (50, True, Result.SKIPPED),
        (None, True, Result.SKIPPED),
    ],
)
def test_backups_are_looked_for_where_they_are_made(age_h: int | None, elsewhere: bool, result: Result) -> None:
    """Of several backends only one makes them."""
    made = [] if age_h is None else [SimpleNamespace(made_at=now() - timedelta(hours=age_h), name="kitchen.backup.db")]
    backups = SimpleNamespace(all=lambda: made, problem="", elsewhere=elsewhere)
    services: Any = SimpleNamespace(backups=backups, settings=ServerSettings())
    assert diagnosis._backup(services).result is result


def test_a_till_that_was_never_paired_is_told_of_once_there_is_a_network() -> None:
    for host, on_network in (("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True)):
        assert diagnosis._is_on_network(host) is on_network
    till = DeviceReport(name=DeviceId("POS1"), kind=DeviceKind.POS)
    assert diagnosis._device(till, on_network=True).result is WARN
    paired = msgspec.structs.replace(till, paired_at=now())
    assert diagnosis._device(paired, on_network=True).result is SKIPPED


@pytest.mark.parametrize(
    ("ago", "told", "result"),
    [
        (None, {}, SKIPPED),
        (timedelta(), {"lag_events": 0, "lag_s": 0.0}, OK),
        (timedelta(), {"lag_events": 9, "lag_s": 300.0}, WARN),
        (timedelta(minutes=10), {}, WARN),
        (timedelta(days=10), {}, SKIPPED),
        (timedelta(minutes=10), {"revoked_at": now()}, SKIPPED),
    ],
)
def test_a_device_is_expected_to_look_by_itself(ago: timedelta | None, told: dict[str, Any], result: Result) -> None:
    at = None if ago is None else now() - ago
    report = DeviceReport(name=DeviceId("POS1"), kind=DeviceKind.POS, last_contact_at=at, **told)
    assert diagnosis._device(report).result is result


@pytest.mark.sqlite_only("it is about a file")
@pytest.mark.parametrize(
    ("version", "fixed"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_which_sqlite_has_the_fix(tmp_path: Path, version: tuple[int, int, int], fixed: bool) -> None:
    """A version without it is noted, and a warning only where a second program has the file open."""
    path = tmp_path / "orderbell.db"
    path.touch()
    engine = make_engine(file_url(path))
    with engine.connect() as connection:
        [check] = diagnosis._sqlite(connection, version)
        assert (check.result, check.do) == (OK, "")
        assert ("Below 3.51.3" not in check.says) is fixed
        if Path("/proc/self/fd").exists():
            script = f"f = open({str(path)!r}); print(flush=True); input()"
            with subprocess.Popen(
                python("-c", script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as other:
                assert other.stdout is not None
                other.stdout.readline()
                [check] = diagnosis._sqlite(connection, version)
                assert check.result is (OK if fixed else WARN)
                assert (f"({other.pid})" in check.says) is not fixed
                other.communicate("\n")
    engine.dispose()


# -- the machine, the network, the windows


class Here:
    """The server's machine, as `orderbell doctor` finds it."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        shop.lay_out(directory / "orderbell.db")
        setup.open_keys(directory / "keys.json")
        self.url = databases.url(directory / "orderbell.db")
        self._capsys = capsys

    def doctor(self, *more: str) -> tuple[int, dict[str, Check]]:
        self._capsys.readouterr()
        where = ("--data-dir", str(self.directory), "--database-url", self.url)
        status = command.main(["--json", *where, *more])
        told = msgspec.json.decode(self._capsys.readouterr().out, type=Diagnosis)
        return status, {check.name: check for check in told.checks}


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(tmp_path / "server", capsys)


def test_a_stopped_server_is_a_failure_and_the_rest_is_looked_at(here: Here) -> None:
    status, found = here.doctor()
    assert (status, found["server"].result) == (1, FAIL)
    assert found["server"].do == "Start it: orderbell serve"
    assert {found[name].result for name in ("settings", "keys", "token", "database", "customer id")} == {OK}
    assert found["backup"].result is WARN


def test_what_is_wrong_is_a_failure(here: Here) -> None:
    made = _backed_up(here)
    assert here.doctor()[1]["newest backup"].result is OK
    made.write_bytes(made.read_bytes()[:-1])
    status, found = here.doctor()
    assert (status, found["newest backup"].result) == (1, FAIL)
    if os.name == "posix":
        (here.directory / "keys.json").chmod(0o644)
        assert here.doctor()[1]["keys"].result is FAIL
    (here.directory / "keys.json").write_text("{}")
    found = here.doctor()[1]
    assert (found["keys"].result, found["backend"].result) == (FAIL, FAIL)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file by the rights of its directory")
@pytest.mark.sqlite_only("a server's files are its own")
def test_a_database_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "orderbell.db"
    path.touch(mode=0o644)
    assert not list(machine.file(file_url(path))), "its directory keeps them out"
    tmp_path.chmod(0o755)
    assert [found.result for found in machine.file(file_url(path))] == [WARN]
    path.chmod(0o600)
    assert not list(machine.file(file_url(path)))


def _backed_up(here: Here) -> Path:
    with ServerThread(here.directory) as server:
        key = keys.backup_key_at(here.directory / "keys.json")
        made = backup.create(server.database.engine, here.directory / "backups", BackupKind.MANUAL, key=key)
    return here.directory / "backups" / made.name


def test_settings_that_cannot_be_used(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "orderbell.toml"
    file.write_text('[server]\nport = "no"\n')
    status, found = here.doctor("--config", str(file))
    assert (status, found["settings"].result) == (1, FAIL)


def test_from_a_till(
    place: Place, capsys: pytest.CaptureFixture[str], own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "silence_mended_by", lambda: "")
    with Screen(place.server.url, own_data / "pos.db") as pos:
        pos.staff()
        pos.until_live()
        pos.api.call(routes.MENU())
    capsys.readouterr()
    assert command.main(["--json", "--server", place.server.url]) == 0
    found = {check.name: check for check in msgspec.json.decode(capsys.readouterr().out, type=Diagnosis).checks}
    assert {name: check.result for name, check in found.items()} == {
        "server": OK,
        "clock": OK,
        "tls": SKIPPED,
        "sound": OK,
        "pos queue": OK,
        "pos token": OK,
    }
    with Screen("http://127.0.0.1:9", own_data / "pos.db") as pos:
        pos.api.resume()
        pos.take()
        assert [check.result for check in windows.examined(own_data / "pos.db", "pos")] == [SKIPPED]
    monkeypatch.setattr(preflight, "silence_mended_by", lambda: "`apt-get install libpulse0`")
    assert command.main(["--server", "http://127.0.0.1:9"]) == 1
    shown = capsys.readouterr().out
    assert "1 operations wait" in shown
    assert "→ As root: `apt-get install libpulse0`" in shown
    assert "→ Is `orderbell serve` running there" in shown


def test_on_a_paired_till_it_looks_at_the_tills_server(
    tmp_path: Path, own_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed as Kim would: no shop is begun where there is one elsewhere."""
    path = own_data / "pos.db"
    known = identity.Identity(
        name=DeviceId(shop.DEVICE),
        kind=DeviceKind.POS,
        shop=ShopId("s"),
        shop_name="Test",
        server_url="http://127.0.0.1:9",
    )
    with closing(LocalStore(path)) as store, store.transaction() as db:
        db.execute("INSERT INTO identity VALUES (1, ?)", (msgspec.json.encode(known),))

    def looked() -> list[Check]:
        assert command.main(["--json", "--data-dir", str(tmp_path / "none")]) == 1
        checks = msgspec.json.decode(capsys.readouterr().out, type=Diagnosis).checks
        return [check for check in checks if check.name != "sound"]  # that is this machine's

    found = looked()
    assert [check.name for check in found] == ["server", "pos queue", "pos token"]
    assert found[0].result is FAIL
    assert "127.0.0.1:9" in found[0].says
    with closing(LocalStore(path)):
        assert [check.name for check in looked()] == ["server", "pos window"]


def test_settings_of_many_mistakes_are_said_on_lines_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("[server]\nport = 'x'\nhots = 'y'\n", encoding="utf-8")
    assert cli.main(["keys", "list", "--config", str(file)]) == 2
    told = capsys.readouterr().err
    assert "\\n" not in told
    assert len(told.splitlines()) == 2
    assert command.main(["--config", str(file)]) == 1
    assert "\\n" not in capsys.readouterr().out


@needs_mount
def test_a_full_disk_leaves_a_good_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        for name in ("menu.csv", "new.csv"):
            (disk.path / "menu.csv").write_bytes(b"good")
            disk.fill()
            with pytest.raises(OSError, match="No space"):
                write_for_person(disk.path / name, bytes(2_000_000))
            assert [each.name for each in disk.path.iterdir() if "csv" in each.name] == ["menu.csv"]
            assert (disk.path / "menu.csv").read_bytes() == b"good"
            disk.make_room()


def test_a_token_of_somebody_else_is_found(place: Place, own_data: Path) -> None:
    other = place.kim.signed_in
    tokens = msgspec.convert(place.alex.signed_in | {"access_token": other["access_token"]}, type=Tokens)
    assert windows._session(tokens, "pos").result is FAIL
    assert windows._session(msgspec.convert(other, type=Tokens), "pos").result is OK


@pytest.mark.parametrize(("ahead_s", "result"), [(0, OK), (-30, WARN), (30, WARN), (86_400, FAIL)])
def test_a_clock_that_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch, ahead_s: float, result: Result) -> None:
    monkeypatch.setattr(network, "wall_clock", lambda: time.time() + ahead_s)
    found = {check.name: check for check in network.reached(place.server.url)}
    assert found["clock"].result is result


def test_a_broken_window_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "pos.db"
    file.write_bytes(b"what is left of it" * 1000)
    [check] = windows.examined(file, "pos")
    assert check.result is FAIL
    assert "Keep the file" in check.do


# -- the bundle


def _secrets(place: Place) -> Iterator[str]:
    """Everything of this suite that nobody may read in a bundle."""
    yield from (shop.PASSWORD, shop.CASHIER_PIN, shop.ADMIN_PIN, shop.DISPLAY.secret)
    for who in (shop.ADA, shop.GRACE):
        yield from (who.name, who.phone, who.phone.replace(" ", "").removeprefix("+"), who.email)
    yield from (shop.KIM.name, shop.ALEX.name)
    for caller in (place.ada, place.kim, place.board):
        yield from (caller.signed_in["access_token"], caller.signed_in["refresh_token"])
    keys = msgspec.json.decode(msgspec.json.encode(place.server.keys))
    yield keys["refresh"]
    yield from (each["secret"] for each in keys["signing"])


def test_nothing_in_the_bundle_says_who_anybody_is(place: Place, tmp_path: Path) -> None:
    told = msgspec.json.decode(place.command.get("/api/admin/doctor/").content, type=Diagnosis)
    log = tmp_path / "server.log"
    secrets = list(_secrets(place))
    unnamed = [secret for secret in secrets if secret not in {shop.KIM.name, shop.ALEX.name}]
    lines = [f"password={shop.PASSWORD} pin={shop.CASHIER_PIN}", f"pin: {shop.ADMIN_PIN}", "an ordinary line"]
    lines += [secret for secret in unnamed if secret not in {shop.PASSWORD, shop.CASHIER_PIN, shop.ADMIN_PIN}]
    lines = [line for line in lines if line not in {shop.ADA.name, shop.GRACE.name}]  # no log of ours names anybody
    log.write_text("\n".join(lines))
    loaded = settings.load(
        ServerSettings, "server", {"database_url": "postgresql+psycopg://shop:s3cret@db.example/orderbell"}, {}
    )
    names = bundle.write(tmp_path / "support.zip", told, loaded, log)
    assert names == ["doctor.json", "versions.txt", "settings.json", "log.txt"]
    with zipfile.ZipFile(tmp_path / "support.zip") as made:
        text = {name: made.read(name).decode() for name in made.namelist()}
    for secret in (*secrets, "s3cret"):
        for name, content in text.items():
            assert secret not in content, f"{name} has {secret!r}"
    assert "an ordinary line" in text["log.txt"]
    assert "rows orders" in text["doctor.json"]
    assert "sqlalchemy" in text["versions.txt"].lower()
    assert "db.example" in text["settings.json"]
    with pytest.raises(FileExistsError):
        bundle.write(tmp_path / "support.zip", told, loaded, log)


def test_the_command_writes_it(here: Here, tmp_path: Path) -> None:
    here.doctor("--bundle", str(tmp_path / "support.zip"))
    with zipfile.ZipFile(tmp_path / "support.zip") as made:
        assert set(made.namelist()) == {"doctor.json", "versions.txt", "settings.json"}
