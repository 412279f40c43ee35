"""The HTTP door: every way a call can fail is one of our errors, and what may be repeated is."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import msgspec
import pytest
from typing_extensions import override

from core.client.errors import (
    ClientError,
    Conflict,
    NotFound,
    OtherServer,
    Refused,
    ServerFault,
    SignedOut,
    TooManyAttempts,
    Unreachable,
)
from core.client.http.api import HttpApi
from core.client.operations import Kind, Operation, Owner
from core.client.sync.transport import HttpTransport
from core.domain.commands import PlaceOrder
from core.domain.ids import DeviceId, OrderId, new_op_id
from core.domain.order import NewLine, Order
from core.domain.people import Person, Role
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.feed import Cursor, Snapshot
from core.protocol.headers import EVENT_CURSOR, REQUEST_ID
from core.protocol.problem import CONTENT_TYPE, Problem
from core.protocol.replies import Tokens
from core.protocol.requests import HistoryQuery, OrderQuery, SignIn, StaffSignIn
from core.protocol.route import Request
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA

JSON = "application/json"
TOKENS = Tokens(
    access_token="access",
    refresh_token="refresh",
    expires_in_s=600,
    person=Person(id="ada", role=Role.CUSTOMER, name="A"),
)
REQUEST = PlaceOrder(lines=(NewLine(item_id=SODA.id),))
ORDER: Order = FakeBackend().add_order(REQUEST, None)


class Reply(msgspec.Struct, frozen=True):
    """What the server answers; `status` 0 breaks the connection instead."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = {}


def answer(content: object, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(content))


def problem(status: int, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    told = Problem(type=more.pop("type", "told"), title="Title.", status=more.pop("says", status), **more)
    return Reply(status, msgspec.json.encode(told), CONTENT_TYPE, headers or {})


PAGE = b"<html><h1>Something else"
ELSEWHERE = [
    *(Reply(status, PAGE, "text/html") for status in (200, 203, 400, 403, 404, 407, 408, 409, 410, 411, 413, 418, 422)),
    *(Reply(status, PAGE, "text/html", {"Retry-After": "86400"}) for status in (429, 500, 502, 503, 504, 520, 599)),
    *(Reply(status, b"", JSON, {"Location": "http://login.example/"}) for status in (300, 301, 302, 303, 307, 308)),
    Reply(302, PAGE, "text/html", {"Location": "http://[login"}),
    Reply(401, PAGE, "text/html", {"WWW-Authenticate": 'Basic realm="proxy"'}),
    Reply(204),
    Reply(304),
    Reply(304, headers={"ETag": '"another"'}),
    answer({"status": "new"}),
    answer({"error": "unauthorized"}, 401),
    answer([]),
    Reply(200, b"[" * 100_000),
    Reply(200, b'{"id":"\xff"}'),
    Reply(200, msgspec.json.encode(ORDER)[:-9], headers={REQUEST_ID: "1-1"}),
    Reply(200, PAGE, headers={"Content-Encoding": "gzip"}),
    Reply(400, PAGE, CONTENT_TYPE),
    problem(401, type="about:blank"),
    problem(403, type="https://example.net/forbidden"),
    problem(409, says=200),
]
"""What is no answer of Orderbell's."""


class Script:
    """A server that answers what it is told, in turn, the last for ever; and keeps what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: list[Reply] = []
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def says(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked.clear()

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    script: ClassVar[Script]
    protocol_version = "HTTP/1.0"  # a connection a request, so that none outlives its test in a traceback

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.script.asked.append((self.command, self.path, dict(self.headers), body))
        reply = self.script.replies.pop(0) if len(self.script.replies) > 1 else self.script.replies[0]
        self.script.meanwhile()
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = _answer  # noqa: N815 (http.server's names)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def script() -> Iterator[Script]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Script(f"http://127.0.0.1:{server.server_address[1]}")
    _Handler.script = made
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.client.http.api.time.sleep", lambda _s: None)


@pytest.fixture
def api(script: Script) -> Iterator[HttpApi]:
    made = HttpApi(script.url, timeout_s=(5, 5))
    script.says(answer(TOKENS))
    made.sign_in(SignIn(login="ada", password="s3cret-word"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("reply", "kind", "message", "field"),
    [
        (problem(400, detail="Say it properly.", field="lines"), Refused, "Say it properly.", "lines"),
        (problem(403, detail="Not yours."), Refused, "Not yours.", ""),
        (problem(404), NotFound, "Title.", ""),
        (problem(409, detail="There already is one.", field="id"), Conflict, "There already is one.", "id"),
        (problem(413, detail="Too much."), Refused, "Too much.", ""),
        (problem(422, detail="Sold out.", field="lines[1].item_id"), Refused, "Sold out.", "lines[1].item_id"),
        (problem(500, detail="Request 12 failed."), ServerFault, "Request 12 failed.", ""),
        (Reply(200, b'{"status":"new"}', headers={REQUEST_ID: "1-1"}), ServerFault, "could not be read", ""),
        (problem(409, detail="Newer.", order={"of": "a newer release"}), Conflict, "Newer.", ""),
    ],
)
def test_every_failure_is_one_of_ours(
    api: HttpApi, script: Script, reply: Reply, kind: type[ClientError], message: str, field: str
) -> None:
    script.says(reply)
    with pytest.raises(ClientError) as failed:
        api.call(routes.PLACE(body=REQUEST))
    assert type(failed.value) is kind
    assert message in failed.value.message
    assert failed.value.field == field
    assert failed.value.title
    assert len(script.asked) == 1, "trying again changes nothing"


@pytest.mark.parametrize("reply", ELSEWHERE, ids=lambda reply: f"{reply.status} {reply.content_type} {reply.body[:9]}")
def test_what_something_else_answers_says_nothing_of_what_was_asked_nor_of_who_asked(
    api: HttpApi, script: Script, reply: Reply
) -> None:
    script.says(reply)
    with pytest.raises(OtherServer, match=f"^Something else answers at {script.url}, not Orderbell") as failed:
        api.call(routes.PLACE(body=REQUEST))
    assert failed.value.retry_after_s is None
    problem_of_writing = api.client.connection.problem
    assert problem_of_writing is None, "what keeps from writing says nothing of reading"
    with pytest.raises(OtherServer) as failed:
        api.call(routes.ORDER(OrderId("1")))
    assert api.client.connection.problem is failed.value, "what the chip explains"
    assert [path for path in script.paths if "auth" in path] == [], "nor is anybody signed in anew"
    assert len(script.asked) == 2, "it would answer the same again"
    assert api.tokens is not None
    script.says(answer(ORDER))
    assert api.call(routes.ORDER(OrderId("1"))) == ORDER
    assert api.client.connection.problem is None


def test_nothing_has_changed_only_where_the_mark_is_the_one_that_was_asked_about(api: HttpApi, script: Script) -> None:
    script.says(Reply(200, msgspec.json.encode(ORDER), headers={"ETag": 'W/"1"'}))
    assert api.call(routes.ORDER(OrderId("1"))) == ORDER
    script.says(Reply(304, headers={"ETag": '"1"'}))
    assert api.call(routes.ORDER(OrderId("1"))) == ORDER
    assert script.asked[0][2]["If-None-Match"] == 'W/"1"'
    for headers in ({}, {"ETag": '"2"'}):
        script.says(Reply(304, headers=headers))
        with pytest.raises(OtherServer):
            api.call(routes.ORDER(OrderId("1")))


def test_a_refresh_that_something_else_answers_ends_no_session(api: HttpApi, script: Script) -> None:
    script.says(problem(401), Reply(401, PAGE, "text/html"))
    with pytest.raises(OtherServer):
        api.call(routes.ORDER(OrderId("1")))
    assert script.paths[-1] == "/api/auth/refresh/"
    fresh = msgspec.structs.replace(TOKENS, access_token="fresh")
    script.says(problem(401), answer(fresh), answer(ORDER))
    assert api.call(routes.ORDER(OrderId("1"))) == ORDER


def test_an_answer_that_never_ends_is_given_up(api: HttpApi, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.client.http.adapter.ANSWER_MOST", 100_000)
    whole = msgspec.json.encode(ORDER)
    script.says(Reply(200, whole + b" " * (100_000 - len(whole))))
    assert api.call(routes.ORDER(OrderId("1"))) == ORDER
    script.says(Reply(200, whole + b" " * (100_001 - len(whole))))
    with pytest.raises(OtherServer):
        api.call(routes.ORDER(OrderId("1")))
    script.says(Reply(200, gzip.compress(whole + b" " * 10_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(OtherServer):
        api.call(routes.ORDER(OrderId("1")))


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 01 Jan 1850 00:00:00 GMT", "²", ""])
def test_nobody_believes_a_clock_that_is_a_century_off(
    api: HttpApi, script: Script, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    monkeypatch.setattr(_Handler, "date_time_string", lambda *_: date)
    script.says(answer(ORDER))
    api.call(routes.ORDER(OrderId("1")))
    assert abs(api.server_now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_conflict_brings_the_order_along(api: HttpApi, script: Script) -> None:
    script.says(problem(409, order=ORDER, detail="Somebody was faster."))
    with pytest.raises(Conflict) as failed:
        api.call(routes.ORDER(OrderId("1")))
    assert failed.value.order == ORDER


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("7", 7.0),
        ("soon", 1.0),
        (None, 1.0),
        ("0", 1.0),
        ("-5", 1.0),
        ("86400", 30.0),
        ("9" * 400, 30.0),
        ("9" * 5000, 30.0),
        ("\N{SUPERSCRIPT TWO}", 1.0),
        ("1e9", 1.0),
        ("inf", 1.0),
        ("nan", 1.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 30.0),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 1.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30.0),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 30.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 1.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_says_when(api: HttpApi, script: Script, status: int, after: str | None, seconds: float) -> None:
    script.says(problem(status, {"Retry-After": after} if after else None))
    with pytest.raises(Unreachable) as failed:
        api.call(routes.HISTORY(query=HistoryQuery()))
    assert failed.value.retry_after_s == seconds
    assert len(script.asked) == 1, "it is not asked again before that"


@pytest.mark.parametrize(("after", "seconds"), [("60", 60.0), ("9" * 400, 1800.0), ("\N{SUPERSCRIPT TWO}", 1.0)])
def test_too_many_wrong_tries_lock_nobody_out_for_longer_than_they_count(
    api: HttpApi, script: Script, after: str, seconds: float
) -> None:
    script.says(problem(429, {"Retry-After": after}, type="too_many_tries"))
    with pytest.raises(TooManyAttempts) as failed:
        api.sign_in(SignIn(login="ada", password="wrong-word"))
    assert failed.value.retry_after_s == seconds


def test_a_lost_answer_is_asked_for_again_under_the_same_key(api: HttpApi, script: Script) -> None:
    script.says(Reply(0), Reply(0), answer(ORDER, 201))
    op_id = new_op_id()
    assert api.call(routes.PLACE(body=REQUEST, op_id=op_id)) == ORDER
    assert [headers["Idempotency-Key"] for _, _, headers, _ in script.asked] == [op_id] * 3
    first, *others = (body for _, _, _, body in script.asked)
    assert others == [first, first]


def test_after_a_few_it_is_given_up(api: HttpApi, script: Script) -> None:
    script.says(Reply(0))
    with pytest.raises(Unreachable) as failed:
        api.call(routes.PLACE(body=REQUEST))
    assert (failed.value.retry_after_s, len(script.asked)) == (None, 3)


def test_nobody_there_is_unreachable() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    port = server.server_address[1]
    server.server_close()
    api = HttpApi(f"http://127.0.0.1:{port}", timeout_s=(1, 1))
    with pytest.raises(Unreachable):
        api.call(routes.MENU())
    api.close()


def test_an_answer_cut_off_in_the_middle_is_no_answer(api: HttpApi, script: Script) -> None:
    whole = msgspec.json.encode(ORDER)
    script.says(Reply(201, whole[:20], headers={"Content-Length": str(len(whole))}))
    with pytest.raises((Unreachable, ServerFault)):
        api.call(routes.PLACE(body=REQUEST))


def test_a_token_that_has_ended_is_refreshed_and_the_call_repeated(api: HttpApi, script: Script) -> None:
    fresh = msgspec.structs.replace(TOKENS, access_token="fresh", refresh_token="next")
    script.says(problem(401), answer(fresh), answer(ORDER))
    op_id = new_op_id()
    assert api.call(routes.PLACE(body=REQUEST, op_id=op_id)) == ORDER
    assert script.paths == ["/api/online/orders/", "/api/auth/refresh/", "/api/online/orders/"]
    first, refresh, again = script.asked
    assert refresh[3] == {"refresh_token": "refresh"}
    assert "Authorization" not in refresh[2]
    assert (first[2]["Authorization"], again[2]["Authorization"]) == ("Bearer access", "Bearer fresh")
    assert first[2]["Idempotency-Key"] == again[2]["Idempotency-Key"] == op_id


def test_a_session_that_cannot_go_on_is_over(api: HttpApi, script: Script) -> None:
    script.says(problem(401, detail="This session has ended."))
    with pytest.raises(SignedOut, match=r"This session has ended\."):
        api.call(routes.HISTORY(query=HistoryQuery()))
    script.says(answer(ORDER))
    with pytest.raises(SignedOut):
        api.call(routes.ORDER(OrderId("1")))
    assert script.asked == [], "nobody is signed in, so nobody asks"


def test_one_persons_request_is_never_sent_with_the_next_ones_token(api: HttpApi, script: Script) -> None:
    """Ada's order is refused because she signed out; by then Grace has signed in at the same window."""
    grace = msgspec.structs.replace(
        TOKENS, access_token="graces", person=Person(id="grace", role=Role.CUSTOMER, name="Grace")
    )

    def change_places() -> None:
        api.session.session.end()
        api.start(grace)

    script.says(problem(401, detail="This session has ended."), answer(ORDER))
    script.meanwhile = change_places
    with pytest.raises(SignedOut):
        api.call(routes.PLACE(body=REQUEST))
    assert [headers["Authorization"] for _, _, headers, _ in script.asked] == ["Bearer access"]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({EVENT_CURSOR: "not a cursor", REQUEST_ID: "1-1"}, ServerFault),
        ({EVENT_CURSOR: str(Cursor("e", 1, "x"))}, OtherServer),
    ],
)
def test_an_operation_is_not_answered_by_headers_that_nobody_foresaw(
    api: HttpApi, script: Script, headers: dict[str, str], error: type[ClientError]
) -> None:
    script.says(Reply(200, msgspec.json.encode(ORDER), headers=headers))
    operation = Operation(
        position=1,
        op_id=new_op_id(),
        owner=Owner(api.session.person.id, ""),
        order_id=ORDER.id,
        kind=Kind.PLACE,
        request=b"{}",
        seen=ORDER,
        created_at=ORDER.placed_at,
    )
    with pytest.raises(error):
        HttpTransport(api.session).send(operation)
    others = msgspec.structs.replace(operation, owner=Owner("grace", ""))
    script.asked.clear()
    with pytest.raises(SignedOut):
        HttpTransport(api.session).send(others)
    assert script.asked == [], "it is nobody else's to send"


def test_how_far_a_series_has_come_is_asked_without_every_order(api: HttpApi, script: Script) -> None:
    told = Snapshot(cursor="e:1:x", orders=(ORDER,), total=900, menu_version=1, series=DeviceId("POS1"), series_last=64)
    script.says(answer(told), answer(msgspec.structs.replace(told, series=None, series_last=0)))
    transport = HttpTransport(api.session)
    assert [transport.read_series(), transport.read_series()] == [("POS1", 64), ("", 0)]
    assert script.paths == ["/api/snapshot/?limit=1"] * 2


def test_signing_out_needs_no_server(api: HttpApi, script: Script) -> None:
    script.says(Reply(0))
    api.sign_out()
    api.close()
    assert set(script.paths) == {"/api/auth/sign-out/"}
    with pytest.raises(SignedOut):
        api.call(routes.HISTORY(query=HistoryQuery()))


def test_a_query_names_what_is_asked_for_and_nothing_else(api: HttpApi, script: Script) -> None:
    empty = answer({"orders": [], "total": 0})
    script.says(empty)
    api.call(routes.ORDERS(query=OrderQuery(open=True, status=(OrderStatus.READY, OrderStatus.PENDING), q="a b&c")))
    api.call(routes.HISTORY(query=HistoryQuery(limit=5, cursor="x=/1")))
    assert script.paths == [
        "/api/pos/orders/?open=true&status=ready&status=pending&q=a+b%26c&limit=50",
        "/api/online/orders/history/?limit=5&cursor=x%3D%2F1",
    ]


def test_an_id_cannot_leave_its_place_in_the_path(api: HttpApi, script: Script) -> None:
    script.says(answer(ORDER))
    api.call(routes.ORDER(OrderId("1?x=2#y")))
    assert script.paths == ["/api/online/orders/1%3Fx%3D2%23y/"]


@pytest.mark.parametrize("request_made", [routes.MENU(), routes.HISTORY()], ids=["for anybody", "for somebody"])
def test_a_secret_is_in_no_url(api: HttpApi, script: Script, request_made: Request[object]) -> None:
    script.says(problem(404))
    with pytest.raises(NotFound):
        api.call(request_made)
    assert not any("access" in path or "s3cret" in path for path in script.paths)


def test_a_request_that_is_printed_or_logged_holds_no_secret() -> None:
    request = routes.STAFF_SIGN_IN(body=StaffSignIn(staff="Kim", pin="24681357", device="POS1"))
    assert "24681357" not in f"{request} {request!r}"
