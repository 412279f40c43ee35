"""Devices: inviting, pairing and revoking them, and how each of them is doing."""

from typing import Final

from core.domain.ids import DeviceId
from core.protocol.devices import PAIR_PATH, DeviceList, Invitation, InviteDevice, Pair, Paired
from core.server.auth.security import actor
from core.server.devices import pairing, presence
from core.server.http import examples
from core.server.http.endpoint import AnyEndpoint, Call, Endpoint, Nothing, Who


async def devices(call: Call[Nothing, Nothing]) -> DeviceList:
    heard, shop_id = call.services.contacts.heard(), call.principal.shop_id
    return await call.services.database.read(
        lambda transaction: DeviceList(devices=presence.reports(transaction, shop_id, heard))
    )


async def devices_of_admin(call: Call[Nothing, Nothing]) -> DeviceList:
    return await devices(call)


async def invite(call: Call[InviteDevice, Nothing]) -> Invitation:
    return await pairing.invite(call.services, actor(call.principal, call.address), call.body)


async def revoke(call: Call[Nothing, Nothing]) -> Nothing:
    await pairing.revoke(call.services, actor(call.principal, call.address), DeviceId(call.parameter))
    return Nothing()


async def pair(call: Call[Pair, Nothing]) -> Paired:
    return await pairing.pair(call.services, call.body, call.key, call.address)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path="/api/pos/devices/",
        who=Who.STAFF,
        summary="When each device of the shop was last heard of, and how far behind it is",
        handler=devices,
        body=Nothing,
        query=Nothing,
        reply=DeviceList,
        example_reply=examples.DEVICES,
    ),
    Endpoint(
        method="GET",
        path="/api/admin/devices/",
        who=Who.ADMIN,
        summary="The devices of the shop, for whoever looks after them",
        handler=devices_of_admin,
        body=Nothing,
        query=Nothing,
        reply=DeviceList,
        example_reply=examples.DEVICES,
    ),
    Endpoint(
        method="POST",
        path="/api/admin/devices/",
        who=Who.ADMIN,
        summary="A code by which a machine becomes a device of the shop; it works once, for ten minutes",
        handler=invite,
        body=InviteDevice,
        query=Nothing,
        reply=Invitation,
        status=201,
        example=examples.INVITE_DEVICE,
        example_reply=examples.INVITATION,
        refusals=(409,),
    ),
    Endpoint(
        method="POST",
        path="/api/admin/devices/{device_id}/revoke/",
        who=Who.ADMIN,
        summary="End what a device may do, with its sessions; its name and its number series stay its own",
        handler=revoke,
        body=Nothing,
        query=Nothing,
        reply=Nothing,
        status=204,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=PAIR_PATH,
        who=Who.PUBLIC,
        summary="Become a device by its code; with an Idempotency-Key the call may be retried",
        handler=pair,
        body=Pair,
        query=Nothing,
        reply=Paired,
        example=examples.PAIR,
        example_reply=examples.PAIRED,
        refusals=(409, 422, 429),
    ),
)
