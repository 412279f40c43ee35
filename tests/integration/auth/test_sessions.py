"""Signing up, in and out; refresh tokens that work once; and access tokens that die with their session."""

import time
from typing import Any

import jwt
import pytest
import requests

from core.server.auth.tokens import LEEWAY_S, TYPE
from core.store.tables import metadata
from tests.integration import calls
from tests.integration.calls import Caller, new_key
from tests.integration.conftest import Place
from tests.support import shop

HISTORY = "/api/online/orders/history/"
REFRESH = "/api/auth/refresh/"


def refresh(caller: Caller, token: str, key: str | None = None) -> requests.Response:
    return Caller(caller.url).post(REFRESH, {"refresh_token": token}, key=key)


def works(caller: Caller, access_token: str) -> bool:
    reply = Caller(caller.url, {"access_token": access_token}).get(HISTORY)
    assert reply.status_code in {200, 401}
    return reply.status_code == 200


@pytest.fixture
def ada(place: Place) -> Caller:
    """Ada in a session of her own, which the test may end."""
    return calls.customer(place.server, shop.ADA)


def test_a_new_customer_is_signed_in_and_known_by_both_logins(place: Place) -> None:
    body = {"name": " Katherine ", "phone": "+1 (555) 0199", "email": "Kat@Example.org", "password": shop.PASSWORD}
    made = place.nobody.post("/api/auth/sign-up/", body)
    assert made.status_code == 201
    assert made.json()["person"] | {"id": ""} == {
        "id": "",
        "role": "customer",
        "name": "Katherine",
        "phone": "15550199",
        "email": "kat@example.org",
    }
    assert works(place.nobody, made.json()["access_token"])
    for login in ("1-555-0199", "+15550199", "kat@example.ORG"):
        signed_in = place.nobody.post("/api/auth/sign-in/", {"login": login, "password": shop.PASSWORD})
        assert signed_in.status_code == 200, login
        assert signed_in.json()["person"] == made.json()["person"]


@pytest.mark.parametrize(
    ("change", "field"), [({"phone": "001 555 0100"[2:]}, "phone"), ({"email": "ADA@example.org"}, "email")]
)
def test_a_login_belongs_to_one_customer(place: Place, change: dict[str, str], field: str) -> None:
    body = {"name": "Eve", "phone": "+1 555 7777", "email": "eve@example.org", "password": shop.PASSWORD} | change
    before = place.counts()
    refused = place.nobody.post("/api/auth/sign-up/", body)
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (409, "exists", field)
    after = place.counts() | {"wrong_tries": before["wrong_tries"]}  # where sign-ups are counted, too
    assert after == before


def test_a_wrong_login_does_not_say_what_was_wrong(place: Place) -> None:
    """Unknown, wrong, of another kind: the same words."""
    customers = [
        {"login": "+1 555 0100", "password": "not it at all"},
        {"login": "+1 555 9999", "password": shop.PASSWORD},
        {"login": "nobody@example.org", "password": shop.PASSWORD},
        {"login": "Kim", "password": shop.CASHIER_PIN},
    ]
    members = [
        {"staff": "Kim", "pin": "000000", "device": shop.DEVICE},
        {"staff": "Nobody", "pin": shop.CASHIER_PIN, "device": shop.DEVICE},
        {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": "POS7"},
    ]
    replies = [place.nobody.post("/api/auth/sign-in/", body) for body in customers]
    replies += [place.nobody.post("/api/auth/staff/sign-in/", body) for body in members]
    assert {reply.status_code for reply in replies} == {401}
    assert len({reply.content for reply in replies}) == 1


def test_a_refresh_token_works_once_and_gives_the_next(ada: Caller) -> None:
    first = ada.signed_in
    second = refresh(ada, first["refresh_token"]).json()
    third = refresh(ada, second["refresh_token"]).json()
    assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3
    assert third["person"] == first["person"]
    assert all(works(ada, tokens["access_token"]) for tokens in (first, second, third))


def test_a_copied_refresh_token_ends_the_session(ada: Caller) -> None:
    stolen = ada.signed_in["refresh_token"]
    owner = refresh(ada, stolen).json()
    assert works(ada, owner["access_token"])
    assert works(ada, ada.token)
    thief = refresh(ada, stolen)
    assert (thief.status_code, thief.json()["type"]) == (401, "unauthenticated")
    assert refresh(ada, owner["refresh_token"]).status_code == 401
    assert not works(ada, owner["access_token"])
    assert not works(ada, ada.token)


def test_the_owner_who_got_no_reply_may_ask_again(ada: Caller) -> None:
    key = new_key()
    lost = refresh(ada, ada.signed_in["refresh_token"], key).json()
    again = refresh(ada, ada.signed_in["refresh_token"], key)
    assert again.status_code == 200
    assert again.json()["refresh_token"] == lost["refresh_token"]
    assert refresh(ada, again.json()["refresh_token"], new_key()).status_code == 200


@pytest.mark.parametrize("late", ["another key", "no key", "after its successor was used"])
def test_any_other_second_use_is_a_copy(ada: Caller, late: str) -> None:
    token, key = ada.signed_in["refresh_token"], new_key()
    successor = refresh(ada, token, key).json()
    if late == "after its successor was used":
        successor = refresh(ada, successor["refresh_token"], new_key()).json()
        refused = refresh(ada, token, key)
    else:
        refused = refresh(ada, token, new_key() if late == "another key" else None)
    assert refused.status_code == 401
    assert refresh(ada, successor["refresh_token"], new_key()).status_code == 401
    assert not works(ada, successor["access_token"])


def test_without_a_key_even_the_owner_cannot_ask_again(ada: Caller) -> None:
    token = ada.signed_in["refresh_token"]
    assert refresh(ada, token).status_code == 200
    assert refresh(ada, token).status_code == 401


@pytest.mark.parametrize("token", ["x", "x" * 200, "é", "eyJ.e30.x"])
def test_an_unknown_refresh_token_is_refused(place: Place, token: str) -> None:
    assert refresh(place.nobody, token).status_code == 401


def test_signing_out_ends_every_token_of_the_session_at_once(ada: Caller, place: Place) -> None:
    newer = refresh(ada, ada.signed_in["refresh_token"]).json()
    assert works(ada, ada.token)
    assert works(ada, newer["access_token"])
    assert ada.post("/api/auth/sign-out/").status_code == 204
    assert not works(ada, ada.token)
    assert not works(ada, newer["access_token"])
    assert refresh(ada, newer["refresh_token"]).status_code == 401
    assert works(place.ada, place.ada.token), "another session of the same customer lives on"


@pytest.mark.parametrize("padding", ["=", "==", " "])
def test_a_copy_of_an_ended_token_that_looks_different_is_dead_too(ada: Caller, padding: str) -> None:
    ada.post("/api/auth/sign-out/")
    assert not works(ada, ada.token + padding)


def forged(place: Place, **changes: Any) -> str:
    key = place.server.keys.signing[0]
    claims = jwt.decode(place.ada.token, options={"verify_signature": False})
    return jwt.encode(claims | changes, key.secret, "HS256", headers={"kid": key.kid, "typ": TYPE})


def test_a_token_must_belong_to_a_session_that_is_there(place: Place) -> None:
    """Signed by our own key, and yet: no such session."""
    assert works(place.ada, forged(place))
    assert not works(place.ada, forged(place, sid="01920000-0000-7000-8000-000000000000"))


@pytest.mark.parametrize(
    "changes",
    [{"exp": int(time.time()) - LEEWAY_S - 1}, {"aud": "other"}, {"iss": "other"}, {"role": "owner"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_token_that_is_not_right_opens_nothing(place: Place, changes: dict[str, Any]) -> None:
    assert not works(place.ada, forged(place, **changes))


@pytest.mark.parametrize("scheme", ["Basic", "bearer", "BEARER", "Token", ""])
def test_only_a_bearer_token_is_one(place: Place, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {place.ada.token}".strip()}
    assert (place.nobody.get(HISTORY, headers=headers).status_code == 200) is (scheme.lower() == "bearer")


def test_a_wrong_token_is_refused_even_where_none_is_needed(place: Place) -> None:
    """Silence would show somebody the default shop's menu for their own."""
    assert Caller(place.ada.url, {"access_token": "x"}).get("/api/menu/").status_code == 401


def test_secrets_are_kept_as_hashes(place: Place) -> None:
    hashes = place.rows("SELECT password_hash FROM customers UNION ALL SELECT pin_hash FROM staff")
    assert hashes
    assert all(value.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for (value,) in hashes)
    whole = b"".join(path.read_bytes() for path in place.directory.glob("orderbell.db*"))
    whole += "".join(str(place.rows(f"SELECT * FROM {table}")) for table in metadata.tables).encode()
    for secret in (shop.PASSWORD, shop.CASHIER_PIN, place.ada.token, place.ada.signed_in["refresh_token"]):
        assert secret.encode() not in whole
