"""Maps the server's problems to client errors."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from core.client.errors import (
    ORDER_CHANGED,
    Busy,
    ClientError,
    Conflict,
    Diverged,
    Gone,
    MenuMoved,
    NoRight,
    NotFound,
    NumberTooFar,
    PriceChanged,
    Refused,
    ServerFault,
    SignedOut,
    TooManyAttempts,
    Unpaired,
)
from core.decoding import decode_reply
from core.protocol.problem import CONTENT_TYPE, Problem

RETRY_MOST_S: Final = 30.0
"""The longest accepted `Retry-After`: as long as the longest wait after a failure."""
LOCKED_MOST_S: Final = 30 * 60.0
"""The longest accepted `Retry-After` after too many failed attempts, which the server counts for half an hour."""
_RETRY_LEAST_S: Final = 1.0
_NAME: Final = re.compile("[a-z][a-z0-9_]*")
"""The type of Orderbell's problems. Those of others are URIs (RFC 9457 §3.1.1), such as `about:blank`."""


class _KnownProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem without the fields that a newer server may fill with values unknown here."""

    type: str
    title: str
    status: int
    detail: str = ""
    field: str = ""


def problem_in(status: int, content_type: str, content: bytes) -> Problem | None:
    """The problem in Orderbell's answer; None when the answer is of another server."""
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        return None
    try:
        problem = _read(content)
    except msgspec.DecodeError:
        return None
    return problem if problem.status == status and _NAME.fullmatch(problem.type) else None


def _read(content: bytes) -> Problem:
    try:
        return decode_reply(content, Problem)
    except msgspec.ValidationError:
        return Problem(**msgspec.structs.asdict(decode_reply(content, _KnownProblem)))


def as_error(problem: Problem, headers: Mapping[str, str]) -> ClientError:
    """The client error for a problem."""
    status, detail = problem.status, problem.detail or problem.title
    if status == 401:
        return SignedOut(detail)
    if status == 403:
        return _forbidden(problem, detail)
    if status == 404:
        return NotFound(detail)
    if status == 409 and problem.type == "diverged":
        return Diverged(detail)
    if status == 410:
        return Gone(detail)
    if status == 409 and problem.menu is not None:
        return MenuMoved(detail, problem.menu)
    if status == 409:
        kind = {"price_changed": PriceChanged, "number_too_far": NumberTooFar}.get(problem.type, Conflict)
        title = ORDER_CHANGED if problem.type == "conflict" else ""
        return kind(detail, order=problem.order, payment=problem.payment, title=title, field=problem.field)
    if status == 429 and problem.type == "too_many_tries":
        return TooManyAttempts(detail, retry_after_s=_retry_after_s(headers, LOCKED_MOST_S))
    if status == 429 and problem.type == "too_many":
        return Refused(detail)
    if status in (429, 503):
        title = problem.title.rstrip(".") if problem.detail else ""
        return Busy(detail, title=title, retry_after_s=_retry_after_s(headers, RETRY_MOST_S))
    if 400 <= status < 500:
        return Refused(detail, field=problem.field)
    return ServerFault(detail)


def _forbidden(problem: Problem, detail: str) -> ClientError:
    if problem.type == "unpaired":
        return Unpaired(detail, field=problem.field)
    return NoRight(problem.needs, detail) if problem.type == "right" else Refused(detail, field=problem.field)


def _retry_after_s(headers: Mapping[str, str], most_s: float) -> float:
    """`Retry-After` in seconds (RFC 9110 §10.2.3: a number of them, or a date), at least 1 and at most `most_s`; 1 when
    invalid."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        wait_s = float(said)
    else:
        try:
            sent = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
            wait_s = (parsedate_to_datetime(said) - sent).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return _RETRY_LEAST_S
    return min(max(wait_s, _RETRY_LEAST_S), most_s)
