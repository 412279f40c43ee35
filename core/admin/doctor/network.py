"""Checks of the connection to the server: whether it answers, its certificate, and its clock."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec
import requests

from core.client.errors import OtherServer
from core.client.http.adapter import Straight, whole
from core.client.http.trust import context, is_plain, unreachable
from core.decoding import decode_reply
from core.protocol import routes
from core.protocol.health import Check, Result
from core.protocol.replies import Health

WITHIN_S: Final = (3.0, 10.0)
_SKEW_WARN_S, _SKEW_FAIL_S = 5.0, 300.0
_DAYS_WARN, _DAYS_FAIL = 14, 2


def wall_clock() -> float:
    """Seconds since 1970 by this machine's clock."""
    return datetime.now(UTC).timestamp()


def reached(url: str, ca_file: str = "") -> Iterator[Check]:
    """Whether the server at `url` answers; trusted by `ca_file`, or without one by the public authorities."""
    with Straight() as http:
        http.trust_env = False
        http.verify = ca_file or True
        try:
            begun = wall_clock()
            answer = http.get(url + routes.HEALTH.path, timeout=WITHIN_S, stream=True)
            said = whole(answer)
        except (requests.RequestException, OSError) as error:
            do = "Is `orderbell serve` running there, is the address right, does a firewall let it through?"
            yield Check(name="server", result=Result.FAIL, says=unreachable(error, url).message, do=do)
            return
        took_ms = 1000 * answer.elapsed.total_seconds()
    try:
        decode_reply(said if answer.status_code == HTTPStatus.OK else b"", Health)
    except msgspec.DecodeError:
        yield Check(
            name="server",
            result=Result.FAIL,
            says=f"{OtherServer(url).message} (It answers {answer.status_code}.)",
            do="Is it Orderbell that listens there? Its log says what is wrong.",
        )
        return
    yield Check(name="server", result=Result.OK, says=f"{url} answers in {took_ms:.0f} ms.")
    yield _clock(answer, begun)
    yield _tls(url, ca_file)


def _clock(answer: requests.Response, asked: float) -> Check:
    """The difference between this machine's clock and the server's. (`Date` has whole seconds: RFC 9110 §6.6.1.)"""
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp() + 0.5
    except (KeyError, ValueError, TypeError, OverflowError):
        return Check(name="clock", result=Result.SKIPPED, says="The server does not say what time it is.")
    skew = theirs - (asked + answer.elapsed.total_seconds() / 2)
    says = f"This machine's clock is {abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} the server's."
    if abs(skew) < _SKEW_WARN_S:
        return Check(name="clock", result=Result.OK, says=says)
    return Check(
        name="clock",
        result=Result.FAIL if abs(skew) > _SKEW_FAIL_S else Result.WARN,
        says=says,
        do="Let both set their clocks by the network (NTP). Orders are safe; certificates and the times shown are not.",
    )


def _tls(url: str, ca_file: str) -> Check:
    if not url.startswith("https"):
        plain = is_plain(url)
        return Check(
            name="tls",
            result=Result.WARN if plain else Result.SKIPPED,
            says="What is said can be read on its way." if plain else "It does not leave this machine.",
            do="On the server: orderbell tls init" if plain else "",
        )
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        with (
            socket.create_connection((host, parts.port or 443), WITHIN_S[0]) as raw,
            context(ca_file).wrap_socket(raw, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert() or {}
    except OSError as error:
        return Check(name="tls", result=Result.FAIL, says=unreachable(error, url).message, do="Try again.")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    days = (ends - datetime.now(UTC)).days
    return Check(
        name="tls",
        result=Result.FAIL if days < _DAYS_FAIL else Result.WARN if days < _DAYS_WARN else Result.OK,
        says=f"Its certificate is good for {days} days.",
        do=""
        if days >= _DAYS_WARN
        else "A certificate of the shop's own renews itself while `serve` runs; others don't.",
    )
