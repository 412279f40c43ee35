"""The server's refusals as the errors that windows know."""

import contextlib

import msgspec
import requests

from core.client.errors import (
    Busy,
    ClientError,
    Conflict,
    Diverged,
    Gone,
    MenuMoved,
    NotFound,
    NumberTooFar,
    PriceChanged,
    Refused,
    ServerFault,
    SignedOut,
    TooManyTries,
    Unpaired,
)
from core.decoding import decode_reply
from core.protocol.problem import CONTENT_TYPE, Problem


def as_error(response: requests.Response) -> ClientError:
    """What an answer of 300 or more is to a window."""
    status = response.status_code
    problem = _problem(response)
    detail = problem.detail or problem.title
    if status == 401:
        return SignedOut(detail or "The session is over.")
    if status == 403 and problem.type == "unpaired":
        return Unpaired(detail, field=problem.field)
    if status == 404:
        return NotFound(detail or "The server does not have it.")
    if status == 409 and problem.type == "diverged":
        return Diverged(detail)
    if status == 410:
        return Gone(detail)
    if status == 409 and problem.menu is not None:
        return MenuMoved(detail, problem.menu)
    if status == 409:
        kind = {"price_changed": PriceChanged, "number_too_far": NumberTooFar}.get(problem.type, Conflict)
        return kind(detail or "Somebody was faster.", order=problem.order, field=problem.field)
    if status == 429 and problem.type == "too_many_tries":
        return TooManyTries(detail, retry_after_s=_seconds(response.headers.get("Retry-After")))
    if status == 429 and problem.type == "too_many":
        return Refused(detail)
    if status in (429, 503):
        wait_s = _seconds(response.headers.get("Retry-After"))
        title = problem.title.rstrip(".") if problem.detail else ""
        return Busy(detail or "The server is busy.", title=title, retry_after_s=wait_s)
    if 400 <= status < 500:
        return Refused(detail or f"The server refused it ({status}).", field=problem.field)
    return ServerFault(detail or f"It answered {status}. Try again; tell the admin if it stays.")


def _problem(response: requests.Response) -> Problem:
    if response.headers.get("Content-Type", "").startswith(CONTENT_TYPE):
        with contextlib.suppress(msgspec.DecodeError):
            return decode_reply(response.content, Problem)
    return Problem(type="about:blank", title="", status=response.status_code)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 1.0
