"""Getting to know the shop's server: the certificate that a screen is to believe from then on."""

from typing import Final

from core.protocol.trust import CA_PATH, Authority
from core.server.http import examples, problems
from core.server.http.endpoint import AnyEndpoint, Call, Endpoint, Nothing, Who


async def authority(call: Call[Nothing, Nothing]) -> Authority:
    path = call.services.settings.ca_path
    if path is None:
        raise problems.not_found("certificate authority")
    return Authority(certificate=path.read_text(encoding="ascii"))


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path=CA_PATH,
        who=Who.PUBLIC,
        summary="The certificate authority that the shop made for itself; believe it only by its fingerprint",
        handler=authority,
        body=Nothing,
        query=Nothing,
        reply=Authority,
        example_reply=examples.AUTHORITY,
        refusals=(404,),
    ),
)
