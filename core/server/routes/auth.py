"""Signing up, in and out."""

from typing import Final

from core.protocol import routes
from core.protocol.replies import Tokens
from core.protocol.requests import DeviceSignIn, RefreshTokens, SignIn, SignUp, StaffSignIn
from core.protocol.route import Nothing
from core.protocol.sealed import SealedSignOut
from core.server.accounts import sessions
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint


async def sign_up(call: Call[SignUp, Nothing]) -> Tokens:
    return await sessions.sign_up(call.services, call.body, call.address)


async def sign_in(call: Call[SignIn, Nothing]) -> Tokens:
    return await sessions.sign_in(call.services, call.body, call.address)


async def staff_sign_in(call: Call[StaffSignIn, Nothing]) -> Tokens:
    return await sessions.staff_sign_in(call.services, call.body, call.address, is_here=call.is_here)


async def device_sign_in(call: Call[DeviceSignIn, Nothing]) -> Tokens:
    return await sessions.device_sign_in(call.services, call.body, call.address)


async def refresh(call: Call[RefreshTokens, Nothing]) -> Tokens:
    return await sessions.refresh(call.services, call.body.refresh_token, call.key, call.address)


async def sign_out(call: Call[Nothing, Nothing]) -> Nothing:
    await sessions.sign_out(call.services, call.principal)
    return Nothing()


async def sealed_sign_out(call: Call[SealedSignOut, Nothing]) -> Nothing:
    await sessions.sealed_sign_out(call.services, call.body)
    return Nothing()


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.SIGN_UP, sign_up, examples.SIGN_UP, examples.TOKENS),
    Endpoint(routes.SIGN_IN, sign_in, examples.SIGN_IN, examples.TOKENS),
    Endpoint(routes.STAFF_SIGN_IN, staff_sign_in, examples.STAFF_SIGN_IN, examples.STAFF_TOKENS),
    Endpoint(routes.DEVICE_SIGN_IN, device_sign_in, examples.DEVICE_SIGN_IN, examples.DEVICE_TOKENS),
    Endpoint(routes.REFRESH, refresh, examples.REFRESH, examples.TOKENS),
    Endpoint(routes.SIGN_OUT, sign_out),
    Endpoint(routes.SEALED_SIGN_OUT, sealed_sign_out, examples.SEALED_SIGN_OUT),
)
