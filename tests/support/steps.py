"""The steps between two statuses, by the domain's table of transitions: tests name only the statuses that they are
about."""

from typing import Final

from core.domain.status import Fulfilment, OrderStatus, steps_of


def way(
    source: OrderStatus,
    target: OrderStatus = OrderStatus.COMPLETED,
    fulfilment: Fulfilment = Fulfilment.PICKUP,
) -> tuple[OrderStatus, ...]:
    """The statuses after `source`, up to and with `target`, in order; none where `target` does not lie ahead."""
    line = steps_of(fulfilment)
    if source not in line or target not in line:
        return ()
    return line[line.index(source) + 1 : line.index(target) + 1]


ONLINE: Final = way(OrderStatus.PENDING)
"""The steps of an order that a customer has placed."""
NEXT: Final = ONLINE[0]
"""The first of them."""
FIRST, SECOND = way(OrderStatus.CONFIRMED)[:2]
"""The next steps of an order that was taken at the counter, which begins as confirmed."""
