"""Contexts for testing a part of a window by itself: the shipped API over a fake backend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pytestqt.qtbot import QtBot

from core.client.order_store import OrderStore
from core.client.sync.api import SyncedApi
from core.client.sync.engine import ConnectionState
from core.protocol.requests import SignIn, StaffSignIn
from core.protocol.route import AnyRoute
from core.ui.bridge import Bridge
from core.ui.context import WindowContext
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.context import CustomerContext
from customer_view.settings import CustomerSettings
from pos_app.context import PosContext
from pos_app.settings import PosSettings
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.shown import own_folder, until_settled

S = TypeVar("S")


@contextmanager
def pos_context(
    qtbot: QtBot, backend: FakeBackend, staff: str = "Maya", theme: Theme | None = None, **settings: Any
) -> Iterator[PosContext]:
    """The context of a till with `staff` signed in."""
    with context_over(PosSettings(**settings), backend, theme) as context:
        pin, _role = backend.staff[staff]
        context.api.staff_sign_in(StaffSignIn(staff=staff, pin=pin, device=context.settings.device))
        _until_live(qtbot, context, backend)
        yield context


@contextmanager
def customer_context(
    qtbot: QtBot, backend: FakeBackend, phone: str, theme: Theme | None = None, **settings: Any
) -> Iterator[CustomerContext]:
    """The context of a customer's window, with the customer of that phone number signed in."""
    with context_over(CustomerSettings(**settings), backend, theme) as context:
        context.api.sign_in(SignIn(login=phone, password=backend.customers[phone][1]))
        _until_live(qtbot, context, backend)
        yield context


@contextmanager
def context_over(settings: S, backend: FakeBackend, theme: Theme | None = None) -> Iterator[WindowContext[S]]:
    """The context with nobody signed in."""
    bridge = Bridge(OrderStore())
    with own_folder() as folder:
        api = SyncedApi(
            FakeClient(backend),
            Path(folder) / "window.db",
            on_changed=bridge.on_changed,
            on_sync_status=bridge.on_sync_status,
            keyring=False,
        )
        jobs = Jobs(bound=api.bound)
        try:
            yield WindowContext(settings, theme or Theme("light"), jobs, api, bridge)
        finally:
            backend.gate.set()
            jobs.close(5)
            api.close()


def _until_live(qtbot: QtBot, context: WindowContext[Any], backend: FakeBackend) -> None:
    qtbot.waitUntil(lambda: context.bridge.sync_status.state is ConnectionState.LIVE)
    until_settled(qtbot, context, backend)


@contextmanager
def disk_held(context: WindowContext[Any]) -> Iterator[None]:
    """Block the window's disk: nothing is accepted before the end of the block."""
    with context.api._store.lock:
        yield


def answer_by(patch: pytest.MonkeyPatch, api: SyncedApi, route: AnyRoute, answer: Callable[[Any], Any]) -> None:
    """Answer requests of `route` by `answer` instead of `api`."""
    call = api.call
    patch.setattr(api, "call", lambda request: (answer if request.route is route else call)(request))
