"""Signing up, in and out, and the chain of refresh tokens in between (RFC 9700 §4.14)."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

from core.domain.ids import CustomerId, DeviceId, ShopId, uuid7
from core.domain.people import Customer, Person, Principal, Role
from core.domain.texts import check_no_card
from core.protocol.replies import Tokens
from core.protocol.requests import DeviceSignIn, SignIn, SignUp, StaffSignIn
from core.server import problems
from core.server.services import Services
from core.store import people, sessions, shops
from core.store.instants import now, to_us
from core.store.people import Taken
from core.store.sessions import RefreshToken
from core.store.shops import Shop
from core.store.statements import Transaction

_WRONG: Final = "The name, the number or the password is not right."
_ENDED: Final = "This session has ended."


async def sign_up(services: Services, request: SignUp) -> Tokens:
    """A new customer, signed in. Raises `Refusal` 409 naming the phone number or address that is taken."""
    if len(people.digits(request.phone)) < 4:
        raise problems.invalid("A phone number has at least 4 digits.", "phone")
    if not request.name.strip():
        raise problems.invalid("A name has at least one letter.", "name")
    check_no_card(name=request.name)
    password_hash = await services.passwords.hash(request.password)
    asked = Customer(id=CustomerId(uuid7()), name=request.name, phone=request.phone, email=request.email or "")

    def work(transaction: Transaction) -> Tokens:
        try:
            customer = people.insert_customer(transaction, asked, password_hash)
        except Taken as taken:
            raise problems.exists(f"a customer with this {taken.field}", taken.field) from None
        return _start_for_customer(services, transaction, customer)

    return await services.database.write(work)


async def sign_in(services: Services, request: SignIn) -> Tokens:
    account = await services.database.read(lambda transaction: people.account(transaction, request.login))
    if not await services.passwords.verify(account.password_hash if account else None, request.password):
        raise problems.unauthenticated(_WRONG)
    assert account is not None
    return await services.database.write(
        lambda transaction: _start_for_customer(services, transaction, account.customer)
    )


async def staff_sign_in(services: Services, request: StaffSignIn) -> Tokens:
    """A cashier or admin at a terminal of their own shop."""
    device = DeviceId(request.device)

    def find(transaction: Transaction) -> tuple[Shop | None, people.StaffMember | None]:
        shop = shops.get(transaction, ShopId(request.shop)) if request.shop else shops.default(transaction)
        if shop is None or not shops.has_terminal(transaction, shop.id, device):
            return None, None
        return shop, people.staff_member(transaction, shop.id, request.staff)

    shop, member = await services.database.read(find)
    if not await services.passwords.verify(member.pin_hash if member else None, request.pin):
        raise problems.unauthenticated(_WRONG)
    assert shop is not None
    assert member is not None
    principal = Principal(
        subject=member.id,
        role=member.role,
        name=member.name,
        session_id=uuid7(),
        shop_id=shop.id,
        device_id=device,
    )
    person = Person(id=member.id, role=member.role, name=member.name)
    return await services.database.write(lambda transaction: _start(services, transaction, principal, person, shop))


async def device_sign_in(services: Services, request: DeviceSignIn) -> Tokens:
    """A display of a shop, by itself."""
    device = DeviceId(request.device)

    def find(transaction: Transaction) -> tuple[Shop | None, str | None]:
        shop = shops.get(transaction, ShopId(request.shop)) if request.shop else shops.default(transaction)
        return shop, shops.display_secret(transaction, shop.id, device) if shop else None

    shop, secret_hash = await services.database.read(find)
    if not await services.passwords.verify(secret_hash, request.secret):
        raise problems.unauthenticated("The device or its code is not right.")
    assert shop is not None
    principal = Principal(
        subject=f"{shop.id}/{device}",  # the name alone is another display's in another shop
        role=Role.DISPLAY,
        name=device,
        session_id=uuid7(),
        shop_id=shop.id,
        device_id=device,
    )
    person = Person(id=principal.subject, role=Role.DISPLAY, name=device)
    return await services.database.write(lambda transaction: _start(services, transaction, principal, person, shop))


async def refresh(services: Services, presented: str, key: str) -> Tokens:
    """New tokens for a refresh token, which works once.

    Presented again with the same `key`, as by an owner who never got the reply, it gives the same successor, as
    long as that was not used. Presented again in any other way it has been copied: the session ends.
    """
    session = await services.database.write(lambda transaction: _rotate(services, transaction, presented, key))
    if isinstance(session, Tokens):
        return session
    if session:
        services.verified.forget_session(session)
    raise problems.unauthenticated(_ENDED)


async def sign_out(services: Services, principal: Principal) -> None:
    """End the session: its refresh token and all of its access tokens, at once."""
    await services.database.write(lambda transaction: sessions.revoke(transaction, principal.session_id, to_us(now())))
    services.verified.forget_session(principal.session_id)


def _start_for_customer(services: Services, transaction: Transaction, customer: Customer) -> Tokens:
    shop = shops.default(transaction)
    if shop is None:
        raise LookupError("the database has no shop: it was not set up")
    principal = Principal(
        subject=customer.id, role=Role.CUSTOMER, name=customer.name, session_id=uuid7(), shop_id=shop.id
    )
    return _start(services, transaction, principal, _person(customer), shop)


def _start(services: Services, transaction: Transaction, principal: Principal, person: Person, shop: Shop) -> Tokens:
    sessions.insert(transaction, principal, to_us(now()))
    token = _token(services.keys.refresh, principal.session_id, 1, secrets.token_hex(16))
    _keep(services, transaction, principal.session_id, 1, token)
    return _tokens(services, principal, person, shop, token)


def _rotate(services: Services, transaction: Transaction, presented: str, key: str) -> Tokens | str:
    """The next tokens, or the session that had to be ended, or nothing known at all."""
    known = sessions.token_by_hash(transaction, _hash(presented))
    if known is None:
        return ""
    at_us = to_us(now())
    principal = sessions.get(transaction, known.session_id)
    if principal is None or known.expires_us <= at_us:
        return ""
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
            return known.session_id
    shop = shops.get(transaction, principal.shop_id)
    if shop is None:
        return ""
    return _tokens(services, principal, _person_of(transaction, principal), shop, token)


def _keep(services: Services, transaction: Transaction, session_id: str, generation: int, token: str) -> None:
    expires = now() + timedelta(days=services.settings.refresh_days)
    sessions.insert_token(
        transaction,
        RefreshToken(session_id=session_id, generation=generation, token_hash=_hash(token), expires_us=to_us(expires)),
    )


def _token(secret: bytes, session_id: str, generation: int, key: str) -> str:
    """A refresh token, derived so that the same retry is given the same one and nobody else can make it."""
    message = f"{session_id}\0{generation}\0{key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _tokens(services: Services, principal: Principal, person: Person, shop: Shop, refresh_token: str) -> Tokens:
    return Tokens(
        access_token=services.access.sign(principal),
        refresh_token=refresh_token,
        expires_in_s=services.access.life_s,
        person=person,
        shop_name=shop.name,
        device=principal.device_id or "",
    )


def _person_of(transaction: Transaction, principal: Principal) -> Person:
    is_customer = principal.role is Role.CUSTOMER
    customer = people.customer(transaction, principal.customer_id) if is_customer else None
    if customer is not None:
        return _person(customer)
    return Person(id=principal.subject, role=principal.role, name=principal.name)


def _person(customer: Customer) -> Person:
    return Person(id=customer.id, role=Role.CUSTOMER, name=customer.name, phone=customer.phone, email=customer.email)
