"""A subscriber's WebSocket (RFC 6455): authenticates it, sends what it missed, and hands it to the hub."""

import asyncio
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send

from core.decoding import decoder
from core.protocol.feed import HELLO_WITHIN_S, PAGE_LIMIT, Close, Hello
from core.server.devices import display
from core.server.http.problems import Refusal
from core.server.push import channel, feed
from core.server.push.channel import Line, Subscriber
from core.server.push.hub import END_WITHIN_S, Hub
from core.server.services import Services
from core.store.engine.writer import Unavailable

EXTENSION: Final = "orderbell.push"
"""The ASGI extension in which a server provides the socket's `Line`: `{"line": core.server.push.channel.Line}`."""
_hello: Final = decoder(Hello)
_CODES: Final = {
    "unauthenticated": Close.SIGNED_OUT,
    "diverged": Close.DIVERGED,
    "gone": Close.GONE,
    "invalid": Close.MALFORMED,
}


class _Ended(Exception):
    """The server closes it."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class _Left(Exception):
    """The peer closed it."""


class PushSocket:
    """The ASGI app of `core.protocol.routes.SOCKET_PATH`."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self._services = services
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line: Line = scope["extensions"][EXTENSION]["line"]
        await receive()  # websocket.connect
        if any(name == b"origin" for name, _ in scope["headers"]):
            await send({"type": "websocket.close"})  # a page in somebody's browser: before it is accepted this is 403
            return
        await send({"type": "websocket.accept"})
        try:
            await self._serve(receive, send, line)
        except _Left:
            pass
        except _Ended as ended:
            await channel.end(send, line, ended.code, END_WITHIN_S)
        except Refusal as refusal:
            await channel.end(send, line, _CODES[refusal.problem.type], END_WITHIN_S)
        except Unavailable:
            await channel.end(send, line, Close.UNAVAILABLE, END_WITHIN_S)

    async def _serve(self, receive: Receive, send: Send, line: Line) -> None:
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                hello = await _next(receive)
        except TimeoutError:
            raise _Ended(Close.NO_HELLO) from None
        subscriber = Subscriber(await self._services.verify(hello.token), send, line)
        try:
            await self._hub.join(subscriber)
            await self._catch_up(subscriber, hello)
            while True:
                hello = await _next(receive)
                renewed = await self._services.verify(hello.token)
                if renewed.principal.subject != subscriber.verified.principal.subject:
                    raise _Ended(Close.MALFORMED)
                subscriber.verified = renewed
                self._hub.beat(subscriber)
        finally:
            self._hub.leave(subscriber)

    async def _catch_up(self, subscriber: Subscriber, hello: Hello) -> None:
        """Send all missed events. New ones wait in the hub meanwhile, so nothing is lost in between."""
        cursor, witness, more = hello.cursor, hello.witness, True
        while more and not subscriber.closed:
            page = await feed.read_page(
                self._services.database,
                subscriber.audience,
                cursor,
                witness,
                PAGE_LIMIT,
                display.rules(self._services.settings),
            )
            cursor, witness, more = str(page.end), "", page.more
            if page.frames:
                await subscriber.send(feed.encode_frames(page.frames, cursor))
            if not more:
                self._hub.caught_up(subscriber, page.end.seq)


async def _next(receive: Receive) -> Hello:
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise _Left
    try:
        return _hello.decode(message.get("text") or message.get("bytes") or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _Ended(Close.MALFORMED) from None
