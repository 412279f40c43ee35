"""The security log: whatever opens a door or tries to, who, where and when; and nobody changes what is in it."""

import asyncio
import json
import re
import secrets
import sqlite3
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError

from core.admin import cli, setup
from core.domain.ids import ShopId
from core.instants import now, to_us
from core.protocol.health import BackupKind
from core.protocol.security import SecurityEvent
from core.server.auth import authority, keys, recovery_kit, security
from core.server.auth.security import SecurityLog
from core.server.settings import ServerSettings
from core.store import security_log
from core.store.backups import backup, restore
from core.store.engine.database import make_engine
from core.store.security_log import Actor
from core.store.sql.statements import Transaction
from core.store.tables import SECURITY_LOG_DAYS_LEAST
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.server import ServerThread

LOG = "/api/admin/security-log/"
HERE = "127.0.0.1"
PIN = "11235813"
IN_FILES = ("keys_changed", "authority_changed", "kit_made")
"""Written down by the server as soon as it looks."""


def entries(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    reply = caller.get(LOG, params=query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["entries"]
    return found


class Since:
    """What was written to the log of Alex's shop since it was made, oldest first."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._before = {each["id"] for each in entries(place.alex, limit=500)}

    def __call__(self) -> list[dict[str, Any]]:
        return [each for each in reversed(entries(self._place.alex, limit=500)) if each["id"] not in self._before]

    def told(self) -> list[tuple[str, str, str, str]]:
        return [(each["event"], each["by_name"], each["device"], each["about"]) for each in self()]


@pytest.fixture
def since(place: Place) -> Since:
    return Since(place)


def test_who_signs_in_and_who_fails_to(place: Place, since: Since) -> None:
    kim = {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": shop.DEVICE}
    place.nobody.post("/api/auth/staff/sign-in/", kim)
    place.nobody.post("/api/auth/staff/sign-in/", kim | {"pin": "99887766"})
    place.nobody.post("/api/auth/staff/sign-in/", kim | {"staff": "my-password-by-mistake"})
    place.nobody.post("/api/auth/staff/sign-in/", kim | {"device": "NO-SUCH-TILL"})
    place.nobody.post("/api/auth/device/sign-in/", {"device": shop.DISPLAY.name, "secret": "not it at all"})
    place.nobody.post("/api/auth/sign-in/", {"login": shop.ADA.phone, "password": shop.PASSWORD})
    place.nobody.post("/api/auth/sign-in/", {"login": shop.ADA.phone, "password": "not it at all"})
    place.nobody.post("/api/auth/sign-in/", {"login": "+1 999 0000", "password": "not it at all"})
    found = since()
    ada = place.ada.signed_in["person"]["id"]
    assert [(each["event"], each["by_name"], each["by_role"], each["by_id"] == ada) for each in found] == [
        ("signed_in", "Kim", "cashier", False),
        ("sign_in_failed", "Kim", "cashier", False),
        ("sign_in_failed", "", "", False),
        ("sign_in_failed", "Kim", "cashier", False),
        ("sign_in_failed", "", "display", False),
        ("signed_in", "", "customer", True),
        ("sign_in_failed", "", "customer", True),
        ("sign_in_failed", "", "customer", False),
    ]
    assert {each["address"] for each in found} == {HERE}
    assert [each["device"] for each in found[:5]] == [*[shop.DEVICE] * 3, "", shop.DISPLAY.name]
    assert found[2]["by_id"] == found[4]["by_id"] == found[7]["by_id"] == "", "nobody is known by that name"
    said = json.dumps(found)
    assert "Ada" not in said, "customers are named by their ids"
    assert "by-mistake" not in said, "what was typed for a name may be a password"


def test_signing_up_and_a_number_that_is_taken(place: Place, since: Since) -> None:
    body = {"name": "Hedy", "phone": f"+1 777 {secrets.randbelow(10**8):08d}", "password": shop.PASSWORD}
    new = place.nobody.post("/api/auth/sign-up/", body).json()["person"]["id"]
    assert place.nobody.post("/api/auth/sign-up/", body).status_code == 409
    assert [(each["event"], each["by_id"]) for each in since()] == [("signed_up", new), ("sign_up_refused", "")]


def test_a_session_that_was_copied(place: Place, since: Since) -> None:
    kim = calls.staff(place.server, shop.KIM)
    first = kim.signed_in["refresh_token"]
    for _ in range(2):
        refreshed = place.nobody.post("/api/auth/refresh/", {"refresh_token": first})
    assert refreshed.status_code == 401
    assert [(event, name) for event, name, *_ in since.told()] == [("signed_in", "Kim"), ("token_copied", "Kim")]


def test_what_becomes_of_accounts(place: Place, since: Since) -> None:
    made = place.alex.post("/api/admin/staff/", {"name": f"Robin {secrets.token_hex(3)}", "pin": PIN}).json()
    path, name = f"/api/admin/staff/{made['id']}/", made["name"]
    for change in (
        {"role": "admin"},
        {"pin": "27182818", "disabled": True},
        {"disabled": True},
        {"disabled": False},
        {"unlock": True},
    ):
        assert place.alex.post(path, change).status_code == 200
    assert since.told() == [
        (event, "Alex", shop.DEVICE, about)
        for event, about in (
            ("account_added", f"cashier {name}"),
            ("role_changed", f"cashier {name} to admin"),
            ("pin_changed", f"admin {name}"),
            ("account_disabled", f"admin {name}"),
            ("account_enabled", f"admin {name}"),
            ("unlocked", f"admin {name}"),
        )
    ]
    assert {each["address"] for each in since()} == {HERE}


def test_what_becomes_of_customers_and_who_looked_for_them(place: Place, since: Since) -> None:
    body = {"name": "Hedy", "phone": f"+1 777 {secrets.randbelow(10**8):08d}", "password": shop.PASSWORD}
    hedy = place.nobody.post("/api/auth/sign-up/", body).json()["person"]
    place.kim.get("/api/pos/customers/", params={"q": hedy["phone"]})
    place.alex.get("/api/admin/customers/", params={"q": hedy["phone"]})
    place.kim.get("/api/pos/customers/", params={"q": "+1 777 4"})
    changes = {"password": "another-one-altogether", "disabled": True, "unlock": True}
    assert place.alex.post(f"/api/admin/customers/{hedy['id']}/", changes).status_code == 200
    place.command.post("/api/admin/unlock/", {"address": "192.0.2.7"})
    assert since.told()[1:] == [
        ("customers_searched", "Kim", shop.DEVICE, hedy["id"]),
        ("customers_searched", "Alex", shop.DEVICE, hedy["id"]),
        ("customers_searched", "Kim", shop.DEVICE, "nobody"),
        ("password_changed", "Alex", shop.DEVICE, f"customer {hedy['id']}"),
        ("account_disabled", "Alex", shop.DEVICE, f"customer {hedy['id']}"),
        ("unlocked", "Alex", shop.DEVICE, f"customer {hedy['id']}"),
        ("unlocked", "orderbell", "", "address 192.0.2.7"),
    ]


def test_what_becomes_of_devices(place: Place, since: Since) -> None:
    name = f"T{secrets.token_hex(4).upper()}"
    code = place.alex.post("/api/admin/devices/", {"name": name, "kind": "terminal"}).json()["code"]
    assert place.nobody.post("/api/auth/pair/", {"code": code}).status_code == 200
    assert place.alex.post(f"/api/admin/devices/{name}/revoke/").status_code == 204
    assert since.told() == [
        ("device_invited", "Alex", shop.DEVICE, f"terminal {name}"),
        ("device_paired", "", name, f"terminal {name}"),
        ("device_revoked", "Alex", shop.DEVICE, f"terminal {name}"),
    ]


def test_a_code_that_is_none_is_of_no_shop_and_shown_to_the_operator(place: Place, since: Since) -> None:
    assert place.nobody.post("/api/auth/pair/", {"code": "ABCD-EFGH"}).status_code == 422
    assert since() == []
    token = place.server.services.access.sign_local("orderbell", place.world.shop)
    operator = Caller(place.server.url, {"access_token": token})
    newest = entries(operator, limit=1)[0]
    assert (newest["event"], newest["address"]) == ("pairing_failed", HERE)


def test_what_an_operator_did(place: Place, since: Since) -> None:
    made = place.command.post("/api/admin/backups/").json()["name"]
    place.command.get("/api/admin/check/")
    place.command.get("/api/admin/doctor/")
    assert since.told() == [("command_run", "orderbell", "", about) for about in (f"backup {made}", "check", "doctor")]


def test_what_was_written_to_a_file(place: Place, since: Since) -> None:
    for what, rows in (("orders", 1200), ("waiting changes", 2)):
        assert place.kim.post("/api/pos/exports/", {"what": what, "rows": rows}).status_code == 201
    assert place.kim.post("/api/pos/exports/", {"what": "=1", "rows": 1}).status_code == 422
    assert place.ada.post("/api/pos/exports/", {"what": "orders", "rows": 1}).status_code == 403
    assert since.told() == [
        ("exported", "Kim", shop.DEVICE, "1200 orders"),
        ("exported", "Kim", shop.DEVICE, "2 waiting changes"),
    ]


def test_another_shop_sees_none_of_it(place: Place) -> None:
    access = place.server.services.access
    other = Caller(place.server.url, {"access_token": access.sign_local("orderbell", place.world.other_shop)})
    mine, theirs = entries(place.alex, limit=500), entries(other, limit=500)
    assert {each["by_name"] for each in mine} >= {"Kim", "Alex"}
    assert "Sam" in {each["by_name"] for each in theirs}
    assert not {each["id"] for each in mine} & {each["id"] for each in theirs}
    assert place.kim.get(LOG).status_code == 403, "an admin's"


def test_it_is_read_page_by_page(place: Place) -> None:
    for _ in range(5):
        place.command.post("/api/admin/unlock/", {"address": "192.0.2.7"})
    whole, paged, before = entries(place.alex, limit=9), [], ""
    for _ in range(3):
        paged += entries(place.alex, limit=3, before=before)
        before = paged[-1]["id"]
    assert paged == whole
    assert [each["at"] for each in whole] == sorted((each["at"] for each in whole), reverse=True)


# -- nobody changes it


def _run(place: Place, sql: str) -> None:
    place.server.database.write_blocking(lambda transaction: transaction.connection.execute(sqlalchemy.text(sql)))


@pytest.mark.parametrize("sql", ["UPDATE security_log SET about = 'x'", "DELETE FROM security_log"])
def test_the_database_refuses_to_change_it(place: Place, sql: str) -> None:
    place.command.post("/api/admin/unlock/", {"address": "192.0.2.7"})
    with pytest.raises(IntegrityError, match="append-only"):
        _run(place, sql)


def _written(place: Place, days_ago: float) -> str:
    """An entry of so many days ago; gives its address, which nothing else has."""
    address = f"192.0.2.{secrets.randbelow(250)}-{secrets.token_hex(4)}"

    by = Actor(shop_id=place.world.shop, address=address)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security_log, "now", lambda: now() - timedelta(days=days_ago))
        place.server.database.write_blocking(
            lambda transaction: security_log.insert(transaction, by, SecurityEvent.UNLOCKED)
        )
    return address


def _kept(place: Place, address: str) -> bool:
    return bool(place.rows("SELECT 1 FROM security_log WHERE address = ?", address))


def test_what_is_old_is_forgotten_and_nothing_else_can_be(place: Place) -> None:
    old, young = _written(place, SECURITY_LOG_DAYS_LEAST + 0.1), _written(place, SECURITY_LOG_DAYS_LEAST - 1.1)
    limit_us = to_us(now() - timedelta(days=SECURITY_LOG_DAYS_LEAST))
    place.server.database.write_blocking(lambda transaction: security_log.trim(transaction, limit_us, 500))
    assert (_kept(place, old), _kept(place, young)) == (False, True)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.IntegrityError), match="append-only"):
        place.server.database.write_blocking(lambda transaction: security_log.trim(transaction, to_us(now()), 500))


def test_no_setting_forgets_it_earlier_than_the_database_allows() -> None:
    (age,) = [
        each
        for each in ServerSettings.__annotations__["security_log_days"].__metadata__
        if getattr(each, "ge", None) is not None
    ]
    assert age.ge == SECURITY_LOG_DAYS_LEAST


def test_strangers_do_not_fill_it(place: Place, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("EACH_AN_HOUR", 3), ("FIRST_FEW", 1)):
        monkeypatch.setattr(security, name, most)
    hour = [1_000 * 3_600.0]
    log = SecurityLog(place.server.database, clock=lambda: hour[0])
    stranger = Actor(shop_id=place.world.shop, address="192.0.2.7")
    staff = Actor(shop_id=place.world.shop, role="cashier", name="Kim")

    async def fail(times: int) -> None:
        for _ in range(times):
            await log.failed(stranger, SecurityEvent.SIGN_IN_FAILED)
        await log.note(staff, SecurityEvent.SIGNED_IN)

    visitor = Actor(shop_id=place.world.shop, role="customer", id="x")

    def taken_back(transaction: Transaction) -> None:
        log.record(transaction, visitor, SecurityEvent.SIGNED_IN)
        raise ZeroDivisionError

    for _ in range(5):  # what was not written down leaves its room to others
        with pytest.raises(ZeroDivisionError):
            place.server.database.write_blocking(taken_back)
    for _ in range(4):
        place.server.database.write_blocking(lambda at: log.record(at, visitor, SecurityEvent.SIGNED_IN))
    assert [event for event, *_ in since.told()] == [*["signed_in"] * 3, "left_out"]
    since = Since(place)
    new = [Actor(shop_id=place.world.shop, role="customer", id=f"new {n}", address="192.0.2.8") for n in range(5)]
    for each in new:  # accounts cost nothing: where they are made is what counts
        place.server.database.write_blocking(partial(log.record, by=each, event=SecurityEvent.SIGNED_UP))
    assert [event for event, *_ in since.told()] == [*["signed_up"] * 3, "left_out"]
    since = Since(place)
    asyncio.run(fail(10))
    assert [event for event, *_ in since.told()] == [*["sign_in_failed"] * 3, "left_out", "signed_in"]
    assert [each["address"] for each in since()] == [*["192.0.2.7"] * 4, ""], "it says whose the others are"
    assert log.failures[SecurityEvent.SIGN_IN_FAILED] == 10, "all of them are counted"
    hour[0] += 3_600
    asyncio.run(fail(1))
    assert [event for event, *_ in since.told()][5:] == ["sign_in_failed", "signed_in"]


def test_no_stranger_keeps_what_others_do_out_of_it(
    place: Place, since: Since, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = {"MOST_AN_HOUR": 4, "EACH_AN_HOUR": 3, "FIRST_FEW": 1, "SOURCES_MOST": 5}
    for name, most in bounds.items():
        monkeypatch.setattr(security, name, most)
    log = SecurityLog(place.server.database, clock=lambda: 3_600.0)
    here = place.world.shop

    def failed(event: SecurityEvent, times: int = 1, **who: str) -> None:
        async def all_of_them() -> None:
            for _ in range(times):
                await log.failed(Actor(**{"shop_id": here} | who), event)

        asyncio.run(all_of_them())

    for n in range(3):  # one stranger with three addresses, six of one network's
        failed(SecurityEvent.PAIRING_FAILED, 100, address=f"192.0.2.{n}")
    for n in range(6):
        failed(SecurityEvent.PAIRING_FAILED, 100, address=f"2001:db8::{n + 1:x}")
    told = [event for event, *_ in since.told()]
    # All are one kind: three of the first address, one each of the others and of the network, and one line of each.
    assert (told.count("pairing_failed"), told.count("left_out")) == (3 + 1 + 1 + 1, 4)
    since = Since(place)
    failed(SecurityEvent.SIGN_IN_FAILED, address="198.51.100.1", role="customer")
    failed(SecurityEvent.SIGN_IN_FAILED, 20, address="192.0.2.0", role="cashier", id="kim", name="Kim")
    failed(SecurityEvent.TOKEN_COPIED, address="192.0.2.0", role="admin", id="alex", name="Alex")
    assert [event for event, *_ in since.told()] == [*["sign_in_failed"] * 21, "token_copied"]
    since = Since(place)
    for n in range(50):  # more addresses than are looked at one by one
        failed(SecurityEvent.PAIRING_FAILED, address=f"203.0.113.{n}")
    assert [(each["event"], each["address"]) for each in since()] == [("left_out", "")], "of all of them"


def test_what_was_changed_in_files_is_written_down_whoever_did_it_and_while_no_server_ran(stopped: Path) -> None:
    where = ("--data-dir", str(stopped))

    def told(expected: int) -> list[tuple[str, str, str]]:
        """Of a server that has just started, once it has written so many down."""
        settings = ServerSettings(port=0, data_dir=str(stopped))
        query = "SELECT event, by_role, about FROM security_log ORDER BY at, id"
        with (
            ServerThread(stopped, settings, keys=keys.read(settings.keys_path)) as server,
            server.database.engine.connect() as connection,
        ):
            until = time.monotonic() + 30
            while True:
                rows = [tuple(row) for row in connection.exec_driver_sql(query)]
                found = [row for row in rows if row[0] in IN_FILES]
                if len(found) >= expected:
                    return found
                assert time.monotonic() < until

    def kid() -> str:
        return keys.read(stopped / "keys.json").signing[0].kid

    first = kid()
    assert told(1) == [("keys_changed", "operator", first)]
    assert told(1) == [("keys_changed", "operator", first)], "it says so once"
    assert cli.main(["keys", "rotate", *where]) == 0
    assert recovery_kit.make(ServerSettings(data_dir=str(stopped)), stopped / "none.toml", "Shop", stopped / "kit")
    authority.make(stopped / "tls", "Shop", ["till.example"])
    found = told(4)
    assert [event for event, *_ in found] == ["keys_changed", "keys_changed", "kit_made", "authority_changed"]
    assert found[1][2] == kid() != first
    assert found[3][2] == authority.read(stopped / "tls" / "ca.pem").fingerprint


# -- where failures are counted


def test_failures_are_counted_for_whoever_watches(place: Place, since: Since) -> None:
    def figure(name: str) -> float:
        text = place.nobody.get("/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, name
        return float(found[1])

    name = 'orderbell_security_failures_total{event="sign_in_failed"}'
    before, refused = figure(name), figure("orderbell_too_many_tries_total")
    for _ in range(12):
        place.nobody.post("/api/auth/sign-in/", {"login": "+1 888 0000", "password": "not it at all"})
    assert figure(name) == before + 10
    assert figure("orderbell_too_many_tries_total") == refused + 2
    (check,) = [each for each in place.command.get("/api/admin/doctor/").json()["checks"] if each["name"] == "sign-ins"]
    failed = len(entries(place.alex, failures="true", limit=500))
    assert int(check["says"].split()[0]) >= failed >= 10


# -- the command, and what a restore leaves of it


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    shop.lay_out(tmp_path / "orderbell.db")
    setup.open_keys(tmp_path / "keys.json")
    return tmp_path


@pytest.mark.sqlite_only("a command finds its database in a directory")
def test_a_command_shows_it(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--data-dir", str(stopped))
    assert cli.main(["users", "unlock", "Kim", *where]) == 0
    assert cli.main(["users", "role", "Kim", "admin", *where]) == 0
    capsys.readouterr()
    assert cli.main(["security-log", *where]) == 0
    table = capsys.readouterr().out
    assert re.search(r"role changed +admin orderbell +127\.0\.0\.1 +cashier Kim to admin", table)
    assert cli.main(["security-log", "--last", "1", "--json", *where]) == 0
    found = json.loads(capsys.readouterr().out)
    assert ([each["event"] for each in found["entries"]], found["more"]) == (["role_changed"], True)
    assert cli.main(["security-log", "--failures", *where]) == 0
    assert "Nothing has failed." in capsys.readouterr().out


def test_a_restore_keeps_what_was_written_since_the_backup(stopped: Path) -> None:
    url = databases.url(stopped / "orderbell.db")
    with ServerThread(stopped) as server:
        calls.staff(server, shop.ALEX)
        made = backup.create(server.database.engine, stopped / "backups", BackupKind.MANUAL)
        command = Caller(server.url, {"access_token": server.services.access.sign_local("orderbell", ShopId(""))})
        command.post("/api/admin/unlock/", {"address": "192.0.2.7"})
    restore.restore(stopped / "backups" / made.name, url, stopped / "backups", key=b"", unproven=True)
    engine = make_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT event FROM security_log ORDER BY at").scalars().all()
        about = connection.exec_driver_sql("SELECT about FROM security_log WHERE event = 'restored'").scalar_one()
    engine.dispose()
    assert [event for event in found if event not in IN_FILES] == ["signed_in", "unlocked", "restored"]
    assert about.startswith(f"{made.name}, not proven: ")
