"""Signing up, in and out."""

from typing import Final

from core.protocol.replies import Tokens
from core.protocol.requests import DeviceSignIn, RefreshTokens, SignIn, SignUp, StaffSignIn
from core.server.auth import accounts
from core.server.http import examples
from core.server.http.endpoint import AnyEndpoint, Call, Endpoint, Nothing, Who


async def sign_up(call: Call[SignUp, Nothing]) -> Tokens:
    return await accounts.sign_up(call.services, call.body, call.address)


async def sign_in(call: Call[SignIn, Nothing]) -> Tokens:
    return await accounts.sign_in(call.services, call.body, call.address)


async def staff_sign_in(call: Call[StaffSignIn, Nothing]) -> Tokens:
    return await accounts.staff_sign_in(call.services, call.body, call.address, is_here=call.is_here)


async def device_sign_in(call: Call[DeviceSignIn, Nothing]) -> Tokens:
    return await accounts.device_sign_in(call.services, call.body, call.address)


async def refresh(call: Call[RefreshTokens, Nothing]) -> Tokens:
    return await accounts.refresh(call.services, call.body.refresh_token, call.key, call.address)


async def sign_out(call: Call[Nothing, Nothing]) -> Nothing:
    await accounts.sign_out(call.services, call.principal)
    return Nothing()


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="POST",
        path="/api/auth/sign-up/",
        who=Who.PUBLIC,
        summary="Become a customer",
        handler=sign_up,
        body=SignUp,
        query=Nothing,
        reply=Tokens,
        status=201,
        example=examples.SIGN_UP,
        example_reply=examples.TOKENS,
        refusals=(403, 409, 429),
    ),
    Endpoint(
        method="POST",
        path="/api/auth/sign-in/",
        who=Who.PUBLIC,
        summary="Sign in as a customer",
        handler=sign_in,
        body=SignIn,
        query=Nothing,
        reply=Tokens,
        example=examples.SIGN_IN,
        example_reply=examples.TOKENS,
        refusals=(401, 403, 429),
    ),
    Endpoint(
        method="POST",
        path="/api/auth/staff/sign-in/",
        who=Who.PUBLIC,
        summary="Sign in as staff, at a terminal",
        handler=staff_sign_in,
        body=StaffSignIn,
        query=Nothing,
        reply=Tokens,
        example=examples.STAFF_SIGN_IN,
        example_reply=examples.STAFF_TOKENS,
        refusals=(401, 403, 429),
    ),
    Endpoint(
        method="POST",
        path="/api/auth/device/sign-in/",
        who=Who.PUBLIC,
        summary="Sign in as a display, which may know numbers and statuses and nothing else",
        handler=device_sign_in,
        body=DeviceSignIn,
        query=Nothing,
        reply=Tokens,
        example=examples.DEVICE_SIGN_IN,
        example_reply=examples.DEVICE_TOKENS,
        refusals=(401, 429),
    ),
    Endpoint(
        method="POST",
        path="/api/auth/refresh/",
        who=Who.PUBLIC,
        summary="New tokens for a refresh token, which works once; with an Idempotency-Key the call may be retried",
        handler=refresh,
        body=RefreshTokens,
        query=Nothing,
        reply=Tokens,
        example=examples.REFRESH,
        example_reply=examples.TOKENS,
        refusals=(401,),
    ),
    Endpoint(
        method="POST",
        path="/api/auth/sign-out/",
        who=Who.SIGNED_IN,
        summary="End this session, with all of its tokens",
        handler=sign_out,
        body=Nothing,
        query=Nothing,
        reply=Nothing,
        status=204,
    ),
)
