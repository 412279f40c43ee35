"""Orders as rows of a file for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Final

from core.domain.ids import OrderId
from core.domain.money import as_decimal
from core.domain.order import Order, OrderLine, Payment
from core.domain.payment import paid_minor, payments_of, tip_minor, to_pay_minor
from core.domain.pricing import discounts_text
from core.spreadsheet import Cell

COLUMNS: Final = (
    "number",
    "placed_at",
    "date",
    "time",
    "status",
    "channel",
    "fulfilment",
    "cashier",
    "customer",
    "phone",
    "address",
    "items",
    "payment",
    "tender",
    "subtotal",
    "discount",
    "tax",
    "total",
    "refunded",
    "paid",
    "tip",
    "to_pay",
    "payments",
    "currency",
    "note",
    "reason",
    "discount_reason",
    "service",
    "amendments",
)


def rows(orders: Iterable[Order], cashiers: Mapping[OrderId, str], zone: tzinfo | None) -> Iterator[tuple[Cell, ...]]:
    """The names of the columns, and a row for each order.

    Args:
        cashiers: Who took each order, where it was not the customer.
        zone: The shop's; None: this machine's.
    """
    yield COLUMNS
    for order in orders:
        yield _row(order, cashiers.get(order.id, ""), zone)


def _row(order: Order, cashier: str, zone: tzinfo | None) -> tuple[Cell, ...]:
    placed = order.placed_at.astimezone(zone)
    amounts = (
        *(order.subtotal_minor, order.discount_minor, order.tax_minor, order.total_minor, order.refunded_minor),
        *(paid_minor(order), tip_minor(order), to_pay_minor(order)),
    )
    return (
        order.number,
        placed.isoformat(sep=" ", timespec="seconds"),
        f"{placed:%Y-%m-%d}",
        f"{placed:%H:%M:%S}",
        order.status.value,
        order.channel.value,
        order.fulfilment.value,
        cashier,
        order.customer_name,
        order.customer_phone,
        order.address,
        "; ".join(map(_line, order.lines)),
        order.payment.value,
        order.tender.value,
        *(Decimal(as_decimal(minor, order.currency)) for minor in amounts),
        "; ".join(_payment(each, order.currency) for each in payments_of(order)),
        order.currency,
        order.note,
        order.reason,
        discounts_text(order),
        Decimal(as_decimal(order.service_minor, order.currency)),
        order.amendments,
    )


def _payment(payment: Payment, currency: str) -> str:
    """`cash 8.77`; with a tip `card 7.20 + 1.00`; rounded to coins `cash 8.77 rounded -0.02`."""
    amounts = [payment.amount_minor, *([payment.tip_minor] if payment.tip_minor else [])]
    rounded = f" rounded {as_decimal(payment.rounding_minor, currency)}" if payment.rounding_minor else ""
    return f"{payment.tender.value} {' + '.join(as_decimal(each, currency) for each in amounts)}{rounded}"


def _line(line: OrderLine) -> str:
    """`2 Bowl + Guacamole + Rice (no salt)`."""
    chosen = " + ".join((line.name, *(modifier.name for modifier in line.modifiers)))
    return f"{line.quantity} {chosen} ({line.note})" if line.note else f"{line.quantity} {chosen}"
