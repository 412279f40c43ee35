"""Managers who have enrolled at this POS: what they allow without the server is proven by a key that only their PIN
opens. It lies sealed in the window's own file, with the count of failed attempts (docs/adr/0066)."""

import base64
import hashlib
import secrets
import threading
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from core.client.storage.seal import Seal
from core.decoding import decode
from core.domain.ids import ShopId, StaffId
from core.domain.people import Role
from core.protocol.rights import Enrolment

MOST_WRONG: Final = 5
"""Wrong PINs in a row after which a manager has to enrol anew, which needs the server."""
_WORK: Final = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 << 20}
"""32 MiB and about a tenth of a second (RFC 7914)."""
_NAME: Final = "managers"
_trying: Final = threading.Lock()


class WrongPin(Exception):
    """Counted. `left`: how many tries there still are."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A manager whose approval this POS can check without the server."""

    shop: ShopId
    staff: StaffId
    name: str
    role: Role
    salt: bytes
    box: bytes
    """Their key, sealed by their PIN."""
    wrong: int = 0


def keep(seal: Seal, shop: ShopId, enrolment: Enrolment, pin: str) -> bool:
    """Enrol a manager, whose PIN the server has just accepted. False when it cannot be kept."""
    salt = secrets.token_bytes(16)
    made = Enrolled(
        shop=shop,
        staff=enrolment.staff,
        name=enrolment.name,
        role=enrolment.role,
        salt=salt,
        box=_box(pin, salt).encrypt(bytes.fromhex(enrolment.key)),
    )
    with _trying:
        others = tuple(each for each in _read(seal) if each.shop == shop and each.staff != made.staff)
        return _write(seal, (*others, made))


def find(seal: Seal, shop: ShopId, name: str) -> Enrolled | None:
    """The enrolment under a name, with attempts left."""
    wanted = name.strip().casefold()
    for each in _read(seal):
        if each.shop == shop and each.name.strip().casefold() == wanted and each.wrong < MOST_WRONG:
            return each
    return None


def names(seal: Seal, shop: ShopId) -> tuple[str, ...]:
    """The names of the managers enrolled for a shop, with attempts left."""
    return tuple(sorted(each.name for each in _read(seal) if each.shop == shop and each.wrong < MOST_WRONG))


def key_of(seal: Seal, manager: Enrolled, pin: str) -> bytes:
    """Their key. The attempt is counted on the disk before it is made, so that ending the program does not give
    another. Raises `WrongPin`."""
    with _trying:
        held = {each.staff: each for each in _read(seal)}
        kept = held.get(manager.staff)
        if kept is None or kept.wrong >= MOST_WRONG:
            raise WrongPin(0)
        held[kept.staff] = msgspec.structs.replace(kept, wrong=kept.wrong + 1)
        if not _write(seal, tuple(held.values())):
            raise WrongPin(0)
        try:
            key = _box(pin, kept.salt).decrypt(kept.box)
        except InvalidToken:
            raise WrongPin(MOST_WRONG - kept.wrong - 1) from None
        held[kept.staff] = msgspec.structs.replace(kept, wrong=0)
        _write(seal, tuple(held.values()))
        return key


def _box(pin: str, salt: bytes) -> Fernet:
    key = hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_WORK)
    return Fernet(base64.urlsafe_b64encode(key))


def _read(seal: Seal) -> tuple[Enrolled, ...]:
    held = seal.read_last(_NAME)
    return decode(held, tuple[Enrolled, ...]) if held is not None else ()


def _write(seal: Seal, managers: tuple[Enrolled, ...]) -> bool:
    return seal.keep_last(_NAME, msgspec.json.encode(managers))
