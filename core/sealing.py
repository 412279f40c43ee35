"""Sealing to a server's public key: anybody with the public half can seal, only the server can open.

HPKE (RFC 9180, base mode) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. The context is authenticated
and not stored: opening needs the same one.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import Suite

KEY_BYTES: Final = 32
"""The length of either half (RFC 7748)."""


class CannotOpen(Exception):
    """Sealed to another server's key, for another context, or damaged: these cannot be distinguished."""


def private_key(secret: bytes) -> bytes:
    """The private key derived from a server's `secret` (HKDF-SHA256, RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"orderbell sealing key").derive(secret)


def public_key(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(content: bytes, public: bytes, context: bytes) -> bytes:
    """The sealed `content`. Raises `ValueError` when `public` is not a key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    return _suite().encrypt(content, X25519PublicKey.from_public_bytes(public), context)


def open_sealed(sealed: bytes, private: bytes, context: bytes) -> bytes:
    """The content that was sealed for `context`. Raises `CannotOpen`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    try:
        return _suite().decrypt(sealed, X25519PrivateKey.from_private_bytes(private), context)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("It was sealed for another server or another person, or it is damaged.") from error


def _suite() -> "Suite":
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
