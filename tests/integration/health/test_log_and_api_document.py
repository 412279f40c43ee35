"""What the backend says about itself: the four moments in its log, no secret in it, and a document that holds."""

import json
import logging
from typing import Any

import msgspec
import pytest

from core.protocol.route import Nothing
from core.server.routes import ENDPOINTS
from core.server.setup import NewStaff
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support.server import ServerProcess

CARD = "4111111111111111"


def facts(record: logging.LogRecord, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def test_placing_an_order_is_logged_before_and_after(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "core.server"):
        reply = place.ada.post("/api/online/orders/", order_body())
    creating, created = caplog.records
    customer = place.world.ada
    assert creating.getMessage() == f"creating an order for customer {customer}"
    assert created.getMessage() == f"created, number {reply.json()['number']} for customer {customer}"
    assert facts(created, "customer_id", "number", "request_id") == {
        "customer_id": customer,
        "number": reply.json()["number"],
        "request_id": reply.headers["X-Request-Id"],
    }
    assert facts(creating, "customer_id", "request_id") == facts(created, "customer_id", "request_id")
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_fetching_a_history_is_logged_before_and_after(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        place.grace.place()
    with caplog.at_level(logging.INFO, "core.server"):
        page = place.grace.get("/api/online/orders/history/?limit=2").json()
    customer = place.world.grace
    fetching, fetched = (record for record in caplog.records if customer in record.getMessage())
    assert fetching.getMessage() == f"fetching history for customer {customer}"
    assert fetched.getMessage() == f"fetched 2 of total {page['total']} for customer {customer}"
    assert facts(fetched, "customer_id", "count", "total") == {
        "customer_id": customer,
        "count": 2,
        "total": page["total"],
    }


@pytest.mark.parametrize("where", ["body", "query"])
def test_naming_another_customer_is_a_warning(place: Place, caplog: pytest.LogCaptureFixture, where: str) -> None:
    with caplog.at_level(logging.WARNING, "core.server"):
        if where == "body":
            order = place.grace.post("/api/online/orders/", order_body(customer_id=place.world.ada)).json()
            assert order["customer_id"] == place.world.grace
        else:
            place.grace.get("/api/online/orders/history/", params={"customer_id": place.world.ada})
    (warning,) = caplog.records
    assert facts(warning, "levelname", "customer_id", "named") == {
        "levelname": "WARNING",
        "customer_id": place.world.grace,
        "named": place.world.ada,
    }


def test_naming_oneself_is_nothing_to_warn_of(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "core.server"):
        place.grace.post("/api/online/orders/", order_body(customer_id=place.world.grace))
        place.grace.get("/api/online/orders/history/", params={"customer_id": place.world.grace})
    assert caplog.records == []


def test_what_nobody_foresaw_is_logged_and_told_to_nobody(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the till is on fire")

    monkeypatch.setattr("core.store.order_pages.find_history", broken)
    with caplog.at_level(logging.ERROR, "core.server"):
        reply = place.ada.get("/api/online/orders/history/")
    assert (reply.status_code, reply.json()["type"]) == (500, "fault")
    request_id = reply.headers["X-Request-Id"]
    assert request_id in reply.json()["detail"]
    assert "fire" not in reply.text
    assert "ZeroDivision" not in reply.text
    (error,) = caplog.records
    assert facts(error, "request_id") == {"request_id": request_id}
    assert error.exc_info is not None
    assert isinstance(error.exc_info[1], ZeroDivisionError)


@pytest.mark.parametrize("flags", [("--log-format", "json", "--debug"), ("--log-format", "text", "--access-log")])
def test_no_secret_is_ever_logged(tmp_path: Any, flags: tuple[str, ...]) -> None:
    """Everything a session uses, used rightly and wrongly, against the log of a real process."""
    with ServerProcess(tmp_path, "--demo", "--metrics-token", "operators-s3cret", *flags) as server:
        nobody = Caller(server.url)
        nobody.call("GET", "/metrics", headers={"Authorization": "Bearer operators-s3cret"})
        login = {"login": "+1 555 0100", "password": "orderbell"}
        ada = Caller(server.url, nobody.post("/api/auth/sign-in/", login).json())
        kim = calls.staff(server, NewStaff("Kim", "2468"), "POS1")
        wrong = [{"login": "+1 555 0100", "password": "wrong-s3cret"}, {"login": 7, "password": "wrong-s3cret"}]
        assert [nobody.post("/api/auth/sign-in/", body).status_code for body in wrong] == [401, 422]
        sign_up = {"name": "Eve", "phone": "+1 555 3333", "password": "brand-new-s3cret"}
        eve = nobody.post("/api/auth/sign-up/", sign_up).json()
        refreshed = nobody.post("/api/auth/refresh/", {"refresh_token": eve["refresh_token"]}).json()
        nobody.post("/api/auth/refresh/", {"refresh_token": eve["refresh_token"]})
        ada.get("/api/online/orders/history/", params={"access_token": ada.token, "cursor": ada.token})
        ada.post("/api/online/orders/", order_body(customer_id=ada.token), key=new_key())
        order = {"lines": [{"item_id": "coffee"}], "customer_id": ada.token}
        placed = ada.post("/api/online/orders/", order).json()
        kim.move(placed, "confirmed")
        assert ada.post("/api/online/orders/", {"lines": [{"item_id": "coffee"}], "note": CARD}).status_code == 422
        ada.get(f"/api/online/orders/{CARD}/?q={CARD}")
        ada.get(f"/api/online/orders/{ada.token}/")
        ada.post("/api/auth/sign-out/")
        keys = msgspec.json.decode((tmp_path / "keys.json").read_bytes())
        server.stop()
        written = server.log()
    assert "creating an order for customer" in written
    assert "the request names customer" in written
    tokens = [
        person[name]
        for person in (ada.signed_in, kim.signed_in, eve, refreshed)
        for name in ("access_token", "refresh_token")
    ]
    secrets = [
        *tokens,
        "2468",
        "wrong-s3cret",
        "brand-new-s3cret",
        "operators-s3cret",
        CARD,
        'orderbell"',
        keys["refresh"],
        keys["signing"][0]["secret"],
    ]
    for secret in secrets:
        assert secret not in written
        assert secret[:50] not in written


def test_a_log_line_is_json_when_asked_for(tmp_path: Any) -> None:
    with ServerProcess(tmp_path, "--demo", "--log-format", "json") as server:
        login = {"login": "+1 555 0100", "password": "orderbell"}
        ada = Caller(server.url, Caller(server.url).post("/api/auth/sign-in/", login).json())
        ada.get("/api/online/orders/history/")
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log().splitlines()]
    (fetched,) = [line for line in lines if line["message"].startswith("fetched")]
    assert (fetched["level"], fetched["count"], fetched["total"]) == ("info", 0, 0)


@pytest.fixture(scope="module")
def document(place: Place) -> dict[str, Any]:
    reply = place.nobody.get("/api/openapi.json")
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()
    return found


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in references(inner)]
    return []


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, reference
            target = target[part]


def test_the_document_has_every_endpoint_and_who_may_use_it(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.route.method, endpoint.route.path) for endpoint in ENDPOINTS}
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert {{} in operation["security"] for operation in operations} == {True, False}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.route.method} {endpoint.route.path}")
def test_every_example_is_one(document: dict[str, Any], endpoint: Any) -> None:
    """What the document shows would be accepted, and would be answered."""
    operation = document["paths"][endpoint.route.path][endpoint.route.method.lower()]
    if endpoint.route.body is not Nothing:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        assert msgspec.convert(example, endpoint.route.body) == endpoint.example
    if endpoint.example_reply is not None:
        example = operation["responses"][str(endpoint.route.status)]["content"]["application/json"]["example"]
        assert msgspec.convert(example, endpoint.route.reply) == endpoint.example_reply


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [("get", "/api/online/orders/{order_id}/", ("ada", None)), ("get", "/api/menu/", ("nobody", None))],
)
def test_a_real_answer_is_what_the_document_says(
    place: Place, document: dict[str, Any], method: str, path: str, asked: tuple[str, None]
) -> None:
    """Its fields are the schema's fields."""
    order = place.ada.place()
    caller: Caller = getattr(place, asked[0])
    reply = caller.get(path.replace("{order_id}", order["id"])).json()
    schema = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    assert set(reply) == set(document["components"]["schemas"][name]["properties"])
