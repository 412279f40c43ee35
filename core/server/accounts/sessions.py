"""Sign-up, sign-in, sign-out, and the chain of refresh tokens in between (RFC 9700 §4.14)."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from http.client import CONFLICT
from typing import Final

import msgspec

from core import sealing
from core.domain import phones
from core.domain.credentials import check_password
from core.domain.digits import ascii_digits
from core.domain.ids import CustomerId, DeviceId, ShopId, uuid7
from core.domain.numbers import AHEAD
from core.domain.people import Customer, DeviceKind, Person, Principal, Role
from core.domain.phones import check_phone, spellings
from core.domain.texts import check_no_card
from core.instants import now, to_us
from core.protocol.replies import Tokens
from core.protocol.requests import DeviceSignIn, SignIn, SignUp, StaffSignIn
from core.protocol.sealed import SealedSignOut, sign_out_context
from core.protocol.security import SecurityEvent
from core.server.accounts import throttle
from core.server.auth import passwords, security
from core.server.http import problems
from core.server.services import Services
from core.store import devices, people, security_log, sessions, shops
from core.store.devices import Device
from core.store.people import CustomerAccount, Taken
from core.store.security_log import Actor
from core.store.sessions import RefreshToken
from core.store.shops import Shop
from core.store.sql.statements import Transaction

_WRONG: Final = "The name, the number or the password is not right."
_NO_DEVICE: Final = "The device or its code is not right."


async def sign_up(services: Services, request: SignUp, address: str) -> Tokens:
    """Create a customer and sign them in. Raises `Refusal` 409 naming the phone number or address that is taken.

    A refused sign-up counts as a failed attempt, so that nobody can probe a thousand numbers. The shop is chosen as in
    `sign_in`.
    """
    if not request.name.strip():
        raise problems.invalid("A name has at least one letter.", "name")
    check_no_card(name=request.name)

    def find(transaction: Transaction) -> tuple[Shop, str, tuple[str, ...]]:
        shop = _shop_at(transaction, request)
        return shop, check_phone(request.phone, shop.country), spellings(request.phone, shop.country)

    shop, phone, ways = await services.database.read(find)
    check_password(request.password, request.name, *ways, request.email or "")
    screen = _screen(shop, request)
    await throttle.claim_sign_up(services, address, screen)  # first: its refusal is no failed attempt of the address
    claimed = await throttle.claim(services, *throttle.by_places(address, screen))
    password_hash = await services.passwords.hash(request.password)
    asked = Customer(id=CustomerId(uuid7()), name=request.name, phone=phone, email=request.email or "")

    def work(transaction: Transaction) -> Tokens:
        try:
            customer = people.insert_customer(transaction, asked, password_hash, shop.id, shop.country)
        except Taken as taken:
            raise problems.exists(f"a customer with this {taken.field}", taken.field) from None
        throttle.take_back(transaction, claimed)
        tokens = _start_for_customer(services, transaction, customer, request, address, SecurityEvent.SIGNED_UP)
        return _with_client_token(services, tokens, password_hash)

    try:
        return await services.database.write(work, shop.id)
    except problems.Refusal as refusal:
        if refusal.problem.status == CONFLICT:
            where = Actor(shop_id=shop.id, role=Role.CUSTOMER, device=request.device, address=address)
            await services.security.failed(where, SecurityEvent.SIGN_UP_REFUSED)
        raise


async def sign_in(services: Services, request: SignIn, address: str) -> Tokens:
    """Sign in a customer, in the shop that `request` names, or at a screen of it, which sends its secret.

    Raises `Refusal`: 422 for an unknown shop, 403 for a screen with a wrong secret, both before the login is checked.
    """

    def find(transaction: Transaction) -> tuple[Shop, CustomerAccount | None, str]:
        shop = _shop_at(transaction, request)
        account = people.account(transaction, request.login, shop.country)
        return shop, account, _login(account, request.login, shop.country)

    shop, account, login = await services.database.read(find)
    client = _client(services, account, request.client_token)
    counts = throttle.customer_counts(login, address, screen=_screen(shop, request), client=client)
    claimed = await throttle.claim(services, *counts)
    if not await services.passwords.verify(account.password_hash if account else None, request.password):
        tried = Actor(
            shop_id=shop.id,
            id=account.customer.id if account else "",
            role=Role.CUSTOMER,
            device=request.device,
            address=address,
        )
        await services.security.failed(tried, SecurityEvent.SIGN_IN_FAILED)
        raise problems.unauthenticated(_WRONG)
    assert account is not None

    def work(transaction: Transaction) -> Tokens:
        now_kept = people.account_by_id(transaction, account.customer.id)
        if now_kept is None or now_kept.disabled_us is not None or now_kept.password_hash != account.password_hash:
            raise problems.unauthenticated(_WRONG)
        throttle.take_back(transaction, claimed)
        tokens = _start_for_customer(services, transaction, now_kept.customer, request, address)
        return _with_client_token(services, tokens, now_kept.password_hash, client)

    return await services.database.write(work, shop.id)


async def staff_sign_in(services: Services, request: StaffSignIn, address: str, *, is_here: bool) -> Tokens:
    """Sign in staff at a till of their own shop, which sends its secret. A till that was never paired has none and is
    accepted only on the server's own machine; from elsewhere it is refused before name and PIN are checked."""
    if not (is_here or request.device_secret):
        raise problems.unpaired(f"Pair this POS first: orderbell devices pair {request.device} --kind pos")
    device_id = DeviceId(request.device)

    def usable(transaction: Transaction, shop: Shop) -> Device | None:
        device = devices.get(transaction, shop.id, device_id)
        if device is None or device.kind is not DeviceKind.POS or device.revoked_us is not None:
            return None
        if device.secret_hash is None:
            return device if is_here else None
        return device if passwords.is_device_secret(device.secret_hash, request.device_secret) else None

    def find(transaction: Transaction) -> tuple[Shop | None, Device | None, people.StaffMember | None]:
        shop = _shop(transaction, request.shop)
        if shop is None:
            return None, None, None
        return shop, usable(transaction, shop), people.staff_member(transaction, shop.id, request.staff)

    shop, device, member = await services.database.read(find)
    shop_id = shop.id if shop else request.shop
    proven = device.id if device is not None and device.secret_hash is not None else None
    counts = throttle.staff_counts(shop_id, request.staff, address, proven, is_here=is_here)
    claimed = await throttle.claim(services, *counts)
    at_own_device = proven is not None or is_here
    known_hash = member.pin_hash if member and device else None
    if not await services.passwords.verify(known_hash, ascii_digits(request.pin), at_own_device=at_own_device):
        tried = Actor(
            shop_id=shop.id if shop else security_log.NO_SHOP,
            id=member.id if member else "",
            name=member.name if member else "",
            role=member.role if member else "",
            device=device.id if device else "",
            address=address,
        )
        await services.security.failed(tried, SecurityEvent.SIGN_IN_FAILED)
        raise problems.unauthenticated(_WRONG)
    assert shop is not None
    assert member is not None

    def work(transaction: Transaction) -> Tokens:
        now_kept = people.still_proven(transaction, member)
        if now_kept is None or usable(transaction, shop) is None:
            raise problems.unauthenticated(_WRONG)
        throttle.take_back(transaction, claimed)
        principal = Principal(
            subject=now_kept.id,
            role=now_kept.role,
            name=now_kept.name,
            session_id=uuid7(),
            shop_id=shop.id,
            device_id=device_id,
        )
        person = Person(id=now_kept.id, role=now_kept.role, name=now_kept.name)
        _claim_series(transaction, shop.id, device_id, request.window_id)
        tokens = _start(services, transaction, principal, person, shop, address, window_id=request.window_id)
        return msgspec.structs.replace(tokens, series_last=shops.last_number(transaction, shop.id, device_id))

    tokens = await services.database.write(work, shop.id)
    services.verified.forget_device(shop.id, device_id)  # those of other windows have ended
    return tokens


def _claim_series(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, window_id: str) -> None:
    """Make this window the only one that counts the till's series, and skip numbers that the previous one may have
    issued offline. A client without a window id issues no numbers, or is of an older release."""
    device = devices.get(transaction, shop_id, device_id)
    if not window_id or device is None or device.window_id == window_id:
        return
    if device.window_id:
        sessions.revoke_other_windows(transaction, shop_id, device_id, window_id, to_us(now()))
        shops.claim_number(transaction, shop_id, device_id, shops.last_number(transaction, shop_id, device_id) + AHEAD)
    devices.counted_by(transaction, shop_id, device_id, window_id)


async def device_sign_in(services: Services, request: DeviceSignIn, address: str) -> Tokens:
    """Sign in a status display or another screen of a shop."""
    device_id = DeviceId(request.device)

    def secret_hash(transaction: Transaction, shop: Shop) -> str | None:
        device = devices.get(transaction, shop.id, device_id)
        if device is None or device.kind is DeviceKind.POS or device.revoked_us is not None:
            return None
        return device.secret_hash

    def find(transaction: Transaction) -> tuple[Shop | None, str | None]:
        shop = _shop(transaction, request.shop)
        return shop, secret_hash(transaction, shop) if shop else None

    shop, known_hash = await services.database.read(find)
    # Its secret cannot be guessed, so failed attempts from its address do not lock it out.
    proven = passwords.is_device_secret(known_hash, request.secret)
    claimed = await throttle.claim(services, *([] if proven else [throttle.by_address(address)]))
    if not (proven or await services.passwords.verify(known_hash, request.secret)):
        tried = Actor(
            shop_id=shop.id if shop else security_log.NO_SHOP,
            role=Role.DISPLAY,
            device=device_id if known_hash is not None else "",
            address=address,
        )
        await services.security.failed(tried, SecurityEvent.SIGN_IN_FAILED)
        raise problems.unauthenticated(_NO_DEVICE)
    assert shop is not None
    principal = Principal(
        subject=f"{shop.id}/{device_id}",  # names repeat in other shops
        role=Role.DISPLAY,
        name=device_id,
        session_id=uuid7(),
        shop_id=shop.id,
        device_id=device_id,
    )
    person = Person(id=principal.subject, role=Role.DISPLAY, name=device_id)

    def work(transaction: Transaction) -> Tokens:
        if secret_hash(transaction, shop) != known_hash:
            raise problems.unauthenticated(_NO_DEVICE)
        throttle.take_back(transaction, claimed)
        return _start(services, transaction, principal, person, shop, address)

    return await services.database.write(work, shop.id)


async def refresh(services: Services, presented: str, key: str, address: str) -> Tokens:
    """New tokens for a refresh token, which works once.

    Sent again with the same `key`, by an owner who never got the reply, it yields the same successor, as long as that
    was not used. Sent again otherwise it has been copied: the session ends.
    """

    def taken_over(transaction: Transaction) -> bool:
        token = sessions.token_by_hash(transaction, _hash(presented))
        return token is not None and sessions.was_taken_over(transaction, token.session_id)

    found = await services.database.write(lambda transaction: _rotate(services, transaction, presented, key))
    if isinstance(found, Tokens):
        return found
    if found is not None:
        services.verified.forget_session(found.session_id)
        await services.security.failed(security.actor(found, address), SecurityEvent.TOKEN_COPIED)
    raise problems.session_ended(taken_over=await services.database.read(taken_over))


async def sign_out(services: Services, principal: Principal) -> None:
    """End the session with its refresh token and all of its access tokens, at once."""
    await services.database.write(lambda transaction: sessions.revoke(transaction, principal.session_id, to_us(now())))
    services.verified.forget_session(principal.session_id)


async def sealed_sign_out(services: Services, request: SealedSignOut) -> None:
    """End the session that one of its tokens, sealed by its window, names. One that has ended is no error. Raises
    `Refusal` when it is not sealed to this server's key."""
    try:
        key = sealing.private_key(await services.shop_secret(request.shop))
        context = sign_out_context(request.shop)
        content = await asyncio.to_thread(sealing.open_sealed, request.content, key, context)
        named = _named(services, content.decode())
    except (LookupError, sealing.CannotOpen, UnicodeDecodeError):
        named = None
    if named is None:
        raise problems.invalid("This was not sealed for this server.", "content")
    session_id = named[0]
    await services.database.write(lambda transaction: sessions.revoke(transaction, session_id, to_us(now())))
    services.verified.forget_session(session_id)


def _login(account: CustomerAccount | None, typed: str, country: str) -> str:
    """A login in the one form under which its attempts are counted.

    A phone number never counts as the e-mail address of the same account: a refusal would reveal that both are one
    person's.
    """
    if "@" in typed:
        return typed
    return account.customer.phone if account is not None else phones.normal(typed, country)


def _shop(transaction: Transaction, named: str) -> Shop | None:
    return shops.get(transaction, ShopId(named)) if named else shops.default(transaction)


def _shop_at(transaction: Transaction, request: SignIn | SignUp) -> Shop:
    """The shop of a customer's sign-in. Raises `Refusal`, see `sign_in`."""
    shop = _shop(transaction, request.shop)
    if shop is None and request.shop:
        raise problems.invalid("There is no such shop.", "shop")
    if shop is None:
        raise LookupError("the database has no shop: it was not set up")
    if request.device:
        device = devices.get(transaction, shop.id, DeviceId(request.device))
        is_screen = device is not None and device.kind is DeviceKind.KIOSK and device.revoked_us is None
        known = device.secret_hash if device is not None and is_screen else None
        if not passwords.is_device_secret(known, request.device_secret):
            raise problems.unpaired(f"Pair this kiosk again: orderbell devices pair {request.device} --kind kiosk")
    return shop


def _screen(shop: Shop, request: SignIn | SignUp) -> str:
    """The screen whose secret `_shop_at` has checked; empty for none."""
    return f"{shop.id}/{request.device}" if request.device else ""


def _start_for_customer(
    services: Services,
    transaction: Transaction,
    customer: Customer,
    request: SignIn | SignUp,
    address: str,
    event: SecurityEvent = SecurityEvent.SIGNED_IN,
) -> Tokens:
    shop = _shop_at(transaction, request)  # again, inside the transaction
    principal = Principal(
        subject=customer.id,
        role=Role.CUSTOMER,
        name=customer.name,
        session_id=uuid7(),
        shop_id=shop.id,
        device_id=DeviceId(request.device) if request.device else None,
    )
    return _start(services, transaction, principal, _person(customer), shop, address, event)


def _with_client_token(services: Services, tokens: Tokens, password_hash: str, client: str = "") -> Tokens:
    """Add a token by which the customer's own client is recognised. A shop's screen is shared, and has a secret."""
    if tokens.device:
        return tokens
    made = _client_token(services, tokens.person.id, password_hash, client or secrets.token_hex(8))
    return msgspec.structs.replace(tokens, client_token=made)


def _client(services: Services, account: CustomerAccount | None, shown: str) -> str:
    """The client at which this customer has signed in before; empty when `shown` does not prove one."""
    client = shown.partition(".")[0]
    if account is None or not client:
        return ""
    right = _client_token(services, account.customer.id, account.password_hash, client)
    return client if hmac.compare_digest(shown.encode(), right.encode()) else ""


def _client_token(services: Services, customer_id: str, password_hash: str, client: str) -> str:
    """A client's token. A new password invalidates it: the holder of the old one may have made any number."""
    claim = f"client token\0{customer_id}\0{password_hash}\0{client}".encode()
    return f"{client}.{_base64(hmac.digest(services.keys.refresh, claim, 'sha256'))}"


def _start(  # noqa: PLR0913 (all that a session's row, its log entry and its tokens are made of)
    services: Services,
    transaction: Transaction,
    principal: Principal,
    person: Person,
    shop: Shop,
    address: str,
    event: SecurityEvent = SecurityEvent.SIGNED_IN,
    window_id: str = "",
) -> Tokens:
    sessions.insert(transaction, principal, to_us(now()), window_id)
    services.security.record(transaction, security.actor(principal, address), event)
    token = _token(services.keys.refresh, principal.session_id, 1, secrets.token_hex(16))
    _keep(services, transaction, principal.session_id, 1, token)
    return _tokens(services, transaction, principal, person, shop, token)


def _rotate(services: Services, transaction: Transaction, presented: str, key: str) -> Tokens | Principal | None:
    """The next tokens, or the principal whose session had to be ended, or None for an unknown token."""
    at_us = to_us(now())
    known = sessions.token_by_hash(transaction, _hash(presented)) or _put_back(services, transaction, presented, at_us)
    if known is None:
        return None
    principal = sessions.get(transaction, known.session_id)
    if principal is None or known.expires_us <= at_us:
        return None
    generation = known.generation + 1
    token = _token(services.keys.refresh, known.session_id, generation, key or secrets.token_hex(16))
    if known.used_us is None:
        sessions.use(transaction, known, at_us)
        _keep(services, transaction, known.session_id, generation, token)
    else:
        successor = sessions.token_by_generation(transaction, known.session_id, generation)
        retried = successor and successor.used_us is None and hmac.compare_digest(successor.token_hash, _hash(token))
        if not retried:
            sessions.revoke(transaction, known.session_id, at_us)
            return principal
    shop = shops.get(transaction, principal.shop_id)
    if shop is None:
        return None
    return _tokens(services, transaction, principal, _person_of(transaction, principal), shop, token)


def _keep(services: Services, transaction: Transaction, session_id: str, generation: int, token: str) -> None:
    expires = now() + timedelta(days=services.settings.refresh_days)
    sessions.insert_token(
        transaction,
        RefreshToken(session_id=session_id, generation=generation, token_hash=_hash(token), expires_us=to_us(expires)),
    )


def _put_back(services: Services, transaction: Transaction, presented: str, at_us: int) -> RefreshToken | None:
    """The token that a restored database has lost: one that we signed, of a session that exists, and newer than all of
    its tokens. Older ones are used up, so that copies are still detected."""
    named = _named(services, presented)
    if named is None:
        return None
    session_id, generation = named
    newest = sessions.newest_token(transaction, session_id)
    if newest is None or newest.generation >= generation:
        return None
    sessions.use(transaction, newest, at_us)
    lost = RefreshToken(
        session_id=session_id, generation=generation, token_hash=_hash(presented), expires_us=newest.expires_us
    )
    sessions.insert_token(transaction, lost)
    return lost


def _named(services: Services, presented: str) -> tuple[str, int] | None:
    """The session and generation that a refresh token of ours names; None for any other text."""
    claim, _, proof = presented.rpartition(".")
    if not hmac.compare_digest(proof.encode(), _proof(services.keys.refresh, claim).encode()):
        return None
    session_id, generation, _ = claim.split(".")
    return session_id, int(generation)


def _token(secret: bytes, session_id: str, generation: int, key: str) -> str:
    """A refresh token, derived so that a retry gets the same one and nobody else can make it.

    It names and proves its session, so that a restored database accepts it.
    """
    unique = _base64(hmac.digest(secret, f"{session_id}\0{generation}\0{key}".encode(), "sha256")[:16])
    claim = f"{session_id}.{generation}.{unique}"
    return f"{claim}.{_proof(secret, claim)}"


def _proof(secret: bytes, claim: str) -> str:
    return _base64(hmac.digest(secret, f"refresh token\0{claim}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _tokens(
    services: Services,
    transaction: Transaction,
    principal: Principal,
    person: Person,
    shop: Shop,
    refresh_token: str,
) -> Tokens:
    return Tokens(
        access_token=services.access.sign(principal),
        refresh_token=refresh_token,
        expires_in_s=services.access.life_s,
        person=person,
        shop=shop.id,
        shop_name=shop.name,
        device=principal.device_id or "",
        sealing_key=sealing.public_key(sealing.private_key(shops.secret(transaction, shop.id))),
    )


def _person_of(transaction: Transaction, principal: Principal) -> Person:
    is_customer = principal.role is Role.CUSTOMER
    customer = people.customer(transaction, principal.customer_id) if is_customer else None
    if customer is not None:
        return _person(customer)
    return Person(id=principal.subject, role=principal.role, name=principal.name)


def _person(customer: Customer) -> Person:
    return Person(id=customer.id, role=Role.CUSTOMER, name=customer.name, phone=customer.phone, email=customer.email)
