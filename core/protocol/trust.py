"""Authentication of the shop's server by a screen: by the shop's own certificate authority, and its short fingerprint.

A shop's server is not in public DNS, so no public authority certifies it; the shop's own does. A screen gets the
authority's certificate once and from then on trusts no other. On first contact it only has a few letters that a person
types, so those must identify the whole certificate: see `short_fingerprint`.
"""

import hashlib
import hmac
import ssl
from typing import Final

import msgspec

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters that are copied by hand: no 0 or O, no 1, I or L."""
SHORT: Final = 10
"""Letters of a short fingerprint: 49 bits."""


class Authority(msgspec.Struct, frozen=True):
    """The certificate (PEM, X.509) of the shop's authority."""

    certificate: str


def fingerprint(certificate: str) -> str:
    """The SHA-256 of a PEM certificate's DER, as `openssl x509 -fingerprint -sha256` shows it: `AB:12:…`.

    Raises `ValueError` on anything that is not PEM.
    """
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def short_fingerprint(certificate: str) -> str:
    """Ten letters that identify a PEM certificate where a person has to type them.

    An attacker between a screen and its server may search for another certificate with the same letters, for as long as
    the authority lives. So they come from a slow hash (scrypt, RFC 7914; 32 MiB and about 0.1 s each): all 49 bits take
    some two million core-years, where a plain hash of that length falls to a graphics card in a day.

    Raises `ValueError` on anything that is not PEM.
    """
    der = ssl.PEM_cert_to_DER_cert(certificate)
    digest = hashlib.scrypt(der, salt=b"orderbell.ca", n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
    number, letters = int.from_bytes(digest), []
    for _ in range(SHORT):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def matches(short: str, certificate: str) -> bool:
    """Whether `short`, as a person typed it, is the short fingerprint of `certificate`; never for fewer letters."""
    typed = "".join(filter(str.isalnum, short)).upper()
    return hmac.compare_digest(typed.encode(), short_fingerprint(certificate).encode())
