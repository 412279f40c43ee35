"""Refusals: every problem (RFC 9457) that the backend answers with."""

from collections.abc import Sequence
from typing import Final

import msgspec

from core.domain.acts import Need
from core.domain.errors import DomainError
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.order_rules import PriceChanged
from core.domain.payment import PaymentChange
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.problem import Problem, blame
from core.store.sql.dialects import Trouble

Headers = tuple[tuple[bytes, bytes], ...]
BODY_LIMIT: Final = 64 * 1024


class Refusal(Exception):
    """Ends a request with a problem instead of a reply, and rolls its transaction back."""

    def __init__(self, problem: Problem, headers: Headers = ()) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.headers = headers

    @property
    def text(self) -> str:
        """The title and detail: what is wrong, and what to do."""
        return f"{self.problem.title} {self.problem.detail}".strip()


def _refusal(status: int, kind: str, title: str, detail: str = "", field: str = "", headers: Headers = ()) -> Refusal:
    return Refusal(Problem(type=kind, title=title, status=status, detail=detail, field=field), headers)


def malformed(detail: str, field: str = "") -> Refusal:
    return _refusal(400, "malformed", "This is not a request we can read.", detail, field)


def key_missing() -> Refusal:
    return _refusal(
        400,
        "idempotency_key_missing",
        f"Send an {IDEMPOTENCY_KEY} header.",
        "It lets this change be sent again without being made twice.",
        IDEMPOTENCY_KEY,
    )


def unauthenticated(detail: str = "") -> Refusal:
    return _refusal(
        401, "unauthenticated", "Please sign in.", detail, headers=((b"www-authenticate", b'Bearer realm="orderbell"'),)
    )


def session_ended(*, taken_over: bool = False) -> Refusal:
    """The session has ended; `taken_over`: by another window of the till, since a till has one window at a time."""
    return unauthenticated(
        "This POS was opened in another window. Sign in to use this one." if taken_over else "This session has ended."
    )


def forbidden() -> Refusal:
    return _refusal(403, "forbidden", "This is not yours to use.")


def no_right(needs: Sequence[Need]) -> Refusal:
    """Somebody's role may not do this."""
    what = "; ".join(need.act.label for need in needs)
    detail = f"{what}: a manager may, or allow it."
    return Refusal(
        Problem(type="right", title="Your role may not do this.", status=403, detail=detail, needs=tuple(needs))
    )


def operators_only() -> Refusal:
    return _refusal(
        403,
        "forbidden",
        "This is the operator's to do.",
        "It concerns every shop of this server, so it is done on the server's own machine, by a command of orderbell.",
    )


def unpaired(detail: str) -> Refusal:
    """The device is not paired, or its secret is wrong. The login was not checked."""
    return _refusal(403, "unpaired", "This device is not paired.", detail, "device")


def not_found(what: str = "address") -> Refusal:
    return _refusal(404, "not_found", f"There is no such {what}.")


def method_not_allowed(allowed: str) -> Refusal:
    return _refusal(405, "method_not_allowed", f"Use {allowed} here.", headers=((b"allow", allowed.encode()),))


def conflict(order: Order, detail: str, payment: PaymentChange | None = None) -> Refusal:
    """The order has changed since the client saw it; `payment` is its last change of payment, for staff."""
    return Refusal(
        Problem(
            type="conflict",
            title="The order has changed.",
            status=409,
            detail=detail,
            field="version",
            order=order,
            payment=payment,
        )
    )


def illegal_move(order: Order, error: DomainError, payment: PaymentChange | None = None) -> Refusal:
    """The order's status does not allow the move; `payment` as for `conflict`."""
    return Refusal(
        Problem(
            type="illegal_move",
            title="Not possible.",
            status=409,
            detail=error.message,
            field=error.field,
            order=order,
            payment=payment,
        )
    )


def price_changed(error: PriceChanged) -> Refusal:
    return Refusal(
        Problem(
            type="price_changed",
            title="The price has changed.",
            status=409,
            detail=error.message,
            field=error.field,
            order=error.order,
        )
    )


def menu_changed(menu: Menu) -> Refusal:
    """The menu has changed since it was read."""
    return Refusal(
        Problem(
            type="menu_changed",
            title="The menu has changed.",
            status=409,
            detail="Somebody else has changed it meanwhile.",
            field="version",
            menu=menu,
        )
    )


def diverged() -> Refusal:
    return _refusal(
        409,
        "diverged",
        "The server's history is another one.",
        "It was restored. Take a snapshot, and send again what was acknowledged.",
        "cursor",
    )


def gone() -> Refusal:
    return _refusal(
        410, "gone", "The server's history no longer goes back that far.", "Take a snapshot.", field="cursor"
    )


def exists(what: str, field: str) -> Refusal:
    return _refusal(409, "exists", f"There already is {what}.", field=field)


def other_kind(detail: str, field: str) -> Refusal:
    """The name, or the code, is that of another kind of device. A code is not used up by it."""
    return _refusal(422, "other_kind", "This is for another kind of device.", detail, field)


def number_too_far(error: DomainError) -> Refusal:
    """A till's own number that is beyond its series. It may become valid once earlier orders have arrived."""
    return _refusal(409, "number_too_far", "Not possible.", error.message, error.field)


def too_large(limit: int = BODY_LIMIT) -> Refusal:
    return _refusal(
        413, "too_large", f"A request has at most {limit // 1024} KiB.", headers=((b"connection", b"close"),)
    )


def unsupported_media_type() -> Refusal:
    return _refusal(415, "unsupported_media_type", "Send application/json.", field="Content-Type")


def invalid(detail: str, field: str) -> Refusal:
    return _refusal(422, "invalid", "Please check this value.", detail, field)


def invalid_value(error: msgspec.ValidationError) -> Refusal:
    return invalid(*blame(error))


def key_reused() -> Refusal:
    return _refusal(
        422,
        "idempotency_key_reused",
        "This key was used for another request.",
        "The same key may only be sent again with the same request.",
        IDEMPOTENCY_KEY,
    )


def too_many_attempts(wait_s: int) -> Refusal:
    """Too many failed attempts; this one was not checked."""
    return _refusal(
        429,
        "too_many_tries",
        "Too many wrong tries.",
        f"Try again in {max(1, -(-wait_s // 60))} min, or ask an admin.",
        headers=((b"retry-after", b"%d" % wait_s),),
    )


def too_many(detail: str, wait_s: float) -> Refusal:
    """A rate limit was reached."""
    retry_after = b"%d" % max(1, -(-wait_s // 1))
    return _refusal(429, "too_many", "That is too much at once.", detail, headers=((b"retry-after", retry_after),))


def unread() -> Refusal:
    """Too much of earlier replies has not been read yet."""
    return _refusal(429, "unread", "Read the answers you have asked for first.", headers=((b"retry-after", b"5"),))


def order_too_large(limit_kib: int) -> Refusal:
    return _refusal(413, "too_large", f"An order has at most {limit_kib} KiB. Please order in two.", field="lines")


def not_allowed_now(kind: str, detail: str) -> Refusal:
    """The change would leave the shop in an invalid state, such as without an admin. `kind` names it."""
    return _refusal(409, kind, "Not possible.", detail)


def unavailable(title: str) -> Refusal:
    """A temporary failure: a retry may succeed."""
    return _refusal(503, "unavailable", title, headers=((b"retry-after", b"2"),))


_TROUBLES: Final = {
    Trouble.OUT_OF_REACH: (
        "The server's database is out of reach.",
        "What waits is sent by itself once it is back.",
        2,
    ),
    Trouble.BUSY: ("The server is busy.", "What waits is sent by itself.", 2),
    Trouble.LOCKED: (
        "The server's database is locked by another program.",
        "Close whatever else has it open. What waits is sent by itself then.",
        2,
    ),
    Trouble.FULL: ("The server's disk is full.", "Make room on it. What waits is sent by itself then.", 10),
    Trouble.READ_ONLY: (
        "The server's database is read-only.",
        "Let the server write to it, or name the primary. What waits is sent by itself then.",
        10,
    ),
    Trouble.BROKEN: ("The server's disk fails.", "Look at the disk and at the server's log before anything else.", 10),
    Trouble.DAMAGED: (
        "The server's database is damaged.",
        "Stop the server, keep a copy of the database as it is, and restore the last good backup.",
        10,
    ),
}


def unusable(trouble: Trouble) -> Refusal:
    """The database cannot be used now: the trouble, and what to do about it."""
    title, detail, wait_s = _TROUBLES[trouble]
    return _refusal(503, "unavailable", title, detail, headers=((b"retry-after", b"%d" % wait_s),))


def no_backup(detail: str) -> Refusal:
    return _refusal(503, "no_backup", "The backup was not made.", detail)


def not_ready(reasons: list[str]) -> Refusal:
    return _refusal(503, "not_ready", "The server is not ready.", " ".join(reasons), headers=((b"retry-after", b"2"),))


def fault(request_id: str) -> Refusal:
    """An unexpected error. Its details are in the log under `request_id`, and nowhere else."""
    return _refusal(500, "fault", "The server had a problem.", f"Request {request_id}.")
