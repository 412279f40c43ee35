"""Devices: inviting, pairing and revoking them, and how each of them is doing."""

from typing import Final

from core.domain.ids import DeviceId
from core.protocol import routes
from core.protocol.devices import DeviceList, Invitation, InviteDevice, Pair, Paired
from core.protocol.route import Nothing
from core.server.auth.security import actor
from core.server.devices import pairing
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.health import presence


async def devices(call: Call[Nothing, Nothing]) -> DeviceList:
    seen, shop_id = call.services.presence.seen(), call.principal.shop_id
    return await call.services.database.read(
        lambda transaction: DeviceList(devices=presence.reports(transaction, shop_id, seen))
    )


async def invite(call: Call[InviteDevice, Nothing]) -> Invitation:
    return await pairing.invite(call.services, actor(call.principal, call.address), call.body)


async def revoke(call: Call[Nothing, Nothing]) -> Nothing:
    await pairing.revoke(call.services, actor(call.principal, call.address), DeviceId(call.parameter))
    return Nothing()


async def remove(call: Call[Nothing, Nothing]) -> Nothing:
    await pairing.revoke(call.services, actor(call.principal, call.address), DeviceId(call.parameter), remove=True)
    return Nothing()


async def pair(call: Call[Pair, Nothing]) -> Paired:
    return await pairing.pair(call.services, call.body, call.key, call.address)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.DEVICES, devices, example_reply=examples.DEVICES),
    Endpoint(routes.DEVICES_OF_ADMIN, devices, example_reply=examples.DEVICES),
    Endpoint(routes.INVITE_DEVICE, invite, examples.INVITE_DEVICE, examples.INVITATION),
    Endpoint(routes.REVOKE_DEVICE, revoke),
    Endpoint(routes.REMOVE_DEVICE, remove),
    Endpoint(routes.PAIR, pair, examples.PAIR, examples.PAIRED),
)
