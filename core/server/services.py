"""The services that every endpoint uses, made once with the app."""

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from core.domain.ids import ShopId
from core.domain.people import Principal
from core.instants import now
from core.logs import Repeats
from core.protocol.security import SecurityEvent
from core.server.auth import authority, recovery_kit
from core.server.auth.approvals import Approvals
from core.server.auth.authority import AuthorityError
from core.server.auth.keys import KeyFile, Keys, backup_key, report_key
from core.server.auth.passwords import Passwords
from core.server.auth.security import SecurityLog
from core.server.auth.tokens import LOCAL, AccessTokens, InvalidToken, MadeLater, UnknownKey, Verified, VerifiedTokens
from core.server.backups import Backups
from core.server.drawers.chain import Note, Notes
from core.server.health.metrics import Metrics
from core.server.health.presence import PresenceTracker
from core.server.health.readiness import Readiness
from core.server.http import problems
from core.server.http.limits import Rate, Unread
from core.server.http.problems import Refusal
from core.server.settings import ServerSettings
from core.store import sessions, shops
from core.store.engine.database import Database
from core.store.menus import Offers
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)

RELOAD_KEYS_S: Final = 5.0
_repeats: Final = Repeats()
WINDOW_S: Final = 30 * 60.0
"""Half an hour: the window of a person's rate limits."""


class Services(msgspec.Struct, frozen=True):
    database: Database
    settings: ServerSettings
    keys: Keys
    key_file: KeyFile
    access: AccessTokens
    verified: VerifiedTokens
    passwords: Passwords
    presence: PresenceTracker
    offers: Offers
    backups: Backups
    metrics: Metrics
    here: str
    """The secret that proves that a client is on this machine; see `core.settings.here`."""
    unread: Unread
    lookups: Rate
    """The rate of customer look-ups, by member of staff."""
    security: SecurityLog
    readiness: Readiness
    approvals: Approvals
    report_key: bytes
    """See `core.server.auth.keys.report_key`."""
    report_notes: Notes
    shop_secrets: dict[ShopId, bytes] = msgspec.field(default_factory=dict)
    """A cache of `shop_secret`: none ever changes."""

    async def note_reports(self, notes: Sequence[Note]) -> None:
        """Note beside the keys that reports were added. One that cannot be noted is made all the same."""
        if notes:
            try:
                await asyncio.to_thread(self.report_notes.add, notes)
            except OSError as error:
                log.error("reports could not be noted beside the keys", extra={"cause": str(error)})  # noqa: TRY400

    async def shop_secret(self, shop_id: ShopId) -> bytes:
        """See `core.store.shops.secret`."""
        if shop_id not in self.shop_secrets:
            self.shop_secrets[shop_id] = await self.database.read(
                lambda transaction: shops.secret(transaction, shop_id)
            )
        return self.shop_secrets[shop_id]

    async def principal(self, token: str) -> Principal:
        """The bearer of `token`. Raises `Refusal` 401 when it is not valid or its session has ended."""
        known = self.verified.get(token)
        return known if known is not None else (await self.verify(token)).principal

    async def verify(self, token: str) -> Verified:
        """The verified claims of `token`, with their expiry. Raises as `principal` does."""
        forgotten = self.verified.forgotten
        try:
            verified = self._signed(token)
        except MadeLater:
            detail = f"This server's clock says {now():%Y-%m-%d %H:%M} UTC, and the access token was made later."
            if (count := _repeats.due("clock")) is not None:
                log.warning("%s Is the clock right?", detail, extra={"tokens": count})
            raise problems.unauthenticated(detail) from None
        except InvalidToken:
            raise problems.unauthenticated("The access token is not valid.") from None
        session = verified.principal.session_id
        if session == LOCAL:
            return await self._local(verified)

        def ended(transaction: Transaction) -> Refusal | None:
            if sessions.get(transaction, session) is not None:
                return None
            return problems.session_ended(taken_over=sessions.was_taken_over(transaction, session))

        if (refusal := await self.database.read(ended)) is not None:
            raise refusal
        self.verified.keep(token, verified, forgotten)
        return verified

    async def _local(self, verified: Verified) -> Verified:
        """A command of this machine, in the shop it names or else in the default one."""
        principal = verified.principal
        named = principal.shop_id
        shop = await self.database.read(
            lambda transaction: shops.get(transaction, named) if named else shops.default(transaction)
        )
        if shop is None:
            raise problems.unauthenticated(f"There is no shop {named}." if named else "There is no shop yet.")
        principal = msgspec.structs.replace(principal, shop_id=shop.id)
        return Verified(principal, verified.expires_at, verified.kid)

    def _signed(self, token: str) -> Verified:
        try:
            return self.access.verify(token)
        except UnknownKey:
            self.reload_keys()
            return self.access.verify(token)

    def reload_keys(self) -> None:
        """Use the key file's keys, if they changed: `orderbell keys` or another process has rotated them."""
        found = self.key_file.changed_keys()
        if found is not None:
            self.access.use(found)
            self.verified.clear()
            log.info("signing keys have changed", extra={"kid": found.signing[0].kid})

    async def follow_keys(self) -> None:
        """Reload keys regularly, so that old ones stop signing, and record changes in the security log."""
        self.reload_keys()
        await self.security.state(await asyncio.to_thread(self._facts))
        await asyncio.sleep(RELOAD_KEYS_S)

    def _facts(self) -> dict[SecurityEvent, str]:
        """The state of files that matter to the operator, for the security log."""
        found = {SecurityEvent.KEYS_CHANGED: self.access.kid}
        kit, ca_path = recovery_kit.note(self.settings), self.settings.ca_path
        if kit is not None:
            found[SecurityEvent.KIT_MADE] = f"{kit.made_at:%Y-%m-%d %H:%M:%S} UTC"
        with contextlib.suppress(AuthorityError):
            if ca_path is not None:
                found[SecurityEvent.AUTHORITY_CHANGED] = authority.read(ca_path).fingerprint
        return found

    def close(self) -> None:
        """Finish accepted work, and close threads and files."""
        self.passwords.close()
        self.database.close()


def make(database: Database, keys: Keys, settings: ServerSettings) -> Services:
    return Services(
        database=database,
        settings=settings,
        keys=keys,
        key_file=KeyFile(settings.keys_path, keys),
        access=AccessTokens(keys, settings.access_token_s),
        verified=VerifiedTokens(),
        passwords=Passwords(),
        presence=PresenceTracker(database),
        offers=Offers(),
        backups=Backups(database, settings, backup_key(keys)),
        metrics=Metrics(),
        here=hmac.digest(keys.refresh, b"at this machine", "sha256").hex(),
        unread=Unread(settings.unread_mib_max * 1024 * 1024),
        lookups=Rate(
            settings.lookups_max, WINDOW_S, "You have looked up as many customers as one may. Take the order by name."
        ),
        security=SecurityLog(database),
        readiness=Readiness(database),
        approvals=Approvals(keys),
        report_key=report_key(keys),
        report_notes=Notes(settings.keys_path.with_name("z-reports.jsonl")),
    )
