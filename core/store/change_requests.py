"""The append-only history of change requests and their answers."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, func, select

from core.decoding import decoder
from core.domain.change_request import RequestStep
from core.domain.ids import OrderId
from core.domain.order import ChangeRequest, Order, RequestState
from core.domain.people import Principal
from core.instants import advised_us, from_us, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import change_requests

_r = change_requests.c
_INSERT: Final = Prepared.insert(change_requests)
_OF: Final = Prepared(
    select(_r.version, _r.request, _r.at, _r.by_name, _r.device)
    .where(_r.order_id == bindparam("order_id"))
    .order_by(_r.version)
)
_ASKED: Final = Prepared(
    select(func.count()).where(_r.order_id == bindparam("order_id"), _r.state == str(RequestState.ASKED))
)
_encode: Final = msgspec.json.Encoder().encode
_request: Final = decoder(ChangeRequest)


def record(transaction: Transaction, order: Order, by: Principal, client_at: datetime | None) -> None:
    """Record the current state of the request of `order`, set by `by`."""
    request = order.change_request
    assert request is not None
    transaction.run(
        _INSERT,
        order_id=order.id,
        version=order.version,
        state=request.state,
        request=_encode(request),
        at=to_us(order.updated_at),
        **by.author_values,
        device=by.device_id or "",
        client_at=advised_us(client_at),
    )


def of(transaction: Transaction, order_id: OrderId) -> tuple[RequestStep, ...]:
    """The history of one order's requests, oldest first."""
    return tuple(
        RequestStep(version=version, request=_request.decode(request), at=from_us(at), by=by, device=device)
        for version, request, at, by, device in transaction.all(_OF, order_id=order_id)
    )


def asked_of(transaction: Transaction, order_id: OrderId) -> int:
    """The number of times that a change of the order was asked for."""
    row = transaction.first(_ASKED, order_id=order_id)
    return int(row[0]) if row is not None else 0
