"""The ASGI application: Starlette, built from the endpoints."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from core.protocol.route import PARAMETER_AT, AnyRoute
from core.protocol.routes import SOCKET_PATH
from core.server import services
from core.server.auth.keys import Keys
from core.server.background import repeating
from core.server.endpoints import endpoint_app
from core.server.endpoints.endpoint import AnyEndpoint
from core.server.endpoints.endpoint_app import EndpointApp
from core.server.health.metrics import OTHER
from core.server.http import problems
from core.server.jobs.day_sums import add_up_days
from core.server.jobs.expiry import forget_expired, keep_mark
from core.server.jobs.partition_upkeep import maintain_partitions
from core.server.push.hub import Hub
from core.server.push.retention import forget_old_events
from core.server.push.socket import PushSocket
from core.server.routes import ENDPOINTS
from core.server.services import Services
from core.server.settings import ServerSettings
from core.store.engine.database import Database

_ANY: Final = "{}"


class Orderbell(Starlette):
    """Starlette with a fast path.

    Addresses of the table are looked up in a dictionary, and endpoints answer their own errors, so router and
    middleware are skipped; everything else takes Starlette's way. `routes` has all of them.
    """

    def __init__(self, endpoints: Mapping[AnyEndpoint, EndpointApp], shared: Services) -> None:
        hub = Hub(shared)

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with (
                hub.running(),
                shared.presence.running(hub.followers),
                shared.backups.running(),
                repeating(
                    partial(forget_old_events, shared),
                    partial(forget_expired, shared),
                    partial(maintain_partitions, shared),
                    partial(add_up_days, shared),
                    partial(keep_mark, shared),
                    shared.follow_keys,
                ),
            ):
                yield
            await shared.readiness.close()
            shared.close()

        self.services = shared
        shared.metrics.screens = hub.screens
        self._push = PushSocket(shared, hub)
        self._endpoints = {
            (endpoint.route.method, address): app
            for endpoint, app in endpoints.items()
            for address in _addresses(endpoint.route)
        }
        super().__init__(
            routes=[Route(each.route.path, app, methods=[each.route.method]) for each, app in endpoints.items()],
            lifespan=lifespan,
            exception_handlers={HTTPException: _http_error},
        )
        self.router.redirect_slashes = False

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            endpoint = self._endpoints.get((method, path))
            if endpoint is None:
                parts = path.split("/")
                if len(parts) > PARAMETER_AT and parts[PARAMETER_AT]:
                    scope["path_params"] = {_ANY: parts[PARAMETER_AT]}
                    parts[PARAMETER_AT] = _ANY
                    endpoint = self._endpoints.get((method, "/".join(parts)))
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        elif scope["type"] == "websocket" and scope["path"].rstrip("/") == SOCKET_PATH:
            await self._push(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _addresses(route: AnyRoute) -> tuple[str, str]:
    """The keys of a route in the look-up: its path with the parameter's place left open, with and without a slash at
    its end."""
    path = route.path.replace(f"{{{route.parameter}}}", _ANY) if route.parameter else route.path
    return path, path.rstrip("/")


def create_app(database: Database, keys: Keys, settings: ServerSettings) -> Orderbell:
    """The backend on an open, set-up database, which it closes when it stops."""
    shared = services.make(database, keys, settings)
    return Orderbell({endpoint: EndpointApp(endpoint, shared) for endpoint in ENDPOINTS}, shared)


async def _http_error(request: Request, error: Exception) -> Response:
    """The reply to a request that Starlette refuses: an unknown address or method."""
    assert isinstance(error, HTTPException)
    request_id = endpoint_app.next_request_id()
    if error.status_code == 405:
        refusal: Exception = problems.method_not_allowed((error.headers or {}).get("Allow", ""))
    else:
        refusal = problems.not_found()
    reply, headers = endpoint_app.refused(refusal, request.method, OTHER, request_id)
    request.app.services.metrics.other.observe(reply.status, 0.0)
    response = Response(reply.body, reply.status)
    response.raw_headers = endpoint_app.headers_of(reply, request_id, headers)
    return response
