"""What a window has sealed to the server's key is opened for the person it was sealed for, and for nobody else."""

import base64
from typing import Any

from core import sealing
from core.protocol import routes
from core.protocol.sealed import context
from tests.integration.calls import Caller, new_key
from tests.integration.conftest import Place

CONTENT = '{"customer_name": "Ömer"}'.encode()


def sealed_for(caller: Caller, op_id: str, content: bytes = CONTENT, **other: str) -> str:
    """The base64 of what the window of `caller` would seal, or, with `other`, of what it would not."""
    person = caller.signed_in
    subject, shop = other.get("subject", person["person"]["id"]), other.get("shop", person["shop"])
    public = base64.b64decode(person["sealing_key"])
    return base64.b64encode(sealing.seal(content, public, context(subject, shop, op_id))).decode()


def opened(caller: Caller, op_id: str, sealed: str) -> bytes | None:
    reply = caller.post(routes.OPEN_OPERATIONS.path, {"operations": [{"op_id": op_id, "content": sealed}]})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()["operations"][0]
    assert answer["op_id"] == op_id
    return None if answer["content"] is None else base64.b64decode(answer["content"])


def test_whoever_sealed_it_has_it_opened(place: Place) -> None:
    for caller in (place.ada, place.kim):
        op_id = new_key()
        assert opened(caller, op_id, sealed_for(caller, op_id)) == CONTENT


def test_nobody_else_has_it_opened(place: Place) -> None:
    op_id = new_key()
    of_ada = sealed_for(place.ada, op_id)
    for other in (place.grace, place.kim, place.alex, place.sam):
        assert opened(other, op_id, of_ada) is None
    for role in (place.nobody, place.board):
        reply = role.post(routes.OPEN_OPERATIONS.path, {"operations": [{"op_id": op_id, "content": of_ada}]})
        assert reply.status_code in (401, 403)


def test_it_is_opened_as_that_operation_at_that_shop_alone(place: Place) -> None:
    op_id = new_key()
    assert opened(place.ada, new_key(), sealed_for(place.ada, op_id)) is None
    assert opened(place.ada, op_id, sealed_for(place.ada, op_id, shop=place.world.other_shop)) is None


def test_what_is_damaged_or_of_another_server_is_left_closed(place: Place) -> None:
    op_id = new_key()
    sealed = base64.b64decode(sealed_for(place.ada, op_id))
    person = place.ada.signed_in
    another = sealing.public_key(sealing.private_key(b"another server's secret, 32 bytes"))
    elsewhere = sealing.seal(CONTENT, another, context(person["person"]["id"], person["shop"], op_id))
    for bad in (sealed[:-1], sealed[:20], b"", bytes([sealed[0] ^ 1]) + sealed[1:], elsewhere):
        assert opened(place.ada, op_id, base64.b64encode(bad).decode()) is None


def test_each_of_many_is_opened_by_itself(place: Place) -> None:
    keys = [new_key() for _ in range(100)]
    sealed = [sealed_for(place.ada if n % 2 else place.grace, key, str(n).encode()) for n, key in enumerate(keys)]
    body = {"operations": [{"op_id": key, "content": each} for key, each in zip(keys, sealed, strict=True)]}
    answers = place.ada.post(routes.OPEN_OPERATIONS.path, body).json()["operations"]
    assert [each["op_id"] for each in answers] == keys
    assert [base64.b64decode(each["content"]) if each["content"] else None for each in answers] == [
        str(n).encode() if n % 2 else None for n in range(100)
    ]


def test_everybody_seals_to_one_key_also_after_a_refresh(place: Place) -> None:
    assert place.ada.signed_in["sealing_key"] == place.kim.signed_in["sealing_key"]
    refreshed = place.nobody.post("/api/auth/refresh/", {"refresh_token": place.grace.signed_in["refresh_token"]})
    assert refreshed.json()["sealing_key"] == place.ada.signed_in["sealing_key"]
