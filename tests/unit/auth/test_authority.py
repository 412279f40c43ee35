"""The certificates of a shop's own authority: what they may be used for, for how long, and under which names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.server.auth import authority
from core.server.auth.authority import AuthorityError

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SIGNS: Final = {"key_cert_sign", "crl_sign"}
_USES: Final = {*_SIGNS, "digital_signature", "content_commitment", "key_encipherment", "data_encipherment"}


def made(directory: Path, *names: str) -> tuple[x509.Certificate, x509.Certificate]:
    """The certificates of a new authority and of its server."""
    authority.make(directory, "Test Kitchen", names, NOW)
    ca, server = ((directory / name).read_bytes() for name in (authority.CA_FILE, authority.SERVER_FILE))
    return x509.load_pem_x509_certificate(ca), x509.load_pem_x509_certificate(server)


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType], *, critical: bool) -> x509.ExtensionType:
    found = certificate.extensions.get_extension_for_class(kind)
    assert found.critical is critical, kind
    return found.value


def uses(certificate: x509.Certificate) -> set[str]:
    usage = extension(certificate, x509.KeyUsage, critical=True)
    return {name for name in (*_USES, "key_agreement") if getattr(usage, name)}


def test_an_authority_signs_servers_and_no_authority_below_it(tmp_path: Path) -> None:
    ca, _ = made(tmp_path)
    assert extension(ca, x509.BasicConstraints, critical=True) == x509.BasicConstraints(ca=True, path_length=0)
    assert uses(ca) == _SIGNS
    assert ca.subject == ca.issuer
    ca.verify_directly_issued_by(ca)


def test_a_server_has_a_certificate_to_be_a_server_with_and_signs_nothing(tmp_path: Path) -> None:
    ca, server = made(tmp_path)
    assert extension(server, x509.BasicConstraints, critical=True) == x509.BasicConstraints(ca=False, path_length=None)
    assert uses(server) == {"digital_signature"}
    wanted = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    assert extension(server, x509.ExtendedKeyUsage, critical=False) == wanted
    assert server.subject.rfc4514_string() == "CN=Orderbell server"
    server.verify_directly_issued_by(ca)


def test_the_two_find_each_other_by_the_ids_of_their_keys(tmp_path: Path) -> None:
    ca, server = made(tmp_path)
    own, of_ca = (x509.SubjectKeyIdentifier.from_public_key(each.public_key()) for each in (server, ca))
    assert extension(server, x509.SubjectKeyIdentifier, critical=False) == own
    assert extension(ca, x509.SubjectKeyIdentifier, critical=False) == of_ca
    issuer = extension(server, x509.AuthorityKeyIdentifier, critical=False)
    assert issuer == x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_ca)


def test_both_hold_from_a_day_before_as_clocks_differ(tmp_path: Path) -> None:
    starts = NOW - timedelta(days=1)
    for certificate, days in zip(made(tmp_path), (authority.AUTHORITY_DAYS, authority.SERVER_DAYS), strict=True):
        assert certificate.not_valid_before_utc == starts
        assert certificate.not_valid_after_utc == starts + timedelta(days=days, seconds=-1), "its last second counts"


def test_a_name_is_written_once_and_this_machine_is_always_one(tmp_path: Path) -> None:
    made(tmp_path, "Till.Example", "till.example", "192.0.2.7", "LOCALHOST", "127.0.0.1")
    read = authority.read(tmp_path / authority.SERVER_FILE)
    assert read.names == ("till.example", "localhost", "192.0.2.7", "127.0.0.1", "::1")
    assert read.issuer == "Orderbell certificate authority of Test Kitchen"


def test_a_long_name_of_a_shop_is_cut_to_what_a_certificate_holds(tmp_path: Path) -> None:
    authority.make(tmp_path, "K" * 80, [], NOW)
    assert authority.read(tmp_path / authority.CA_FILE).issuer == "Orderbell certificate authority of " + "K" * 29


def test_another_kind_of_key_signs_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / authority.CA_KEY_FILE).write_bytes(other)
    before = (tmp_path / authority.SERVER_FILE).read_bytes()
    with pytest.raises(AuthorityError, match=r"ca-key\.pem holds another kind of key"):
        authority.renew(tmp_path)
    assert (tmp_path / authority.SERVER_FILE).read_bytes() == before


@pytest.mark.parametrize(("days", "due"), [(authority.RENEW_DAYS + 1, False), (authority.RENEW_DAYS, True), (-1, True)])
def test_it_is_renewed_a_month_before_it_ends(tmp_path: Path, days: int, *, due: bool) -> None:
    _, server = made(tmp_path)
    at = server.not_valid_after_utc - timedelta(days=days)
    assert authority.read(tmp_path / authority.SERVER_FILE).days_left(at) == days
    assert authority.due(tmp_path, at) is due
    (tmp_path / authority.CA_KEY_FILE).unlink()
    assert not authority.due(tmp_path, at), "somebody else issues it"
