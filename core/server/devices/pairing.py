"""Pairing: exchanges a code that a person types for a secret that only the device has; and revoking."""

import base64
import hashlib
import hmac
import itertools
import secrets
from datetime import timedelta
from typing import Final

import msgspec

from core.domain.ids import DeviceId, ShopId
from core.domain.numbers import AHEAD
from core.domain.order import ONLINE_SERIES
from core.domain.people import DeviceKind
from core.instants import now, to_us
from core.protocol import devices as protocol
from core.protocol.devices import CODE_LETTERS, Invitation, InviteDevice, Pair, Paired
from core.protocol.security import SecurityEvent
from core.protocol.trust import ALPHABET, short_fingerprint
from core.server.accounts import throttle
from core.server.auth import passwords
from core.server.http import problems
from core.server.services import Services
from core.store import devices, security_log, sessions, shops
from core.store.devices import Code, Device
from core.store.security_log import Actor
from core.store.sql.statements import Transaction

LIFE: Final = timedelta(minutes=10)


async def invite(services: Services, by: Actor, request: InviteDevice) -> Invitation:
    """A pairing code for the device of that name. Raises `Refusal` 422 when it is of another kind.

    A known device keeps its kind; a new one becomes of the kind that is asked for, or else of that of its machine.
    """
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    expires = now() + LIFE
    shop_id = ShopId(by.shop_id)

    def work(transaction: Transaction) -> DeviceKind | None:
        if request.name == ONLINE_SERIES:
            raise problems.invalid("ONLINE is the series of orders that customers place: choose another name.", "name")
        known = _listed(transaction, shop_id, request.name)
        if known is not None and request.kind not in (None, known.kind):
            free = f"remove it first (orderbell devices remove {request.name})"
            raise problems.other_kind(f"{_what(known)}: choose another name, or {free}.", "name")
        kind = known.kind if known is not None else request.kind
        code = Code(shop_id, request.name, kind, to_us(expires))
        devices.insert_code(transaction, _hash(services, letters), code, to_us(now()))
        about = " ".join(filter(None, (kind, request.name)))
        services.security.record(transaction, by, SecurityEvent.DEVICE_INVITED, about)
        return kind

    kind = await services.database.write(work, shop_id)
    authority = services.settings.ca_path
    short = short_fingerprint(authority.read_text(encoding="ascii")) if authority is not None else ""
    return Invitation(name=request.name, kind=kind, code=protocol.grouped(letters + short), expires_at=expires)


async def pair(services: Services, request: Pair, key: str, address: str) -> Paired:
    """The secret of the code's device. Raises `Refusal`: 422 when the code is invalid or expired, 422 `other_kind` when
    it is for another kind of machine, which leaves it as it was.

    The secret is derived from code and `Idempotency-Key`, so that a device whose reply was lost may repeat the request
    under the same key while the code would have lived; for others the code is used up.
    """
    claimed = await throttle.claim(services, throttle.by_address(address))
    letters = protocol.parts(request.code)[0]
    fresh, used = _hash(services, letters), _hash(services, letters, key)
    at_us = to_us(now())

    def find(transaction: Transaction, code_hash: bytes) -> Code | None:
        code = devices.code(transaction, code_hash)
        return code if code is not None and code.expires_us > at_us else None

    def known(transaction: Transaction) -> Code | None:
        return find(transaction, fresh) or find(transaction, used)

    expected = await services.database.read(known)
    if expected is None:
        await services.security.failed(
            Actor(shop_id=security_log.NO_SHOP, address=address), SecurityEvent.PAIRING_FAILED
        )
        raise problems.invalid("This code is not right, or it has expired. Ask for a new one.", "code")
    secret = _secret(services, letters, key)

    def work(transaction: Transaction) -> Paired:
        code = find(transaction, fresh)
        if code is not None:
            kind = _kind(transaction, code, request.kind)
            _become(transaction, code, kind, passwords.hash_device_secret(secret), at_us)
            devices.forget_codes(transaction, code.shop_id, code.device_id, at_us)
            where = Actor(shop_id=code.shop_id, device=code.device_id, address=address)
            services.security.record(transaction, where, SecurityEvent.DEVICE_PAIRED, f"{kind} {code.device_id}")
            if key:
                devices.insert_code(transaction, used, code, at_us)
        else:
            code = find(transaction, used)
        device = devices.get(transaction, code.shop_id, code.device_id) if code else None
        if code is None or device is None or not passwords.is_device_secret(device.secret_hash, secret):
            raise problems.invalid("This code was used. Ask for a new one.", "code")
        throttle.take_back(transaction, claimed)
        shop = shops.get(transaction, code.shop_id)
        assert shop is not None
        return Paired(
            name=device.id,
            kind=device.kind,
            secret=secret,
            shop=shop.id,
            shop_name=shop.name,
            series_last=shops.last_number(transaction, shop.id, device.id),
        )

    paired = await services.database.write(work, expected.shop_id)
    services.verified.forget_device(paired.shop, paired.name)
    return paired


async def revoke(services: Services, by: Actor, device_id: DeviceId, *, remove: bool = False) -> None:
    """End the device's rights at once. It keeps its name and series, unless it is to be removed as well. Raises
    `Refusal` 404."""

    shop_id = ShopId(by.shop_id)

    def work(transaction: Transaction) -> None:
        device = _listed(transaction, shop_id, device_id)
        if device is None:
            raise problems.not_found("device")
        event = SecurityEvent.DEVICE_REMOVED if remove else SecurityEvent.DEVICE_REVOKED
        services.security.record(transaction, by, event, f"{device.kind} {device_id}")
        at_us = to_us(now())
        devices.revoke(transaction, shop_id, device_id, at_us)
        if remove:
            devices.remove(transaction, shop_id, device_id, at_us)
        devices.forget_codes(transaction, shop_id, device_id, at_us)
        sessions.revoke_device(transaction, shop_id, device_id, at_us)

    await services.database.write(work, shop_id)
    services.verified.forget_device(shop_id, device_id)


def _listed(transaction: Transaction, shop_id: ShopId, device_id: DeviceId) -> Device | None:
    """The device of this name, unless it was removed."""
    device = devices.get(transaction, shop_id, device_id)
    return device if device is not None and device.removed_us is None else None


def _kind(transaction: Transaction, code: Code, machine: DeviceKind | None) -> DeviceKind:
    """The kind of device that a machine becomes by a code. Raises `Refusal` 422, with the command that makes a suitable
    code."""
    known = _listed(transaction, code.shop_id, code.device_id)
    wanted = known.kind if known is not None else code.kind
    if machine is None:  # a window of the first release, which was a till unless the code said something else
        return wanted or DeviceKind.POS
    if wanted in (None, machine):
        return machine
    fits = known is None and code.device_id.startswith(machine.word.upper())
    name = code.device_id if fits else _free_name(transaction, code.shop_id, machine)
    is_for = _what(known) if known is not None else f"This code is for {wanted.a_label}"
    command = f"orderbell devices pair {name} --kind {machine.word}"
    raise problems.other_kind(f"{is_for}, and this is {machine.a_label}. Its code is made by: {command}", "code")


def _what(device: Device) -> str:
    return f"{device.id} is {device.kind.a_label}"


def _free_name(transaction: Transaction, shop_id: ShopId, kind: DeviceKind) -> str:
    """The first of `KIOSK1`, `KIOSK2`, … that no device of the shop has."""
    taken = {device.id for device in devices.of_shop(transaction, shop_id)}
    names = (f"{kind.word.upper()}{count}" for count in itertools.count(1))
    return next(name for name in names if name not in taken)


def _become(transaction: Transaction, code: Code, kind: DeviceKind, secret_hash: str, at_us: int) -> None:
    """Create the device, or pair an existing one anew and sign out its previous machine."""
    device = devices.get(transaction, code.shop_id, code.device_id)
    if device is None:
        devices.insert(transaction, code.shop_id, code.device_id, kind, secret_hash, at_us)
        return
    if device.kind is DeviceKind.POS and (device.paired_us is not None or device.removed_us is not None):
        # The previous machine may have issued numbers offline, which are on receipts.
        last = shops.last_number(transaction, code.shop_id, device.id)
        shops.claim_number(transaction, code.shop_id, device.id, last + AHEAD)
    devices.pair(transaction, msgspec.structs.replace(device, kind=kind), code.shop_id, secret_hash, at_us)
    devices.counted_by(transaction, code.shop_id, device.id, "")
    sessions.revoke_device(transaction, code.shop_id, device.id, at_us)


def _hash(services: Services, *parts: str) -> bytes:
    """A keyed hash: codes in a copied database cannot be found without the server's key."""
    return hmac.digest(services.keys.refresh, "\0".join(("pairing code", *parts)).encode(), hashlib.sha256)


def _secret(services: Services, letters: str, key: str) -> str:
    message = "\0".join(("device secret", letters, key or secrets.token_hex(16))).encode()
    return base64.urlsafe_b64encode(hmac.digest(services.keys.refresh, message, hashlib.sha256)).rstrip(b"=").decode()
