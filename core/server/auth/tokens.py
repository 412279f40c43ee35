"""Access tokens: signed proof of a session for ten minutes (RFC 7519, HS256)."""

import time
from collections.abc import Callable, Collection
from typing import Any, Final

import jwt
import msgspec
from jwt.utils import base64url_decode, base64url_encode

from core.decoding import convert
from core.domain.ids import DeviceId, ShopId, uuid7
from core.domain.people import Principal, Role
from core.server.auth.keys import Keys

ISSUER: Final = "orderbell"
AUDIENCE: Final = "orderbell-api"
ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
"""The `typ` header, so that nothing else signed with these keys is accepted as an access token (RFC 9068 §2.1)."""
LONGEST: Final = 4096
_REQUIRED: Final = ["iss", "aud", "exp", "iat", "sub", "jti", "sid", "role", "shop", "name"]
LEEWAY_S: Final = 30
"""Servers of one database verify each other's tokens, and their clocks differ (RFC 7519 §4.1)."""
CACHED: Final = 10_000
LOCAL: Final = "local"
"""The session id of commands on the server's own machine. It is in no table: the holder of the keys could sign
anything. Without a shop it is for the default one."""
LOCAL_LIFE_S: Final = 60


class InvalidToken(Exception):
    """Not a token of ours, or expired."""


class MadeLater(InvalidToken):
    """The token was made later than this machine's time: one of two clocks is wrong."""


class UnknownKey(InvalidToken):
    """The signing key is unknown; another process may have made it."""


class Verified(msgspec.Struct, frozen=True):
    principal: Principal
    expires_at: float
    """Seconds since 1970: `exp` with the leeway, at most its key's end as known then; see `AccessTokens.ends_at`."""
    kid: str = ""


class AccessTokens:
    """Signs and verifies access tokens. Whether the session still lives is in the database."""

    def __init__(self, keys: Keys, life_s: int) -> None:
        self.life_s = life_s
        self.use(keys)

    def use(self, keys: Keys) -> None:
        """Sign and verify by these keys from now on."""
        self._signing = keys.signing[0]
        self._by_kid = {key.kid: key for key in keys.signing}

    @property
    def kid(self) -> str:
        """The id of the signing key."""
        return self._signing.kid

    def sign_local(self, name: str, shop_id: ShopId) -> str:
        """A token for a command on this machine: an admin's, for a minute."""
        local = Principal(subject=LOCAL, role=Role.ADMIN, name=name, session_id=LOCAL, shop_id=shop_id)
        return self.sign(local, LOCAL_LIFE_S)

    def sign(self, principal: Principal, life_s: int | None = None) -> str:
        issued = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + (self.life_s if life_s is None else life_s),
            "jti": uuid7(),
            "sub": principal.subject,
            "sid": principal.session_id,
            "role": principal.role.value,
            "shop": principal.shop_id,
            "name": principal.name,
        }
        if principal.device_id is not None:
            claims["device"] = principal.device_id
        return jwt.encode(claims, self._signing.secret, ALGORITHM, headers={"kid": self._signing.kid, "typ": TYPE})

    def verify(self, token: str) -> Verified:
        """The verified claims of a token. Raises `InvalidToken`."""
        if not _is_as_written(token):
            raise InvalidToken("this is not how a token is written")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE:
                raise InvalidToken("this is another kind of token")
            key = self._by_kid.get(header["kid"])
            if key is None:
                raise UnknownKey("signed by a key that is not here")
            until = key.verifies_until(self.life_s)
            if until <= time.time():
                raise InvalidToken("its key has had its time")
            claims = jwt.decode(
                token,
                key.secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
            return Verified(_principal(claims), min(float(claims["exp"]) + LEEWAY_S, until), key.kid)
        except jwt.ImmatureSignatureError as error:
            raise MadeLater(str(error)) from None
        except (jwt.InvalidTokenError, KeyError, ValueError, msgspec.ValidationError) as error:
            raise InvalidToken(str(error)) from None

    def ends_at(self, verified: Verified) -> float:
        """Until when it is valid by the current keys, seconds since 1970."""
        key = self._by_kid.get(verified.kid)
        return min(verified.expires_at, key.verifies_until(self.life_s)) if key is not None else 0.0


class VerifiedTokens:
    """A cache of recently verified tokens; a look-up costs a three-hundredth of a verification.

    Bounded, checked for expiry on every hit, and cleared of a session's tokens when it is revoked.
    """

    def __init__(self) -> None:
        self._known: dict[str, Verified] = {}
        self.forgotten = 0
        """A counter of removals. What was verified before a removal is not cached after it."""

    def get(self, token: str) -> Principal | None:
        known = self._known.get(token)
        return known.principal if known is not None and known.expires_at > time.time() else None

    def keep(self, token: str, verified: Verified, forgotten: int = 0) -> None:
        """Cache a token. `forgotten` is the counter's value before `verified` was looked up."""
        if forgotten != self.forgotten:
            return
        while len(self._known) >= CACHED:
            del self._known[next(iter(self._known))]
        self._known[token] = verified

    def clear(self) -> None:
        self._forget(lambda _: True)

    def forget_session(self, session_id: str) -> None:
        self.forget_sessions({session_id})

    def forget_sessions(self, ended: Collection[str]) -> None:
        self._forget(lambda principal: principal.session_id in ended)

    def forget_subject(self, subject: str) -> None:
        self._forget(lambda principal: principal.subject == subject)

    def forget_device(self, shop_id: ShopId, device_id: DeviceId) -> None:
        self._forget(lambda principal: (principal.shop_id, principal.device_id) == (shop_id, device_id))

    def _forget(self, ended: Callable[[Principal], bool]) -> None:
        self.forgotten += 1
        for token in [token for token, known in self._known.items() if ended(known.principal)]:
            del self._known[token]


def _is_as_written(token: str) -> bool:
    """Whether it is three canonical base64url parts (RFC 7515 §2): a decoder also accepts padding, foreign characters
    and loose last bits, and then one token has many spellings."""
    if len(token) > LONGEST or token.count(".") != 2 or not token.isascii():
        return False
    try:
        return all(base64url_encode(base64url_decode(part)) == part.encode() for part in token.split("."))
    except ValueError:
        return False


def _principal(claims: dict[str, Any]) -> Principal:
    device = claims.get("device")
    return convert(
        {
            "subject": claims["sub"],
            "role": Role(claims["role"]),
            "name": claims["name"],
            "session_id": claims["sid"],
            "shop_id": ShopId(claims["shop"]),
            "device_id": DeviceId(device) if device is not None else None,
        },
        Principal,
    )
