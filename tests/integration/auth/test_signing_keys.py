"""Signing keys follow each other while the shop works, and nobody is signed out by it."""

import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from core.admin import cli
from core.domain.ids import ShopId
from core.domain.people import Principal, Role
from core.protocol.feed import Close
from core.server import services
from core.server.auth import keys
from core.server.auth.keys import KeyFile, Keys
from core.server.auth.tokens import AccessTokens, InvalidToken
from core.server.settings import ServerSettings
from tests.integration import calls
from tests.integration.calls import Caller
from tests.support import shop
from tests.support.listener import Listener, hello
from tests.support.server import ServerThread

LIFE_S = 600
ADA = Principal(subject="ada", role=Role.CUSTOMER, name="Ada", session_id="s", shop_id=ShopId("shop"))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """It looks at its key file when it has to, and not by itself."""
    monkeypatch.setattr(services, "RELOAD_KEYS_S", 3600.0)
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path))
    with ServerThread(tmp_path, settings) as running:
        keys.write(settings.keys_path, running.keys)
        yield running


def orderbell(server: ServerThread, *arguments: str) -> None:
    assert cli.main(["keys", *arguments, "--data-dir", str(server.settings.directory)]) == 0


def kid(caller: Caller) -> str:
    return str(jwt.get_unverified_header(caller.token)["kid"])


def works(caller: Caller) -> bool:
    return caller.get("/api/online/orders/history/").status_code == 200


def refreshed(caller: Caller) -> Caller:
    reply = Caller(caller.url).post("/api/auth/refresh/", {"refresh_token": caller.signed_in["refresh_token"]})
    assert reply.status_code == 200, reply.text
    return Caller(caller.url, reply.json())


def signed_anew(server: ServerThread, caller: Caller) -> Caller:
    """The same session's token as another process would sign it, that knows the file as it is now."""
    claims = jwt.decode(caller.token, options={"verify_signature": False})
    newest = keys.read(server.settings.keys_path).signing[0]
    header = jwt.get_unverified_header(caller.token) | {"kid": newest.kid}
    return Caller(caller.url, {"access_token": jwt.encode(claims, newest.secret, "HS256", headers=header)})


def test_a_new_key_signs_and_the_old_one_verifies(server: ServerThread) -> None:
    before = calls.customer(server)
    orderbell(server, "rotate")
    assert works(before)
    assert works(signed_anew(server, before)), "what another process signs with it is known at once"
    after = refreshed(before)
    assert kid(after) != kid(before)
    assert works(after)
    assert works(before)


def test_at_once_means_at_once_and_still_signs_nobody_out(server: ServerThread) -> None:
    before = calls.customer(server)
    assert works(before)
    orderbell(server, "rotate", "--at-once")
    assert works(signed_anew(server, before)), "by which the server has looked at the file"
    assert not works(before), "neither by its key nor from memory"
    assert works(refreshed(before))


def test_at_once_holds_for_sockets_too(server: ServerThread) -> None:
    before = calls.customer(server)
    cursor = before.get("/api/snapshot/").json()["cursor"]
    with Listener(server.url, hello(before.token, cursor)) as socket:
        socket.message()
        orderbell(server, "rotate", "--at-once")
        assert works(signed_anew(server, before))
        assert socket.closed() == Close.SIGNED_OUT


def test_a_server_looks_at_its_file_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RELOAD_KEYS_S", 0.02)
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path))
    with ServerThread(tmp_path, settings) as running:
        keys.write(settings.keys_path, running.keys)
        before = calls.customer(running)
        orderbell(running, "rotate", "--at-once")
        deadline = time.monotonic() + 20
        while works(before):
            assert time.monotonic() < deadline
        new = keys.read(settings.keys_path).signing[0].kid
        assert kid(refreshed(before)) == new
        operator = Caller(running.url, {"access_token": running.services.access.sign_local("orderbell", ShopId(""))})
        while True:
            entries = operator.get("/api/admin/security-log/").json()["entries"]
            found = [each["about"] for each in entries if each["event"] == "keys_changed"]
            if new in found:
                break
            assert time.monotonic() < deadline
        assert found == [new, kid(before)], "the security log has each once"


def test_a_file_that_is_none_or_anothers_changes_nothing(server: ServerThread) -> None:
    before = calls.customer(server)
    for content in (b"", b"{}", json.dumps({"signing": []}).encode()):
        server.settings.keys_path.write_bytes(content)
        assert not works(Caller(server.url, {"access_token": foreign()}))
        assert works(before)
    keys.replace(server.settings.keys_path, keys.make())
    assert not works(signed_anew(server, before))
    assert works(before)


def foreign() -> str:
    return AccessTokens(keys.make(), LIFE_S).sign(ADA)


def test_listed_rotated_and_pruned(server: ServerThread, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> list[dict[str, Any]]:
        orderbell(server, *arguments, "--json")
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["keys"]
        return found

    (first,) = said("list")
    assert first["state"] == "signs"
    new, old = said("rotate")
    assert (new["state"], old["state"], old["kid"]) == ("signs", "verifies", first["kid"])
    assert said("prune") == [new, old], "its tokens may be alive"
    assert said("list", "--access-token-s", "1")[1]["state"] == "verifies", "a minute more, for other processes"
    orderbell(server, "list")
    shown = capsys.readouterr().out
    assert new["kid"] in shown
    for key in keys.read(server.settings.keys_path).signing:
        assert key.secret.hex() not in shown


def test_without_keys_it_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "rotate", "--data-dir", str(tmp_path)]) == 1
    assert "orderbell init" in capsys.readouterr().err


# -- the file


def test_old_keys_are_dropped_when_their_last_token_has_expired() -> None:
    made = keys.make()
    at = made.signing[0].made_at
    twice = keys.rotate(keys.rotate(made, at, LIFE_S), at + 60, LIFE_S)
    assert len(twice.signing) == 3
    assert [key.retired_at for key in twice.signing] == [None, at + 60, at]
    assert keys.prune(twice, at + LIFE_S + keys.OVERLAP_S - 1, LIFE_S) == twice
    assert len(keys.prune(twice, at + LIFE_S + keys.OVERLAP_S, LIFE_S).signing) == 2
    assert len(keys.rotate(twice, at + 10 * LIFE_S, LIFE_S).signing) == 2
    assert twice.refresh == made.refresh


def test_an_old_key_has_its_time_even_in_a_server_that_never_looks() -> None:
    """And whatever a token that was signed with it says of its own end."""
    made = keys.make()
    old = AccessTokens(made, LIFE_S)
    eternal = old.sign(ADA, 10 * 365 * 86_400)
    lately = AccessTokens(keys.rotate(made, time.time(), LIFE_S), LIFE_S)
    assert lately.verify(eternal).expires_at <= time.time() + LIFE_S + keys.OVERLAP_S
    long_ago = AccessTokens(keys.rotate(made, time.time() - LIFE_S - keys.OVERLAP_S, LIFE_S), LIFE_S)
    with pytest.raises(InvalidToken):
        long_ago.verify(eternal)


def test_a_key_file_of_before_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = {"kid": "1", "secret": "A" * 43 + "="}
    path.write_text(json.dumps({"signing": [key], "refresh": "A" * 43 + "="}))
    found = keys.read(path)
    assert (found.signing[0].made_at, found.signing[0].retired_at) == (0, None)


def test_it_is_replaced_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = keys.make()
    keys.write(path, made)
    keys.replace(path, keys.rotate(made, time.time(), LIFE_S))
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]
    assert len(keys.read(path).signing) == 2
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="a file of Windows has no such owner")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_an_administrators_command_takes_no_file_from_the_server(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys.write(path, keys.make())
    os.chown(path, 12345, 12345)
    keys.replace(path, keys.make())
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)


def test_what_has_not_changed_is_not_news(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = keys.make()
    file = KeyFile(path, made)
    assert file.changed_keys() is None
    keys.write(path, made)
    assert file.changed_keys() is None
    rotated: Keys = keys.rotate(made, time.time(), LIFE_S)
    keys.replace(path, rotated)
    assert file.changed_keys() == rotated
    assert file.changed_keys() is None
