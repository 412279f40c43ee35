"""Whoever has no token of ours, or one that has ended, gets nothing: not by a request, not by a socket.

What makes a token valid is `tests/unit/auth/test_tokens.py`'s; here it is the doors that are tried, with everything
that has opened somebody's.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.protocol.feed import Close
from core.server.auth.tokens import LEEWAY_S, TYPE
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.listener import Listener, hello

HISTORY = "/api/online/orders/history/"
REFRESH = "/api/auth/refresh/"
CLAIMS = ("iss", "aud", "exp", "iat", "sub", "jti", "sid", "role", "shop", "name")


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def claims_of(token: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False}) | changes
    return {name: value for name, value in found.items() if value is not None}


def forged(place: Place, claims: dict[str, Any], secret: bytes | None = None, **header: Any) -> str:
    """A token by hand, so that nothing refuses to make it: signed with the server's own key unless another is given."""
    key = place.server.keys.signing[0]
    head = {"alg": "HS256", "typ": TYPE, "kid": key.kid} | header
    signed = f"{part({name: value for name, value in head.items() if value is not None})}.{part(claims)}"
    return f"{signed}.{part(hmac.digest(secret or key.secret, signed.encode(), hashlib.sha256))}"


def tampered(token: str, at: int) -> str:
    """With one letter in the middle of one of its parts changed."""
    parts = token.split(".")
    middle = len(parts[at]) // 2
    letter = "A" if parts[at][middle] != "A" else "B"
    parts[at] = parts[at][:middle] + letter + parts[at][middle + 1 :]
    return ".".join(parts)


def public_key() -> bytes:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return pair.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


PUBLIC_KEY = public_key()


def changed(**changes: Any) -> Callable[[Place], str]:
    return lambda place: forged(place, claims_of(place.ada.token, **changes))


def headed(secret: bytes | None = None, **header: Any) -> Callable[[Place], str]:
    return lambda place: forged(place, claims_of(place.ada.token), secret, **header)


def unsigned(algorithm: str) -> Callable[[Place], str]:
    return lambda place: f"{headed(alg=algorithm)(place).rpartition('.')[0]}."


FORGERIES: dict[str, Callable[[Place], str]] = {
    "nothing": lambda _place: "x",
    "noise": lambda _place: "a.b.c",
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg nOnE": unsigned("nOnE"),
    "HS256 without a signature": unsigned("HS256"),
    "alg none, signed": headed(alg="none"),
    "no alg": headed(alg=None),
    "another alg's name": headed(alg="HS512"),
    "a public key as the secret": headed(PUBLIC_KEY, alg="HS256"),
    "RS256 with our key": headed(alg="RS256"),
    "ES256 with our key": headed(alg="ES256"),
    "an empty key": headed(b"\0"),
    "a short key": headed(b"secret"),
    "somebody's key": headed(b"s" * 32),
    "kid of nobody": headed(kid="nobody"),
    "no kid": headed(kid=None),
    "kid is a path": headed(b"\0", kid="../../../../dev/null"),
    "kid is SQL": headed(b"x" * 32, kid="' UNION SELECT 'x"),
    "kid is a number": headed(kid=0),
    "kid is a list": headed(kid=["a"]),
    "a key of its own": headed(b"k" * 32, jwk={"kty": "oct", "k": part(b"k" * 32)}),
    "keys at an address": headed(b"k" * 32, jku="https://evil.example/keys.json"),
    "a critical extension": headed(crit=["exp"]),
    "typ of another": headed(typ="JWT"),
    "typ of a refresh token": headed(typ="refresh+jwt"),
    "no typ": headed(typ=None),
    "another issuer": changed(iss="somebody"),
    "another audience": changed(aud="another-api"),
    "expired": changed(exp=int(time.time()) - LEEWAY_S - 1),
    "expired long ago": changed(exp=1),
    "never ending": changed(exp="never"),
    "not yet issued": changed(iat=int(time.time()) + 3600),
    "not yet valid": changed(nbf=int(time.time()) + 3600),
    "an unknown role": changed(role="owner"),
    "a role that is a list": changed(role=["customer", "admin"]),
    "no session of that name": changed(sid="01920000-0000-7000-8000-000000000000"),
    "a tampered head": lambda place: tampered(place.ada.token, 0),
    "a tampered payload": lambda place: tampered(place.ada.token, 1),
    "a tampered signature": lambda place: tampered(place.ada.token, 2),
    "a padded copy": lambda place: f"{place.ada.token}=",
    "a copy with a line end in it": lambda place: place.ada.token.replace(".", ".%0a", 1),
    "one part too many": lambda place: f"{place.ada.token}.x",
    "an encrypted one's five parts": lambda place: f"{place.ada.token}.x.y",
    "an oversized one": changed(padding="x" * 20_000),
    "a refresh token": lambda place: str(place.ada.signed_in["refresh_token"]),
} | {f"without {claim}": changed(**{claim: None}) for claim in CLAIMS}


def test_a_forgery_that_is_right_opens_the_door(place: Place) -> None:
    """So that the refusals below mean something."""
    token = forged(place, claims_of(place.ada.token))
    assert Caller(place.server.url, {"access_token": token}).get(HISTORY).status_code == 200


def test_another_part_is_tampered_with() -> None:
    assert [tampered("aaa.bbb.ccc", at) for at in range(3)] == ["aAa.bbb.ccc", "aaa.bAb.ccc", "aaa.bbb.cAc"]


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_no_forgery_opens_a_door(place: Place, forgery: Callable[[Place], str]) -> None:
    token = forgery(place)
    before = place.counts()
    caller = Caller(place.server.url, {"access_token": token})
    for reply in (caller.get(HISTORY), caller.post("/api/online/orders/", order_body()), caller.get("/api/menu/")):
        assert (reply.status_code, reply.json()["type"]) == (401, "unauthenticated")
        assert token not in reply.text
    assert place.counts() == before


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_no_forgery_opens_a_socket(place: Place, forgery: Callable[[Place], str]) -> None:
    token = forgery(place)
    with Listener(place.server.url, hello(token, "x.0.")) as listener:
        assert listener.closed() in {Close.SIGNED_OUT, Close.MALFORMED, 1009}
        assert listener.texts == []


@pytest.mark.parametrize("scheme", ["", "Basic", "Token", "Bearer,", "BearerBearer"])
def test_only_a_bearer_bears(place: Place, scheme: str) -> None:
    reply = place.nobody.call("GET", HISTORY, headers={"Authorization": f"{scheme} {place.ada.token}".strip()})
    assert reply.status_code == 401


def test_a_token_in_the_address_is_no_token(place: Place) -> None:
    """Addresses are in logs, in histories and in what browsers tell the next site."""
    for name in ("access_token", "token", "authorization", "bearer"):
        assert place.nobody.get(HISTORY, params={name: place.ada.token}).status_code == 401
    cookies = {"access_token": place.ada.token, "Authorization": f"Bearer {place.ada.token}"}
    assert place.nobody.get(HISTORY, cookies=cookies).status_code == 401
    with Listener(place.server.url, hello("x"), query=f"?token={place.ada.token}") as listener:
        assert listener.closed() == Close.SIGNED_OUT


@pytest.mark.parametrize("changes", [{"role": "admin"}, {"role": "cashier"}, {"shop": "other"}, {"sub": "grace"}])
def test_a_customer_cannot_write_themselves_a_role(place: Place, changes: dict[str, str]) -> None:
    """They have no key: they can change their token's words, and not its signature."""
    world = place.world
    said = {"other": world.other_shop, "grace": world.grace}
    words = claims_of(place.ada.token, **{name: said.get(value, value) for name, value in changes.items()})
    head, _, signature = place.ada.token.split(".")
    caller = Caller(place.server.url, {"access_token": f"{head}.{part(words)}.{signature}"})
    for path in (HISTORY, "/api/pos/orders/", "/api/snapshot/"):
        assert caller.get(path).status_code == 401


def test_what_is_of_one_role_is_nobody_elses(place: Place) -> None:
    """A display's token at a till's door, a till's at a customer's, and the other way round."""
    for caller, path in ((place.board, "/api/pos/orders/"), (place.kim, HISTORY), (place.ada, "/api/board/")):
        reply = caller.get(path)
        assert (reply.status_code, reply.json()["type"]) == (403, "forbidden")


# -- tokens that were good


def test_a_session_that_was_ended_is_ended_everywhere(place: Place) -> None:
    ada = calls.customer(place.server)
    with Listener(place.server.url, hello(ada.token, ada.get("/api/snapshot/").json()["cursor"])) as listener:
        listener.caught_up()
        assert ada.post("/api/auth/sign-out/").status_code == 204
        assert listener.closed() == Close.SIGNED_OUT
    assert ada.get(HISTORY).status_code == 401
    assert refresh(ada, ada.signed_in["refresh_token"]).status_code == 401
    with Listener(place.server.url, hello(ada.token, "x.0.")) as listener:
        assert listener.closed() == Close.SIGNED_OUT


def refresh(caller: Caller, token: str, key: str | None = None) -> requests.Response:
    return Caller(caller.url).post(REFRESH, {"refresh_token": token}, key=key)


def test_a_stolen_refresh_token_ends_the_session_for_both(place: Place) -> None:
    """Whoever comes second, thief or owner, is found out, and neither goes on (RFC 9700 §4.14.2)."""
    ada = calls.customer(place.server)
    stolen = ada.signed_in["refresh_token"]
    thief = refresh(ada, stolen).json()
    assert refresh(ada, stolen).status_code == 401
    for token in (thief["access_token"], ada.token):
        assert Caller(ada.url, {"access_token": token}).get(HISTORY).status_code == 401
    assert refresh(ada, thief["refresh_token"]).status_code == 401


def test_a_refresh_token_is_nothing_but_one(place: Place) -> None:
    ada = calls.customer(place.server)
    assert Caller(ada.url, {"access_token": ada.signed_in["refresh_token"]}).get(HISTORY).status_code == 401
    assert refresh(ada, ada.token).status_code in {401, 422}
    assert ada.get(HISTORY).status_code == 200, "and trying it harms nobody"


@pytest.mark.parametrize("guess", ["", "x", "A" * 43, "A" * 44, "A" * 200, "é" * 43, "\0" * 43])
def test_a_guessed_refresh_token_is_nothing(place: Place, guess: str) -> None:
    assert refresh(place.ada, guess).status_code in {401, 422}


def test_anothers_key_replays_nothing(place: Place) -> None:
    """An Idempotency-Key is its subject's: with Ada's, Grace places an order of her own and hears nothing of Ada's."""
    key, body = new_key(), order_body()
    adas = place.ada.post("/api/online/orders/", body, key=key)
    graces = place.grace.post("/api/online/orders/", order_body(), key=key)
    assert (adas.status_code, graces.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in graces.headers
    assert graces.json()["customer_id"] == place.world.grace
    assert graces.json()["id"] != adas.json()["id"]
    same = place.grace.post("/api/online/orders/", body, key=new_key())
    assert (same.status_code, same.json()["type"]) == (409, "exists")
    assert place.world.ada not in same.text


def test_a_socket_is_not_handed_on(place: Place) -> None:
    """A later hello renews its own, and cannot make it somebody else's."""
    with Listener(
        place.server.url, hello(place.ada.token, place.ada.get("/api/snapshot/").json()["cursor"])
    ) as listener:
        listener.caught_up()
        listener.renew(place.grace.token)
        assert listener.closed() == Close.MALFORMED


def test_another_shops_token_moves_nothing_here(place: Place) -> None:
    order = place.ada.place()
    moved = place.sam.move(order, "confirmed")
    assert (moved.status_code, moved.json()["type"]) == (404, "not_found")
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == order


def test_a_tokens_life_ends_on_an_open_socket_too(place: Place) -> None:
    token = forged(place, claims_of(calls.customer(place.server).token, exp=int(time.time()) + 2 - LEEWAY_S))
    cursor = place.ada.get("/api/snapshot/").json()["cursor"]
    with Listener(place.server.url, hello(token, cursor)) as listener:
        assert listener.closed() == Close.SIGNED_OUT


def test_our_request_id_is_ours(place: Place) -> None:
    """What a client calls its request is not what the log calls it, or one could be made to look like another."""
    named = {"X-Request-Id": "another-requests"}
    reply = place.nobody.call("GET", "/api/menu/", headers=named)
    assert reply.headers["X-Request-Id"] != "another-requests"


def test_no_preflight_is_answered(place: Place) -> None:
    """No page of any site may read an answer of ours, nor send what is not a plain form."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, content-type"
    for path in ("/api/online/orders/", "/api/menu/", "/metrics", "/nothing"):
        refused = place.nobody.call("OPTIONS", path, headers=asked)
        assert refused.status_code in {404, 405}
        assert not [name for name in refused.headers if name.lower().startswith("access-control-")]
    answered = place.nobody.call("GET", "/api/menu/", headers={"Origin": "https://evil.example"})
    assert not [name for name in answered.headers if name.lower().startswith("access-control-")]
    assert answered.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_form_of_another_site_is_not_read(place: Place) -> None:
    """A page can post these without asking anybody."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        body = json.dumps({"login": shop.ADA.phone, "password": shop.ADA.password})
        refused = place.nobody.call("POST", "/api/auth/sign-in/", data=body, headers={"Content-Type": content_type})
        assert refused.status_code == 415
