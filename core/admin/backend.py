"""A command's connection to the backend of its machine: the one that is serving, or a temporary one of its own.

So a command is a thin layer over an endpoint, windows and commands share one implementation, and a database file has
one owner at any time.
"""

import argparse
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import requests

from core import logs
from core.admin.command import Run, server_settings
from core.admin.failed import Failed, sentence
from core.admin.serving import Serving, make_server, quieten, running
from core.client.errors import OtherServer
from core.client.http.adapter import Straight, whole
from core.client.http.refusals import problem_in
from core.client.http.trust import unreachable
from core.domain.ids import ShopId, new_op_id
from core.instants import zone
from core.protocol import routes
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.route import R, Request
from core.server.auth import keys
from core.server.auth.keys import Keys
from core.server.auth.tokens import AccessTokens
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store.engine.database import parse_url
from core.store.engine.owner import AlreadyServed, Ownership, file_of

START_WITHIN_S: Final = 30.0
CONNECT_WITHIN_S: Final = 3.0
ANSWER_WITHIN_S: Final = 60.0
NAME: Final = "orderbell"
"""The author in the history of orders that a command changed."""
_NEXT: Final = {
    "exists": "Choose another.",
    "not_found": "Check how it is spelt; the command's list has them all.",
    "fault": "Try again, and if it goes on: orderbell doctor",
    "key_reused": "Try again.",
}
"""Advice for refusals whose sentence from the server has none."""


class Backend:
    """An admin's connection. Refusals are raised as `Failed` with the server's sentence."""

    def __init__(self, serving: Serving, signing: Keys, shop_id: ShopId) -> None:
        self.url = serving.url
        self._tokens = AccessTokens(signing, 0)
        self._shop_id = shop_id
        self._http = Straight()
        self._http.trust_env = False
        if serving.ca_file:
            self._http.verify = serving.ca_file

    def call(self, request: Request[R], within_s: float = ANSWER_WITHIN_S) -> R:
        """Request `path` and decode its reply. Raises `Failed`."""
        content = request.content
        headers = {
            "Authorization": f"Bearer {self._tokens.sign_local(NAME, self._shop_id)}",
            IDEMPOTENCY_KEY: request.op_id or new_op_id(),
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._http.request(
                request.route.method,
                self.url + request.path,
                params=request.params,
                data=content,
                headers=headers,
                timeout=(CONNECT_WITHIN_S, within_s),
                stream=True,
            )
            said = whole(answer)
        except requests.RequestException as error:
            raise Failed(unreachable(error, self.url).message, status=2) from None
        if 200 <= answer.status_code < 300:
            try:
                return request.route.read(said)
            except msgspec.DecodeError:
                raise Failed(OtherServer(self.url).message, status=2) from None
        problem = problem_in(answer.status_code, answer.headers.get("Content-Type", ""), said)
        if problem is None:
            raise Failed(OtherServer(self.url).message, status=2)
        wrong = sentence(problem.detail or problem.title)
        if problem.type == "invalid" and problem.field:
            wrong = f"{problem.field}: {wrong}"
        raise Failed(f"{wrong} {_NEXT.get(problem.type, '')}".rstrip())

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The shop's time zone, by which lists say when; None where it is unknown: this machine's."""
        return zone(self.call(routes.MENU()).time_zone)

    def close(self) -> None:
        self._http.close()


Asking = Callable[[Backend, argparse.Namespace], int | None]


def asked(run: Asking) -> Run:
    """A command's function, called with the backend of `--shop` on this machine."""

    def ask(options: argparse.Namespace) -> int | None:
        with reach(server_settings(options), options.shop) as api:
            return run(api, options)

    return ask


@contextmanager
def reach(server: ServerSettings, shop_id: str = "") -> Iterator[Backend]:
    """An admin's connection to the backend of this machine. Raises the errors of `core.admin.refusals`."""
    with ExitStack() as stack:
        try:
            signing = keys.read(server.keys_path)
        except FileNotFoundError:
            raise Failed(f"There is no shop here yet ({server.directory}). Begin with: orderbell init") from None
        try:
            stack.enter_context(Ownership(server.database))
        except AlreadyServed as error:
            serving = running(server)
            if serving is None:
                raise Failed(f"{error} It is no backend that can be asked; wait until it has ended.") from None
        else:
            serving = stack.enter_context(_temporary_backend(server, signing))
        backend = Backend(serving, signing, ShopId(shop_id))
        stack.callback(backend.close)
        yield backend


@contextmanager
def _temporary_backend(server: ServerSettings, signing: Keys) -> Iterator[Serving]:
    """A backend in a thread of this process, on a loopback port."""
    private = msgspec.structs.replace(server, host="127.0.0.1", port=0)
    logs.setup(private.log_format, debug=private.debug, level=logging.WARNING)
    quieten()
    file = file_of(parse_url(server.database))
    if file is not None and not file.exists():  # SQLite would create an empty one
        raise Failed(f"There is no database {file}. Begin with: orderbell init")
    database = open_database(private)
    listening = threading.Event()
    found: list[str] = []

    def announce(url: str) -> None:
        found.append(url)
        listening.set()

    uvicorn = make_server(database, signing, private, announce)

    def serve() -> None:
        try:
            uvicorn.run()
        finally:
            listening.set()

    thread = threading.Thread(target=serve, name="backend-for-the-moment")
    thread.start()
    try:
        if not listening.wait(START_WITHIN_S) or not found:
            raise Failed("The backend did not start.")
        yield Serving(url=found[0])
    finally:
        uvicorn.should_exit = True
        thread.join()
        database.close()
