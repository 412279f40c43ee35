"""What every endpoint works with, made once when the app is made."""

import msgspec

from core.domain.people import Principal
from core.server import problems
from core.server.backups import Backups
from core.server.contacts import Contacts
from core.server.keys import Keys
from core.server.metrics import Metrics
from core.server.passwords import Passwords
from core.server.settings import ServerSettings
from core.server.tokens import LOCAL, AccessTokens, InvalidToken, Verified, VerifiedTokens
from core.store import sessions, shops
from core.store.database import Database
from core.store.menus import Offers


class Services(msgspec.Struct, frozen=True):
    database: Database
    settings: ServerSettings
    keys: Keys
    access: AccessTokens
    verified: VerifiedTokens
    passwords: Passwords
    contacts: Contacts
    offers: Offers
    backups: Backups
    metrics: Metrics

    async def principal(self, token: str) -> Principal:
        """Who bears `token`. Raises `Refusal` 401 when it is not valid or its session has ended."""
        known = self.verified.get(token)
        return known if known is not None else (await self.verify(token)).principal

    async def verify(self, token: str) -> Verified:
        """The same, and until when it is valid."""
        try:
            verified = self.access.verify(token)
        except InvalidToken:
            raise problems.unauthenticated("The access token is not valid.") from None
        session = verified.principal.session_id
        if session == LOCAL:
            return await self._local(verified)
        if await self.database.read(lambda transaction: sessions.get(transaction, session)) is None:
            raise problems.unauthenticated("This session has ended.")
        self.verified.keep(token, verified)
        return verified

    async def _local(self, verified: Verified) -> Verified:
        """A command of this machine, in the shop it names or else in the default one."""
        principal = verified.principal
        if not principal.shop_id:
            shop = await self.database.read(shops.default)
            if shop is None:
                raise problems.unauthenticated("There is no shop yet.")
            principal = msgspec.structs.replace(principal, shop_id=shop.id)
        return Verified(principal, verified.expires_at)

    def close(self) -> None:
        """Finish what was accepted, and let go of threads and files."""
        self.passwords.close()
        self.database.close()


def make(database: Database, keys: Keys, settings: ServerSettings) -> Services:
    return Services(
        database=database,
        settings=settings,
        keys=keys,
        access=AccessTokens(keys, settings.access_token_s),
        verified=VerifiedTokens(),
        passwords=Passwords(),
        contacts=Contacts(database),
        offers=Offers(),
        backups=Backups(database, settings),
        metrics=Metrics(),
    )
