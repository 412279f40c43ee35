"""The server's TLS certificate, replaced without a restart."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.reasons import reason
from core.server.auth import authority
from core.server.auth.authority import AuthorityError

log = logging.getLogger(__name__)

LOOK_S: Final = 60.0


class TlsError(Exception):
    """TLS cannot be used with the given files; the message gives the reason."""


class Presented:
    """The certificate that a server presents. Connections made after a change of its file get the new one."""

    def __init__(self, certificate: Path, key: Path | None = None) -> None:
        """`key` None: the key is in the certificate's file. Raises `TlsError`."""
        self._certificate = certificate
        self._key = key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._shown = self._stamp()
        self._load()

    async def follow(self) -> None:
        """Wait a minute, then `check`."""
        await asyncio.sleep(LOOK_S)
        await asyncio.to_thread(self.check, datetime.now(UTC))

    def check(self, now: datetime) -> None:
        """Renew the certificate when it is issued by us and due, and load it when its file has changed. Errors are
        logged, and the current certificate stays."""
        try:
            directory = self._certificate.parent
            if self._key is None and self._certificate.name == authority.SERVER_FILE and authority.due(directory, now):
                renewed = authority.renew(directory, now=now)
                log.info("renewed the certificate", extra={"valid_until": renewed.not_after.isoformat()})
            stamp = self._stamp()
            if stamp != self._shown:
                self._load()
                self._shown = stamp
                log.info("presenting another certificate", extra={"file": str(self._certificate)})
        except (AuthorityError, TlsError, OSError) as error:
            log.warning("the certificate was left as it is: %s", error)

    def _load(self) -> None:
        try:
            self.context.load_cert_chain(self._certificate, self._key, password=_refuse_to_ask)
        except OSError as error:  # with `ssl.SSLError`
            raise TlsError(f"{self._certificate} and its key cannot be used: {reason(error)}") from None

    def _stamp(self) -> tuple[int, ...]:
        try:
            return tuple(each.stat().st_mtime_ns for each in (self._certificate, self._key) if each is not None)
        except OSError as error:
            raise TlsError(f"{error.filename} cannot be read: {reason(error)}") from None


def _refuse_to_ask() -> str:
    """A service cannot ask for a passphrase; without this OpenSSL would wait for one on the terminal."""
    raise TlsError("The key is locked by a password. A server starts by itself, so its key must not be.")
