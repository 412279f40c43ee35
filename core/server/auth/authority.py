"""The shop's own certificate authority, and the server certificates it issues.

Profiles follow RFC 5280 §4.2, so that the strictest verifiers accept them (`X509_V_FLAG_X509_STRICT`).
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.files import write_whole
from core.protocol.trust import fingerprint
from core.reasons import reason

CA_FILE: Final = "ca.pem"
CA_KEY_FILE: Final = "ca-key.pem"
SERVER_FILE: Final = "server.pem"
AUTHORITY_DAYS: Final = 3653
SERVER_DAYS: Final = 397
"""The longest validity that browsers and mobile systems accept (CA/Browser Forum's Baseline Requirements §6.3.2 of
2020)."""
RENEW_DAYS: Final = 30
"""A running server renews its certificate when it has no more than this many days left."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_CLOCKS_DIFFER: Final = timedelta(hours=24)
_DNS_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)


class AuthorityError(Exception):
    """A certificate or key does not exist or cannot be used; the message says which and why."""


class Certificate(msgspec.Struct, frozen=True):
    """Facts about a certificate file."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires; negative once it has."""
        return (self.not_after - now).days


def make(directory: Path, shop_name: str, names: Sequence[str], now: datetime | None = None) -> Certificate:
    """Create the authority and a first server certificate in `directory`, and return the authority's certificate.

    The authority's certificate is written last, so a directory with `ca.pem` is complete. Raises `AuthorityError`
    when there is an authority, and on an invalid name; `OSError`.
    """
    if (directory / CA_FILE).exists():
        raise AuthorityError(
            f"There is a certificate authority already: {directory / CA_FILE}. "
            "Another certificate by it: orderbell tls renew. With another one every screen has to be paired "
            "again; for that all the same, move that folder away."
        )
    _alternatives(names)
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(f"Orderbell certificate authority of {shop_name}"[:64])
    built = (
        _building(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_whole(directory / CA_KEY_FILE, _key_pem(key), private=True)
    _issue(directory, key, built, names, now)
    write_whole(directory / CA_FILE, built.public_bytes(serialization.Encoding.PEM))
    return read(directory / CA_FILE)


def renew(directory: Path, names: Sequence[str] = (), now: datetime | None = None) -> Certificate:
    """Issue a new server certificate and key, by the authority in `directory`: for `names`, or for the current ones.

    Every screen that trusts the authority accepts it. Raises `AuthorityError`, `OSError`.
    """
    try:
        authority = x509.load_pem_x509_certificate((directory / CA_FILE).read_bytes())
        key = serialization.load_pem_private_key((directory / CA_KEY_FILE).read_bytes(), None)
    except FileNotFoundError as error:
        raise AuthorityError(
            f"There is no {error.filename}, so nothing can be signed. Begin with: orderbell tls init"
        ) from None
    except ValueError:
        raise AuthorityError(
            f"The certificate authority in {directory} is damaged. Put a copy of it back: orderbell keys recover FILE"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{directory / CA_KEY_FILE} holds another kind of key than ours.")
    _issue(directory, key, authority, names or read(directory / SERVER_FILE).names, now or datetime.now(UTC))
    return read(directory / SERVER_FILE)


def read(path: Path) -> Certificate:
    """The first certificate in a PEM file. Raises `AuthorityError`."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise AuthorityError(f"There is no certificate {path}. Make one: orderbell tls init") from None
    except OSError as error:
        raise AuthorityError(f"{path} cannot be read: {reason(error)}") from None
    except ValueError:
        raise AuthorityError(f"{path} is no certificate (PEM), or is damaged. Name another file.") from None
    try:
        given = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = (*given.get_values_for_type(x509.DNSName), *map(str, given.get_values_for_type(x509.IPAddress)))
    except x509.ExtensionNotFound:
        names = ()
    return Certificate(
        names=names,
        issuer=_common_name(found.issuer),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        fingerprint=fingerprint(found.public_bytes(serialization.Encoding.PEM).decode()),
    )


def due(directory: Path, now: datetime) -> bool:
    """Whether the server's certificate is issued by us and has `RENEW_DAYS` left or less. Raises `AuthorityError`."""
    return (directory / CA_KEY_FILE).exists() and read(directory / SERVER_FILE).days_left(now) <= RENEW_DAYS


def _issue(
    directory: Path, key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, names: Sequence[str], now: datetime
) -> None:
    """Write key and certificate into one file, so that they always match."""
    own = ec.generate_private_key(ec.SECP256R1())
    known = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    built = (
        _building(_named("Orderbell server"), authority.subject, own.public_key(), now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives((*names, *LOOPBACK))), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_whole(directory / SERVER_FILE, _key_pem(own) + built.public_bytes(serialization.Encoding.PEM), private=True)


def _building(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    starts = now - _CLOCKS_DIFFER  # tills' clocks are late, too
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + timedelta(days=days) - timedelta(seconds=1))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: dict[str, x509.GeneralName] = {}
    for name in names:
        try:
            address = ipaddress.ip_address(name)
            found.setdefault(str(address), x509.IPAddress(address))
        except ValueError:
            if not _DNS_NAME.fullmatch(name):
                raise AuthorityError(
                    f"{name!r} is neither a host's name nor an IP address. Write it as pos.example or 192.168.1.5."
                ) from None
            found.setdefault(name.lower(), x509.DNSName(name.lower()))
    return list(found.values())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
