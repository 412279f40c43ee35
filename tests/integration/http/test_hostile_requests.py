"""One person's request stops nobody else and writes nothing into the log but what it is."""

import io
import logging
import time
from collections.abc import Iterator

import pytest

from core import logs
from tests.integration.calls import order_body
from tests.integration.conftest import Place

_JSON = {"Content-Type": "application/json"}
ATTACKS = {
    "bytes that are no UTF-8 in a field of no type": b'{"customer_id":"a","zz":"\xff"}',
    "half a surrogate": b'{"customer_id":"a","zz":"\\ud800"}',
    "deep": b'{"customer_id":"a","zz":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a customer who is deep": b'{"customer_id":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a customer of ten thousand digits": b'{"customer_id":' + b"9" * 10_000 + b"}",
    "a customer who is no number": b'{"customer_id":01e}',
    "a customer who is an object": b'{"customer_id":{"customer_id":1}}',
    "two customers": b'{"customer_id":"a","customer_id":"b","zz":1e999}',
    "no body but a list": b'["customer_id"]',
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the server's process logs, as text, with the program's own handler."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    facts = logging.logThreads, logging.logProcesses, logging.logMultiprocessing
    stream = io.StringIO()
    logs.setup("text", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = facts


@pytest.mark.parametrize("raw", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("path", ["/api/online/orders/", "/api/online/orders/" + "_" * 16_000 + "=/cancel/"])
def test_a_strange_body_is_refused_and_nothing_fails(place: Place, written: io.StringIO, path: str, raw: bytes) -> None:
    reply = place.ada.call("POST", path, data=raw, headers=_JSON)
    assert 400 <= reply.status_code < 500, reply.text
    assert "a request failed" not in written.getvalue()
    assert "_____" not in written.getvalue()


def test_a_long_address_takes_no_longer_than_a_short_one(place: Place, written: io.StringIO) -> None:
    """While it is answered nobody else is, so it must not take a thousand times as long."""

    def answered_s(length: int) -> float:
        path = "/api/online/orders/" + "_" * length + "=/cancel/"
        took = []
        for _ in range(3):
            began = time.perf_counter()
            place.ada.call("POST", path, data=ATTACKS["deep"], headers=_JSON)
            place.ada.call("POST", path, data=b'{"customer_id":"a","zz":"\xff"}', headers=_JSON)
            took.append(time.perf_counter() - began)
        return min(took)

    assert answered_s(16_000) < 50 * answered_s(16)


def test_an_address_makes_no_line_of_the_log(
    place: Place, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that of a request which the server fails at."""

    def fails(*_: object) -> None:
        raise RuntimeError("no such thing\n12:00:00.000 info    signed in subject=\x1b[31madmin")

    monkeypatch.setattr("core.server.orders.ordering.own", fails)
    forged = "x%0a12:00:00.000%20info%20signed%20in%1b%5b31m"
    reply = place.ada.post(f"/api/online/orders/{forged}/cancel/", {"reason": "no"})
    assert reply.status_code == 500
    lines = written.getvalue().splitlines()
    assert any("a request failed" in line for line in lines)
    assert not any(line.startswith("12:00:00.000") for line in lines)
    assert "\x1b" not in written.getvalue()
    assert "/api/online/orders/{order_id}/cancel/" in written.getvalue()


def test_another_customers_id_is_logged_once_and_as_an_id(place: Place, written: io.StringIO) -> None:
    place.ada.place(customer_id=7)
    place.ada.place(customer_id="a1-b2")
    place.ada.place(customer_id="x\n12:00:00.000 info forged")
    place.ada.place(customer_id={"id": 1})
    told = [line for line in written.getvalue().splitlines() if "the request names customer" in line]
    assert [line.split("names customer ")[1].split(",")[0] for line in told] == ["7", "a1-b2", "(no id)", "(no id)"]


def test_a_body_that_ends_in_the_middle_of_a_letter_is_refused(place: Place) -> None:
    body = str(order_body(note="é")).encode("latin-1")
    reply = place.ada.call("POST", "/api/online/orders/", data=body, headers=_JSON)
    assert reply.status_code == 400
