"""Trust in the shop's server: which certificates are accepted, and the errors for others."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from core.client.errors import Unreachable, Untrusted, WrongClock
from core.client.http.refusals import problem_in
from core.decoding import decode
from core.protocol.routes import AUTHORITY
from core.protocol.trust import Authority, matches
from core.reasons import reason
from core.settings import here

TIMEOUT_S: Final = 5.0
_ANSWER_LIMIT: Final = 64 * 1024
# OpenSSL's X509_V_ERR_…, as `ssl.SSLCertVerificationError.verify_code` has them.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_NO_TLS: Final = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}


def context(ca_file: str = "", ca: str = "") -> ssl.SSLContext:
    """The TLS context: trusts only `ca_file` or the PEM text `ca`; without either, the public authorities. Raises
    `OSError` when the file cannot be used."""
    made = ssl.create_default_context(cafile=None if ca else ca_file or DEFAULT_CA_BUNDLE_PATH, cadata=ca or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def check_address(server_url: str, ca_file: str, *, allow_plain_http: bool) -> None:
    """Check a server's address. Raises `ValueError` for an invalid address, one to which PINs and orders must not be
    sent, and an unusable `ca_file`."""
    try:
        parts = urlsplit(server_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError(
            f"server_url {server_url} is no address: write it as https://192.168.1.5:8765, with a port from 1 to 65535"
        )
    if ca_file:
        try:
            context(ca_file)
        except OSError as error:
            raise ValueError(f"ca_file {ca_file} cannot be used: {reason(error)}") from None
    if is_plain(server_url) and not allow_plain_http:
        raise ValueError(
            f"server_url {server_url} is not encrypted: anybody on the network could read PINs. Use https:// (on the "
            "server: orderbell tls init), or set allow_plain_http where the network is nobody else's"
        )


def is_plain(server_url: str) -> bool:
    """Whether traffic to this address can be read on its way: plain HTTP that leaves this machine."""
    return urlsplit(server_url).scheme == "http" and not here.leads_here(server_url)


def unreachable(error: BaseException, server_url: str) -> Unreachable:
    """The error for a call to `server_url` that failed by `error`: the address, and the reason."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError(verify_code=code) if code == _EXPIRED:
                return WrongClock(
                    "By this machine's clock the certificate of {address} has expired. "
                    "If the clock is right, ask the admin to renew it.",
                    address=server_url,
                )
            case ssl.SSLCertVerificationError(verify_code=code) if code == _NOT_YET_VALID:
                return WrongClock(
                    "By this machine's clock the certificate of {address} is not valid yet. Set the clock right.",
                    address=server_url,
                )
            case ssl.SSLCertVerificationError(verify_code=code) if code in (_OTHER_HOST, _OTHER_ADDRESS):
                return Untrusted(
                    "The certificate shown at {address} is for other names. Ask the admin to add this one.",
                    address=server_url,
                )
            case ssl.SSLCertVerificationError():
                return Untrusted(
                    "The certificate of {address} was not made by this shop. Do not sign in; tell the admin.",
                    address=server_url,
                )
            case ssl.SSLError(reason=reason) if reason in _NO_TLS:
                return Unreachable(
                    "What is at {address} does not encrypt. Is it http:// there, or another port?", address=server_url
                )
            case socket.gaierror():
                return Unreachable(
                    "The name in {address} is not known. Check the address and the network.", address=server_url
                )
            case ConnectionRefusedError():
                return Unreachable(
                    "{address} refuses the connection. Is the server running, and is the port right?",
                    address=server_url,
                )
            case TimeoutError():
                return Unreachable(
                    "{address} does not answer in time. Check the network and the server.", address=server_url
                )
            case ConnectionError() | EOFError() | ssl.SSLEOFError() if server_url.startswith("https"):
                return Unreachable("{address} broke off the connection.", address=server_url)
            case ConnectionError() | EOFError():
                return Unreachable(
                    "{address} broke off the connection. Where the server encrypts, its address begins with https://.",
                    address=server_url,
                )
    return Unreachable("{address} cannot be reached. Check the address and the network.", address=server_url)


def encrypts(server_url: str) -> bool:
    """Whether the server at an address speaks TLS, with any certificate. Nothing is sent to it."""
    parts = urlsplit(server_url)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), TIMEOUT_S) as plain,
            anybody.wrap_socket(plain),
        ):
            return True
    except OSError:
        return False


def fetch_ca(server_url: str, short: str) -> str:
    """The shop's certificate authority (PEM), identified by the letters that an admin reads out: see
    `core.protocol.trust`.

    Nothing but the request is sent before the letters match. The returned authority was checked to verify the server.
    Raises `Untrusted` when either fails, and `Unreachable`.
    """
    parts = urlsplit(server_url)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme != "https":
        raise Untrusted("The code belongs to a server that encrypts: its address begins with https://.")
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE  # any certificate: the answer is judged by the letters
    try:
        offered = _ask_for_ca(host, port, anybody)
        if not matches(short, offered):
            raise Untrusted("The code is not this server's. Check the address, and the code letter by letter.")
        # Only the certificate of the letters: more may have been appended.
        found = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(offered))
        with closing(http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context(ca=found))) as proof:
            proof.connect()
    except (OSError, http.client.HTTPException) as error:
        raise unreachable(error, server_url) from error
    except ValueError as error:
        raise Untrusted("What answers at this address is no server of ours.") from error
    return found


def _ask_for_ca(host: str, port: int, anybody: ssl.SSLContext) -> str:
    with closing(http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=anybody)) as connection:
        connection.request(AUTHORITY.method, AUTHORITY.path)
        answer = connection.getresponse()
        said = answer.read(_ANSWER_LIMIT)
        if problem_in(answer.status, answer.headers.get("Content-Type", ""), said) is not None:
            raise Untrusted("This server has no certificate of the shop's. Ask the admin for another code.")
        return decode(said, Authority).certificate


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and its causes, also where libraries keep them in a field of their own."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            held = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
            waiting += [one for one in held if isinstance(one, BaseException)]
