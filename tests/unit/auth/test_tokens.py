"""What is not a token of ours, in every way that is known to have fooled somebody."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest

from core.domain.ids import DeviceId, ShopId
from core.domain.people import Principal, Role
from core.server.auth import keys
from core.server.auth.keys import KeyFileError, Keys, SigningKey
from core.server.auth.tokens import (
    ALGORITHM,
    AUDIENCE,
    CACHED,
    ISSUER,
    LEEWAY_S,
    LOCAL,
    TYPE,
    AccessTokens,
    InvalidToken,
    MadeLater,
    Verified,
    VerifiedTokens,
)

KEYS = keys.make()
KEY = KEYS.signing[0]
KIM = Principal(
    subject="kim", role=Role.CASHIER, name="Kim", session_id="s1", shop_id=ShopId("shop"), device_id=DeviceId("POS1")
)
ADA = Principal(subject="ada", role=Role.CUSTOMER, name="Ada", session_id="s2", shop_id=ShopId("shop"))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    every = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 60,
        "jti": "j",
        "sub": "ada",
        "sid": "s2",
        "role": "customer",
        "shop": "shop",
        "name": "Ada",
    } | changes
    return {name: value for name, value in every.items() if value is not None}


def signed(
    payload: dict[str, Any],
    secret: bytes = KEY.secret,
    algorithm: str = ALGORITHM,
    kid: str | None = None,
    kind: str | None = TYPE,
) -> str:
    return jwt.encode(payload, secret, algorithm, headers={"kid": kid or KEY.kid, "typ": kind})


@pytest.fixture
def access() -> AccessTokens:
    return AccessTokens(KEYS, 600)


@pytest.mark.parametrize("principal", [KIM, ADA])
def test_a_token_says_who_bears_it(access: AccessTokens, principal: Principal) -> None:
    verified = access.verify(access.sign(principal))
    assert verified.principal == principal
    assert 590 < verified.expires_at - time.time() - LEEWAY_S <= 600


def test_our_own_forgery_is_accepted_so_that_the_refusals_mean_something(access: AccessTokens) -> None:
    assert access.verify(signed(claims())).principal == ADA


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "sub", "jti", "sid", "role", "shop", "name"])
def test_every_claim_is_required(access: AccessTokens, missing: str) -> None:
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(**{missing: None})))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "something"},
        {"exp": int(time.time()) - LEEWAY_S - 1},
        {"iat": int(time.time()) + LEEWAY_S + 3600},
        {"nbf": int(time.time()) + LEEWAY_S + 3600},
        {"role": "owner"},
        {"sub": 7},
        {"name": 7},
        {"sid": ["s2"]},
    ],
)
def test_every_claim_must_be_right(access: AccessTokens, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(**change)))


@pytest.mark.parametrize("kind", ["JWT", "refresh+jwt", "AT+JWT", "", None])
def test_another_kind_of_token_is_refused(access: AccessTokens, kind: str | None) -> None:
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(), kind=kind))


@pytest.mark.parametrize("ahead_s", [3, -3, LEEWAY_S - 2, 2 - LEEWAY_S])
def test_servers_whose_clocks_differ_a_little_believe_each_other(access: AccessTokens, ahead_s: int) -> None:
    """By the cache as well."""
    there = int(time.time()) + ahead_s
    cache = VerifiedTokens()
    for token in (signed(claims(iat=there, exp=there + 600)), signed(claims(nbf=there)), signed(claims(exp=there))):
        verified = access.verify(token)
        cache.keep(token, verified)
        assert cache.get(token) == ADA
        assert access.ends_at(verified) > time.time()


def test_a_token_is_written_in_one_way(access: AccessTokens) -> None:
    """A decoder takes all of these for the token itself."""
    token = signed(claims())
    head, payload, signature = token.split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = letters[letters.index(signature[-1]) ^ 1]  # of the last letter only the high bits count
    copies = [f"{token}=", f"{token}==", f"{head}=.{payload}.{signature}", f"{head}.{payload}!.{signature}"]
    copies += [f" {token}", f"{token}\n", f"{head}.{payload}.{signature[:-1]}{loose}", f"{token}.", f"{token}.x"]
    for copy in copies:
        with pytest.raises(InvalidToken):
            access.verify(copy)


def test_another_key_is_refused(access: AccessTokens) -> None:
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(), b"x" * 32))
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(), kid="unknown"))


def test_another_algorithm_is_refused(access: AccessTokens) -> None:
    with pytest.raises(InvalidToken):
        access.verify(signed(claims(), KEY.secret * 2, "HS512"))


def unsigned(payload: dict[str, Any], algorithm: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': TYPE, 'kid': KEY.kid})}.{part(payload)}."


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "HS256", ""])
def test_an_unsigned_token_is_refused(access: AccessTokens, algorithm: str) -> None:
    with pytest.raises(InvalidToken):
        access.verify(unsigned(claims(), algorithm))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "x" * 5000, "eyJ.e30.x", "é.é.é"])
def test_noise_is_refused(access: AccessTokens, text: str) -> None:
    with pytest.raises(InvalidToken):
        access.verify(text)


def test_a_second_key_verifies_but_does_not_sign() -> None:
    new = SigningKey("new", b"n" * 32)
    both = AccessTokens(Keys((new, KEY), KEYS.refresh), 600)
    assert both.verify(signed(claims())).principal == ADA
    assert jwt.get_unverified_header(both.sign(ADA))["kid"] == "new"


def test_a_command_on_this_machine_has_its_token_for_a_minute(
    access: AccessTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = float(int(time.time()))
    monkeypatch.setattr(time, "time", lambda: at)
    verified = access.verify(access.sign_local("orderbell", ADA.shop_id))
    assert verified.expires_at == at + 60 + LEEWAY_S
    assert (verified.principal.session_id, verified.principal.role) == (LOCAL, Role.ADMIN)
    assert (verified.principal.name, verified.principal.shop_id) == ("orderbell", ADA.shop_id)


@pytest.mark.parametrize("secret", [b"", b"x" * 31])
def test_a_short_key_cannot_be_made(secret: bytes) -> None:
    with pytest.raises(ValueError, match="shorter"):
        SigningKey("k", secret)
    with pytest.raises(ValueError, match="shorter"):
        Keys((KEY,), secret)


def test_the_cache_checks_expiry_on_every_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = VerifiedTokens()
    cache.keep("t", Verified(ADA, 1000.0))
    monkeypatch.setattr(time, "time", lambda: 999.0)
    assert cache.get("t") is ADA
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert cache.get("t") is None


def test_the_cache_forgets_a_session_and_no_other() -> None:
    cache = VerifiedTokens()
    later = time.time() + 60
    for token, principal in (("a1", ADA), ("a2", ADA), ("k", KIM)):
        cache.keep(token, Verified(principal, later))
    cache.forget_session(ADA.session_id)
    assert (cache.get("a1"), cache.get("a2"), cache.get("k")) == (None, None, KIM)


def test_what_was_found_out_before_something_was_forgotten_is_not_kept_after_it() -> None:
    """Between looking a session up and keeping the answer the session may have ended."""
    cache = VerifiedTokens()
    before = cache.forgotten
    cache.forget_session(ADA.session_id)
    cache.keep("late", Verified(ADA, time.time() + 60), before)
    assert cache.get("late") is None
    cache.keep("new", Verified(ADA, time.time() + 60), cache.forgotten)
    assert cache.get("new") is ADA


def test_the_cache_is_bounded() -> None:
    cache = VerifiedTokens()
    verified = Verified(ADA, time.time() + 60)
    for n in range(CACHED + 1):
        cache.keep(str(n), verified)
    assert cache.get("0") is None
    assert cache.get(str(CACHED)) is ADA


def test_keys_are_kept_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    keys.write(path, KEYS)
    assert keys.read(path) == KEYS
    assert path.stat().st_mode & 0o077 == 0 or path.drive  # on Windows the directory's rights do this
    with pytest.raises(FileExistsError):
        keys.write(path, keys.make())
    assert keys.read(path) == KEYS


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"signing":[],"refresh":"eHg="}'])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=r"keys\.json"):
        keys.read(path)


def test_a_file_without_a_signing_key_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(msgspec.json.encode({"signing": [], "refresh": KEYS.refresh}))
    with pytest.raises(KeyFileError, match="is no key file"):
        keys.read(path)


def test_backups_of_earlier_releases_are_still_proven() -> None:
    """The key that proves them is derived in one way, for as long as there are backups."""
    known = Keys((KEY,), b"r" * 32)
    assert keys.backup_key(known).hex() == "bb5d61631d6e1027fb3ccc14d3d081f2eae24637c89236242a2aaf36bb3e7568"


def test_one_that_was_made_later_than_the_clock_says_is_told_from_others(
    access: AccessTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time() + 7 * 365 * 86_400
    with monkeypatch.context() as context:
        context.setattr(time, "time", lambda: later)
        token = access.sign(KIM)
    with pytest.raises(MadeLater):
        access.verify(token)
