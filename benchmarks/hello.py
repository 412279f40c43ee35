"""The least a request can cost on the server that Orderbell runs on: an answer of five bytes, and no framework."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]

_START: Final = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
_BODY: Final = {"type": "http.response.body", "body": b"hello"}


async def app(
    scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "http":
        await send(_START)
        await send(_BODY)
    else:
        raise NotImplementedError(scope["type"])
