"""The check of customers' change requests: each is what its history says, and each accepted one was made as asked."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import select

from core.decoding import decoder
from core.domain.amendment import is_granted
from core.domain.ids import OrderId
from core.domain.order import ChangeRequest, Order, RequestState
from core.store import amendments, orders
from core.store.sql.statements import Transaction
from core.store.tables import change_requests

_r = change_requests.c
_ALL: Final = select(_r.order_id, _r.version, _r.state, _r.request).order_by(_r.order_id, _r.version)
_request: Final = decoder(ChangeRequest)
Step = tuple[int, str, ChangeRequest]
"""The version of the order that it made, what was done, and the request then."""


def differing(transaction: Transaction) -> Iterator[str]:
    """The numbers of orders whose request is not what its history says, or is accepted and was not made so."""
    for order_id, rows in groupby(transaction.connection.execute(_ALL), key=itemgetter(0)):
        steps = [(version, state, _request.decode(content)) for _id, version, state, content in rows]
        order = orders.get(transaction, OrderId(order_id))
        if order is not None and not _is_sound(transaction, order, steps):
            yield order.number


def _is_sound(transaction: Transaction, order: Order, steps: list[Step]) -> bool:
    versions = amendments.of(transaction, order.id) if order.amendments else ()
    later = [*(each.before for each in versions[1:]), order][: len(versions)]
    made = {each.version: (each.before, after) for each, after in zip(versions, later, strict=True)}
    return order.change_request == steps[-1][2] and all(
        request.state == state
        and (state != RequestState.ACCEPTED or (version in made and is_granted(*made[version], request)))
        for version, state, request in steps
    )
