"""The shop's certificate authority, for screens that are being paired."""

from typing import Final

from core.protocol import routes
from core.protocol.route import Nothing
from core.protocol.trust import Authority
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.http import problems


async def authority(call: Call[Nothing, Nothing]) -> Authority:
    path = call.services.settings.ca_path
    if path is None:
        raise problems.not_found("certificate authority")
    return Authority(certificate=path.read_text(encoding="ascii"))


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (Endpoint(routes.AUTHORITY, authority, example_reply=examples.AUTHORITY),)
