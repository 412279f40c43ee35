"""The API over HTTP: timeouts on every call, safe retries, and every failure as one of `core.client.errors`.

Calls for a person go through the `SessionApi` of their sign-in: with their token and nobody else's.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Generic

import msgspec
import requests

from core import clock
from core.client.connection import Connection
from core.client.errors import ClientError, Left, OtherServer, ServerFault, SignedOut, Unreachable, Untrusted
from core.client.http.adapter import InTime, Straight, whole
from core.client.http.push import Socket, open_socket
from core.client.http.refusals import as_error, problem_in
from core.client.http.session import Keep, Session, kept_nowhere
from core.client.http.trust import is_plain, unreachable
from core.domain.ids import OpId
from core.domain.menu import Menu
from core.domain.people import Person
from core.protocol import routes
from core.protocol.headers import EVENT_CURSOR, IDEMPOTENCY_KEY, ORDER_NUMBER, OWNER, REQUEST_ID
from core.protocol.replies import Tokens
from core.protocol.requests import DeviceSignIn, RefreshTokens, SignIn, SignUp, StaffSignIn
from core.protocol.route import AnyRoute, R, Request, Route, Who
from core.settings import here
from core.workers import run_aside

log = logging.getLogger(__name__)

TIMEOUT_S: Final = (3.0, 10.0)
"""To connect, and between two bytes of an answer, which is complete in `WHOLE_WITHIN` times that or never."""
_CONNECTIONS_KEPT: Final = 16
"""Pooled connections; further ones are opened and closed again."""
_REPEATS: Final = 2
_PROBE_TIMEOUT_S: Final = (3.0, 3.0)
_CLOSE_WITHIN_S: Final = 2.0
"""How long `close` waits for the server to be notified of sessions that have just ended."""
_CLOCK_STEP: Final = timedelta(seconds=1.5)
"""A `Date` header counts whole seconds: an estimate closer than this to the current one is no improvement."""
_CLOCK_MOST: Final = timedelta(days=36_525)
"""A server clock that is further from this machine's is ignored."""
_REMEMBERED: Final = 64
"""Answers cached by ETag: unchanged ones are neither sent nor decoded again."""


class Answer(msgspec.Struct, Generic[R], frozen=True):
    """An answer of Orderbell that is not a refusal."""

    content: R
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")


class Bearer(msgspec.Struct, frozen=True):
    """An access token, and the id of the person it must be of."""

    token: str
    owner: str


class HttpClient:
    """The client of one backend, for calls without a session. Thread-safe.

    A call whose answer was lost is repeated: reads are harmless and every write carries its op id. A server is trusted
    by `ca_file` and nothing else, or without one by the public authorities.
    """

    def __init__(self, server_url: str, *, ca_file: str = "", timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        self.server_url = server_url.rstrip("/")
        self.ca_file = ca_file
        self._timeout_s = timeout_s
        self._http = Straight()
        self._http.trust_env = False
        self._http.verify = ca_file or True
        self._http.headers["User-Agent"] = f"Orderbell/{version('orderbell')}"
        self._http.mount("http://", InTime(pool_maxsize=_CONNECTIONS_KEPT))
        self._http.mount("https://", InTime(pool_maxsize=_CONNECTIONS_KEPT))
        if is_plain(self.server_url):
            log.warning("traffic to the server is not encrypted", extra={"server_url": self.server_url})
        self.connection = Connection(self.server_url)
        """The state of the connection, updated by every call."""
        self._probed: Answer[Menu] | None = None
        self._clock_offset = timedelta()
        self._ending: list[threading.Thread] = []

    def close(self) -> None:
        """Close the connections. Calls in progress end by themselves; the server has a moment to be notified of
        sessions that have just ended."""
        until_s = time.monotonic() + _CLOSE_WITHIN_S
        for thread in self._ending:
            thread.join(max(0.0, until_s - time.monotonic()))
        self._http.close()

    def server_now(self) -> datetime:
        return datetime.now(UTC) + self._clock_offset

    def open_socket(self, read: Callable[[bytes], R]) -> AbstractContextManager[Socket[R]]:
        """See `core.client.http.push`."""
        return open_socket(self.server_url, read, self.ca_file, self.connection.answered)

    def call(self, request: Request[R]) -> R:
        """A call without a session, repeated when the answer was lost. Signing up twice is refused, not doubled."""
        return self.repeated(request).content

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        """While the server does not answer, one attempt with a short timeout: a locked till waits for it."""
        asked = routes.STAFF_SIGN_IN(body=request)
        if self.connection.problem is None:
            return self.call(asked)
        return self.once(asked, timeout_s=_PROBE_TIMEOUT_S).content

    def end(self, tokens: Tokens | None) -> None:
        """Notify the server in the background that a session is over."""
        if tokens is None:
            return
        self._ending = [thread for thread in self._ending if thread.is_alive()]
        self._ending.append(run_aside(partial(self._end, tokens), "sign-out"))

    def _end(self, tokens: Tokens) -> None:
        with contextlib.suppress(ClientError):
            self.repeated(routes.SIGN_OUT(), Bearer(tokens.access_token, ""))

    def probe(self) -> None:
        """A short request that costs the server one look into its database. Raises `ClientError`."""
        self._probed = self.once(routes.MENU(), known=self._probed, timeout_s=_PROBE_TIMEOUT_S)

    # -- one call

    def repeated(
        self, request: Request[R], bearer: Bearer | None = None, *, known: Answer[R] | None = None
    ) -> Answer[R]:
        """`once`, repeated when the answer was lost."""
        repeat = 0
        while True:
            try:
                return self.once(request, bearer, known=known)
            except (OtherServer, Untrusted):
                raise
            except Unreachable as error:
                if repeat == _REPEATS or error.retry_after_s is not None:
                    raise
                time.sleep(random.uniform(0, 0.2 * 2**repeat))  # noqa: S311 (jitter, not a secret)
                repeat += 1

    def once(
        self,
        request: Request[R],
        bearer: Bearer | None = None,
        *,
        known: Answer[R] | None = None,
        timeout_s: tuple[float, float] | None = None,
    ) -> Answer[R]:
        """One attempt. `known` is an earlier answer, and returned when nothing has changed since. Raises `ClientError`;
        `OtherServer` for every answer that is not Orderbell's."""
        content, route = request.content, request.route
        headers = {
            "Accept": "application/json",
            here.HEADER: here.proof(self.server_url) if route is routes.STAFF_SIGN_IN else "",
            "If-None-Match": "" if known is None else known.etag,
            "Authorization": "" if bearer is None else f"Bearer {bearer.token}",
            OWNER: "" if bearer is None else bearer.owner,
            IDEMPOTENCY_KEY: request.op_id,
            ORDER_NUMBER: request.number,
            EVENT_CURSOR: request.cursor,
            "Content-Type": "" if content is None else "application/json",
        }
        began_s = clock.now_s()
        try:
            response = self._http.request(
                route.method,
                self.server_url + request.path,
                params=request.params,
                data=content,
                headers={name: value for name, value in headers.items() if value},
                timeout=timeout_s or self._timeout_s,
                stream=True,
            )
            said = whole(response)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            log.debug("unreachable", extra={"route": route.id, "cause": type(error).__name__})
            problem = unreachable(error, self.server_url)
            self.connection.failed(problem, began_s)
            raise problem from error
        except requests.RequestException:  # an answer that HTTP knows no meaning for, or too large a one
            raise self._other_server(route, began_s) from None
        except OSError as error:  # requests' way of saying that `ca_file` is gone
            raise Untrusted("The file that the server is known by cannot be read here. Tell the admin.") from error
        found = _unchanged(response, known) or _understood(response, said, route)
        if found is None:
            raise self._other_server(route, began_s)
        self._set_clock(response)
        if response.status_code < 500:
            self.connection.answered()
        elif route.method == "GET" and isinstance(found, Unreachable):  # one that cannot write may be read
            self.connection.failed(found, began_s)
        if isinstance(found, ClientError):
            raise found
        return found

    def _other_server(self, route: AnyRoute, began_s: float) -> OtherServer:
        log.debug("another server answers at the address", extra={"route": route.id})
        error = OtherServer(self.server_url)
        if route.method == "GET":  # a fault of writes alone is left to writes
            self.connection.failed(error, began_s)
        return error

    def _set_clock(self, response: requests.Response) -> None:
        with contextlib.suppress(KeyError, ValueError, TypeError, OverflowError):
            told = parsedate_to_datetime(response.headers["Date"]) + timedelta(seconds=0.5)
            offset = told - datetime.now(UTC) + response.elapsed / 2
            if abs(offset) < _CLOCK_MOST and abs(offset - self._clock_offset) > _CLOCK_STEP:
                self._clock_offset = offset


def _unchanged(response: requests.Response, known: Answer[R] | None) -> Answer[R] | None:
    """`known`, if the answer is 304. (Where a proxy compresses answers, one tag is weak and the other is not.)"""
    if known is None or not known.etag or response.status_code != 304:
        return None
    return known if response.headers.get("ETag", "").removeprefix("W/") == known.etag.removeprefix("W/") else None


def _understood(response: requests.Response, said: bytes, route: Route[Any, Any, R]) -> Answer[R] | ClientError | None:
    """Orderbell's answer as an `Answer` or an error; None when another server has answered."""
    status, headers = response.status_code, response.headers
    if 200 <= status < 300:
        try:
            return Answer(route.read(said), headers)
        except msgspec.ValidationError:
            if REQUEST_ID not in headers:
                return None
            log.exception("unreadable answer", extra={"route": route.id})
            return ServerFault("Its answer could not be read. Is this window as new as the server?")
        except msgspec.DecodeError:
            return None
    problem = problem_in(status, headers.get("Content-Type", ""), said)
    return None if problem is None else as_error(problem, headers)


class SessionApi:
    """One person's calls, from their sign-in to their sign-out. Thread-safe.

    Each call uses a token of this session or is not made, and raises `Left` once its person has left.
    """

    def __init__(
        self,
        client: HttpClient,
        tokens: Tokens,
        *,
        keep: Keep = kept_nowhere,
        op_id: OpId | None = None,
        announce_end: Callable[[Tokens | None], None] | None = None,
    ) -> None:
        """See `Session`. `announce_end` tells the server that it is over, and waits for no answer: `HttpClient.end`, if
        not given."""
        self.client = client
        self._announce_end = announce_end or client.end
        self.session = Session(tokens, self._refresh, keep=keep, op_id=op_id)
        self._answers: dict[Request[Any], Answer[Any]] = {}

    @property
    def person(self) -> Person:
        return self.session.person

    @property
    def tokens(self) -> Tokens | None:
        """None once the session is over."""
        return self.session.tokens

    def access_token(self, *, rejected: str = "") -> str:
        """See `Session.access_token`."""
        return self.session.access_token(rejected=rejected)

    def end(self) -> None:
        """End the session: no more calls, and no answers to those in progress. The server is notified in the
        background."""
        self._announce_end(self.tokens)  # first: neither a crash nor a full disk keeps the session alive at the server
        try:
            self.session.end()
        finally:
            self._answers.clear()

    def forget(self) -> None:
        """Drop all cached answers, so that everything is sent in full again."""
        self._answers.clear()

    def call(self, request: Request[R]) -> R:
        """A call with this session, repeated when the answer was lost."""
        known: Answer[R] | None = self._answers.get(request) if request.route.conditional else None
        found = self._with_token(lambda bearer: self.client.repeated(request, bearer, known=known))
        if request.route.conditional and found.etag:
            self._answers.pop(request, None)
            self._answers[request] = found
            while len(self._answers) > _REMEMBERED:
                self._answers.pop(next(iter(self._answers)), None)
        return found.content

    def exchange(self, request: Request[R]) -> Answer[R]:
        """One attempt of one call, for the sync engine, which retries by itself."""
        return self._with_token(lambda bearer: self.client.once(request, bearer))

    def _refresh(self, refresh_token: str, op_id: OpId) -> Tokens:
        """See `core.client.http.session.Refresh`."""
        return self.client.call(routes.REFRESH(body=RefreshTokens(refresh_token=refresh_token), op_id=op_id))

    def _with_token(self, call: Callable[[Bearer], Answer[R]]) -> Answer[R]:
        token = self.session.access_token()
        try:
            found = call(Bearer(token, self.person.id))
        except SignedOut:
            found = call(Bearer(self.session.access_token(rejected=token), self.person.id))
        if self.session.ended:  # the caller's person has left
            raise Left
        return found


class HttpApi:
    """One backend, for one person after the other. Each call is for the person who is signed in when it begins.
    Thread-safe."""

    def __init__(self, server_url: str, *, ca_file: str = "", timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        self.client = HttpClient(server_url, ca_file=ca_file, timeout_s=timeout_s)
        self._current: SessionApi | None = None
        self._attempt: object = None
        self._entered: object = None

    def close(self) -> None:
        """See `HttpClient.close`."""
        self.client.close()

    def server_now(self) -> datetime:
        return self.client.server_now()

    def sign_up(self, request: SignUp) -> Tokens:
        return self._enter(lambda: self.client.call(routes.SIGN_UP(body=request)))

    def sign_in(self, request: SignIn) -> Tokens:
        return self._enter(lambda: self.client.call(routes.SIGN_IN(body=request)))

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        return self._enter(lambda: self.client.staff_sign_in(request))

    def _enter(self, ask: Callable[[], Tokens]) -> Tokens:
        attempt = self._attempt = object()
        tokens = ask()
        if self._attempt is not attempt:
            self.client.end(tokens)
            raise Left
        self._entered = attempt
        return self.start(tokens)

    def give_up_sign_in(self) -> None:
        """Abort the newest sign-in, and end a session that came of it."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None and attempt is self._entered:
            self.sign_out()

    def probe(self) -> None:
        self.client.probe()

    def device_sign_in(self, request: DeviceSignIn) -> Tokens:
        return self.start(self.client.call(routes.DEVICE_SIGN_IN(body=request)))

    def start(self, tokens: Tokens) -> Tokens:
        """Continue with these tokens."""
        self._current = SessionApi(self.client, tokens)
        return tokens

    def sign_out(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            current.end()

    @property
    def session(self) -> SessionApi:
        """The calls of the person who is signed in. Raises `SignedOut`."""
        current = self._current
        if current is None:
            raise SignedOut("Nobody is signed in.")
        return current

    @property
    def tokens(self) -> Tokens | None:
        """The session's, while somebody is signed in."""
        return self._current.tokens if self._current is not None else None

    def access_token(self, *, rejected: str = "") -> str:
        """See `Session.access_token`."""
        return self.session.access_token(rejected=rejected)

    def call(self, request: Request[R]) -> R:
        """A call with the session; without one, a public route's. Raises `SignedOut`."""
        current = self._current
        if current is None and request.route.who is Who.PUBLIC:
            return self.client.call(request)
        return self.session.call(request)
