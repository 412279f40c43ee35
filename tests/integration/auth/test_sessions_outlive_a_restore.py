"""Whoever was signed in before a restore still is: a refresh token is known by its proof, and works once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.protocol.health import BackupKind
from core.store.backups import backup, restore
from core.store.engine.database import make_engine
from core.store.tables import pairing_codes
from tests.integration import calls
from tests.integration.calls import Caller, new_key
from tests.support import databases, shop
from tests.support.server import ServerThread


def _refresh(server: ServerThread, token: str, key: str | None = None) -> dict[str, Any] | None:
    reply = Caller(server.url).post("/api/auth/refresh/", {"refresh_token": token}, key=key)
    assert reply.status_code in (200, 401)
    return reply.json() if reply.status_code == 200 else None


@pytest.fixture
def gone_on(tmp_path: Path) -> Iterator[tuple[ServerThread, list[str], str]]:
    """A restored shop; Ada's refresh tokens, of which the backup knows the first two; Kim's, who signed in since."""
    shop.lay_out(tmp_path / "orderbell.db")
    url = databases.url(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        tokens = [calls.customer(server, shop.ADA).signed_in["refresh_token"]]

        def next_one() -> None:
            given = _refresh(server, tokens[-1])
            assert given is not None
            tokens.append(given["refresh_token"])

        next_one()
        made = backup.create(server.database.engine, tmp_path / "backups", BackupKind.MANUAL)
        next_one()
        next_one()
        since = calls.staff(server, shop.KIM).signed_in["refresh_token"]
        keys = server.keys
    restore.restore(tmp_path / "backups" / made.name, url, tmp_path / "backups", key=b"", unproven=True)
    with ServerThread(tmp_path, keys=keys) as server:
        yield server, tokens, since


def test_who_was_signed_in_still_is(gone_on: tuple[ServerThread, list[str], str]) -> None:
    server, tokens, _ = gone_on
    key = new_key()
    first = _refresh(server, tokens[-1], key)
    assert first is not None
    again = _refresh(server, tokens[-1], key)
    assert again is not None
    assert again["refresh_token"] == first["refresh_token"], "an answer that was lost is given again"
    assert _refresh(server, first["refresh_token"]) is not None
    assert _refresh(server, tokens[-1]) is None, "it works once"
    assert _refresh(server, first["refresh_token"]) is None, "and a copy ends the session"


@pytest.mark.parametrize("which", [0, 1])
def test_a_copy_from_before_the_backup_ends_the_session(
    gone_on: tuple[ServerThread, list[str], str], which: int
) -> None:
    server, tokens, _ = gone_on
    owner = _refresh(server, tokens[-1])
    assert owner is not None
    assert _refresh(server, tokens[which]) is None
    assert _refresh(server, owner["refresh_token"]) is None


def test_a_session_from_after_the_backup_has_to_be_begun_again(gone_on: tuple[ServerThread, list[str], str]) -> None:
    server, _, since = gone_on
    assert _refresh(server, since) is None


def test_nobody_else_can_make_a_token_of_a_lost_generation(gone_on: tuple[ServerThread, list[str], str]) -> None:
    server, tokens, _ = gone_on
    session_id, generation, unique, proof = tokens[-1].split(".")
    later = f"{session_id}.{int(generation) + 1}"
    for forged in (
        f"{later}.{unique}.{proof}",
        f"{later}.{unique}.",
        f"{session_id}.{generation}.{unique}x.{proof}",
        f"{session_id}.{generation}.{unique}",
        f".{proof}",
        proof,
    ):
        assert _refresh(server, forged) is None, forged
    assert _refresh(server, tokens[-1]) is not None


# -- whoever was locked out since the backup


def _comes_in(server: ServerThread, path: str, body: dict[str, Any]) -> bool:
    return Caller(server.url).post(path, body).status_code == 200


@pytest.mark.parametrize("readable", [True, False])
def test_whoever_was_locked_out_stays_so(tmp_path: Path, readable: bool) -> None:
    world = shop.lay_out(tmp_path / "orderbell.db")
    url = databases.url(tmp_path / "orderbell.db")
    ada, kim = {"login": shop.ADA.phone}, {"staff": shop.KIM.name, "device": shop.DEVICE}
    board = {"device": shop.DISPLAY.name, "secret": shop.DISPLAY.secret}
    with ServerThread(tmp_path) as server:
        alex = calls.staff(server, shop.ALEX)
        grace = calls.customer(server, shop.GRACE)
        assert alex.post("/api/admin/devices/", {"name": "POS2", "kind": "terminal"}).status_code == 201
        made = backup.create(server.database.engine, tmp_path / "backups", BackupKind.MANUAL)
        assert made.rows["pairing_codes"] == 1
        assert grace.post("/api/auth/sign-out/").status_code == 204
        assert alex.post(f"/api/admin/staff/{world.kim}/", {"pin": shop.OTHER_PIN}).status_code == 200
        assert alex.post(f"/api/admin/customers/{world.ada}/", {"disabled": True}).status_code == 200
        assert alex.post(f"/api/admin/devices/{shop.DISPLAY.name}/revoke/").status_code == 204
        keys = server.keys
    if not readable and databases.kind() == "postgresql":
        databases.create(tmp_path / "orderbell.db")  # a new server, and an empty database on it
    elif not readable:
        engine = make_engine(url)
        with engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE customers RENAME TO guests")
        engine.dispose()
    restored = restore.restore(tmp_path / "backups" / made.name, url, tmp_path / "backups", key=b"", unproven=True)
    assert restored.rights == ({"sessions": 1, "devices": 1, "staff": 1, "customers": 1} if readable else None)
    with ServerThread(tmp_path, keys=keys) as server:
        assert server.database.read_blocking(lambda tx: tx.search(select(pairing_codes))) == []
        assert (_refresh(server, grace.signed_in["refresh_token"]) is None) is readable
        assert _comes_in(server, "/api/auth/device/sign-in/", board) is not readable
        assert _comes_in(server, "/api/auth/sign-in/", ada | {"password": shop.PASSWORD}) is not readable
        assert _comes_in(server, "/api/auth/staff/sign-in/", kim | {"pin": shop.KIM.pin}) is not readable
        assert _comes_in(server, "/api/auth/staff/sign-in/", kim | {"pin": shop.OTHER_PIN}) is readable
