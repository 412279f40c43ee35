"""Days of a shop's life with money, at random from a seed: orders with discounts, split and tipped payments, mistakes,
line refunds days later, drawers that are opened, counted and closed, and what arrives after a Z.

Orders are changed by the server's own units of work, drawers over HTTP. `python -m tests.reconcile` is the long form.
"""

import contextlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    Change,
    ChangePayment,
    ChangeStatus,
    NewPayment,
    RefundLine,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import Discount
from core.domain.errors import ReasonRequired
from core.domain.ids import DeviceId, ShopId
from core.domain.menu import Menu, MenuItem
from core.domain.money import Tax as OneRate
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import to_pay_minor
from core.domain.people import Principal, Role
from core.domain.refund import left_of, line_ids, refundable_minor, value_of
from core.domain.sale.calculation import EXACT
from core.domain.sale.rounding import CashRounding
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.service import NO_SERVICE, Service, ShopService, standard
from core.domain.status import Fulfilment, OrderStatus
from core.server.drawers import reports
from core.server.drawers.chain import Note
from core.server.http.problems import Refusal
from core.server.orders import ordering
from core.server.setup import NewShop, create_shop
from core.store.engine.database import Database
from core.store.sql.statements import Transaction
from tests.integration.calls import staff
from tests.integration.drawers.till import Till
from tests.support import shop
from tests.support.server import ServerThread

TILLS: Final = ("POS1", "POS2")
FIRST_DAY: Final = datetime(2026, 3, 27, 15, tzinfo=UTC)
"""The clocks of Berlin change on the third day."""
ZONE: Final = "Europe/Berlin"
NOTHING: Final = ShopService()
_TENDERS: Final = (Tender.CASH, Tender.CASH, Tender.CARD, Tender.VOUCHER)
_TAXES: Final = TaxTable(
    (
        TaxEntry("standard", (Tax("VAT", 19_000),)),
        TaxEntry("reduced", (Tax("VAT", 19_000),)),
        TaxEntry("reduced", (Tax("VAT", 7_000),), fulfilment=str(Fulfilment.PICKUP)),
        TaxEntry("two", (Tax("GST", 5_000), Tax("QST", 9_975))),
    )
)
_CATEGORIES: Final = ("", "reduced", "two")


class Clock:
    """Of the shop. What is done at one time is done within the same hour."""

    def __init__(self) -> None:
        self.at = FIRST_DAY

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class Made(NamedTuple):
    id: ShopId
    by: Principal
    menu: Menu


def make_shop(
    database: Database,
    menu: Menu,
    *,
    inclusive: bool,
    currency: str = "",
    coins: CashRounding = EXACT,
    service: ShopService = NOTHING,
) -> Made:
    """A shop with two tills that sells `menu` at several rates, of another currency if told, rounds cash to
    `coins`, and charges for service."""
    categories = tuple(msgspec.structs.replace(each, items=tuple(map(_taxed, each.items))) for each in menu.categories)
    menu = msgspec.structs.replace(
        menu,
        categories=categories,
        taxes=_TAXES,
        tax=OneRate(1_900, included=inclusive),
        shop_name=f"{inclusive}",
        currency=currency or menu.currency,
        cash_increment_minor=coins.increment,
        cash_rounding=coins.mode,
        service=service,
    )
    made = create_shop(database, NewShop(menu=menu, staff=(shop.ALEX, shop.KIM), devices=TILLS, time_zone=ZONE))
    by = Principal(subject=made.staff[0], role=Role.ADMIN, name="Alex", session_id="", shop_id=made.id)
    return Made(made.id, by, menu)


def _taxed(item: MenuItem) -> MenuItem:
    return msgspec.structs.replace(item, tax_category=_CATEGORIES[len(item.name) % 3])


class Days:
    """The life of one shop."""

    def __init__(self, server: ServerThread, made: Made, clock: Clock, chance: random.Random) -> None:
        self._server = server
        self._services = server.services
        self._made = made
        self._clock = clock
        self._random = chance
        self._known: list[Order] = []
        self.tills = {name: Till(staff(server, shop.KIM, name, made.id)) for name in TILLS}
        self._closed: list[tuple[str, str]] = []
        """Tills and sessions that have their Z."""

    def day(self, orders: Sequence[tuple[NewLine, ...]]) -> None:
        """Both drawers are opened, orders taken, others changed, cash moved, and most drawers closed."""
        for till in self.tills.values():
            if not till.session:
                till.open(self._random.randrange(20_000))
        acts = [(lines, "new") for lines in orders] + [((), "old")] * (2 * len(orders))
        self._random.shuffle(acts)
        notes: list[Note] = []

        def work(transaction: Transaction) -> None:
            known = list(self._known)
            notes.clear()
            for lines, _kind in acts:
                device, session = self._where()
                by = msgspec.structs.replace(self._made.by, device_id=DeviceId(device))
                if lines:
                    order = ordering.take(transaction, self._services.offers, by, self._new(lines, session))
                    known.append(order)
                elif known:
                    at = self._random.randrange(len(known))
                    if (asked := self._asked(known[at], session)) is not None:
                        with contextlib.suppress(
                            Refusal, ReasonRequired
                        ):  # not all may be amended, and not without a reason
                            known[at] = ordering.change(transaction, by, known[at].id, asked, self._services.offers)
                if session:
                    note = reports.supplement(transaction, self._made.id, session, self._services.report_key)
                    notes.extend([note] if note else [])
            self._known = known

        self._server.database.write_blocking(work)
        self._services.report_notes.add(notes)
        for name, till in self.tills.items():
            for _ in range(self._random.randrange(4)):
                till.move(self._random.choice(("paid_in", "paid_out", "drop", "tip_out")), self._random.randint(1, 999))
            if self._random.random() < 0.8:
                self._close(name, till)
        self._clock.at += timedelta(days=1)

    def _close(self, name: str, till: Till) -> None:
        """Count, sometimes again, and close."""
        for _ in range(self._random.randint(1, 2)):
            counted = self._random.randrange(50_000)
            till.count(counted)
        till.close(deposit_minor=self._random.randint(0, counted), reason="counted")
        self._closed.append((name, till.session))
        till.session = ""

    def finish(self) -> None:
        """Close what is open."""
        for name, till in self.tills.items():
            if till.session:
                self._close(name, till)

    def _where(self) -> tuple[str, str]:
        """At which till something is done, and in which session: sometimes it arrives after the Z, and sometimes no
        drawer is open."""
        device = self._random.choice(TILLS)
        late = [session for till, session in self._closed if till == device]
        if late and self._random.random() < 0.05:
            return device, late[-1]
        return device, self.tills[device].session

    def _new(self, lines: tuple[NewLine, ...], session: str) -> TakeOrder:
        payment, tender = PaymentState.UNPAID, self._random.choice(_TENDERS)
        payments: tuple[NewPayment, ...] = ()
        match self._random.randrange(4):
            case 0 | 1:
                payment = PaymentState.PAID
            case 2:
                tip = self._random.choice((0, 0, 37))
                payments = (
                    NewPayment(tender=Tender.CARD, amount_minor=1, tip_minor=50),
                    NewPayment(given_minor=10**7, tip_minor=tip),
                )
        fulfilment = self._random.choice((Fulfilment.DINE_IN, Fulfilment.PICKUP))
        return TakeOrder(
            # What is split costs something.
            lines=lines
            if payments
            else tuple(msgspec.structs.replace(line, discount=self._discount()) for line in lines),
            fulfilment=fulfilment,
            service=self._service(fulfilment),
            payment=payment,
            tender=tender,
            payments=payments,
            discount=None if payments else self._discount(),
            given_minor=10**7 if tender is Tender.CASH else None,
            drawer=session,
        )

    def _discount(self) -> Discount | None:
        """Often none, sometimes all."""
        one = Discount(reason="some", rate=self._random.choice((1, self._random.randint(1, 99_999), 100_000)))
        off = Discount(reason="so much", amount_minor=self._random.choice((1, 37)))
        return self._random.choice((None, None, None, one, off))

    def _service(self, fulfilment: Fulfilment) -> Service:
        """As the shop charges, or another one, or none."""
        other = Service(rate=self._random.choice((0, 1, 33_333, 100_000)), reason="so")
        return self._random.choice((standard(self._made.menu.services, fulfilment) or NO_SERVICE,) * 3 + (other,))

    def _asked(self, order: Order, drawer: str) -> Change | None:
        more: dict[str, Any] = {"version": order.version, "drawer": drawer}
        if order.payment is PaymentState.REFUNDED:
            return None
        if self._may_be_amended(order) and self._random.random() < 0.3:
            return self._amendment(order, drawer)
        if (due := to_pay_minor(order)) and order.status.is_open:
            if not order.payments and self._random.random() < 0.1:
                return ChangeStatus(to=OrderStatus.CANCELLED, version=order.version, reason="so")
            part = due if self._random.random() < 0.6 else self._random.randint(1, due)
            tip = self._random.choice((0, 0, 150))
            return TakePayment(tender=self._random.choice(_TENDERS), amount_minor=part, tip_minor=tip, **more)
        if order.payment is not PaymentState.PAID:
            return None
        match self._random.randrange(8):
            case 0 if not order.refunded_minor:
                return UndoPayment(reason="so", **more)
            case 1 if not order.refunded_minor and not order.payments:
                other = Tender.CARD if order.tender is Tender.CASH else Tender.CASH
                return ChangePayment(payment=PaymentState.PAID, tender=other, reason="so", **more)
            case 2 | 3 if worth := [items for items in self._items(order) if value_of(order, (items,))]:
                return RefundOrder(reason="so", lines=(self._random.choice(worth),), **more)
            case 4 if refundable_minor(order) > 1:
                amount = self._random.randint(1, refundable_minor(order) - 1)
                return RefundOrder(reason="so", amount_minor=amount, **more)
            case 5:
                return ChangePayment(payment=PaymentState.REFUNDED, reason="so", **more)
        return None

    def _may_be_amended(self, order: Order) -> bool:
        return order.status is not OrderStatus.CANCELLED and self._clock.at - order.placed_at < timedelta(hours=1)

    def _amendment(self, order: Order, drawer: str) -> AmendOrder:
        """Other quantities, sometimes a line less or more, another fulfilment, discount or charge. Where something was
        refunded, its lines and those two stay."""
        is_free = not any(line.is_given_back for line in order.lines)
        lines = [
            AmendedLine(
                id=key,
                quantity=line.quantity if line.is_given_back else self._random.randint(1, 3),
                discount=line.discount,
            )
            for key, line in zip(line_ids(order), order.lines, strict=True)
        ]
        if len(lines) > 1 and not order.lines[-1].is_given_back and self._random.random() < 0.3:
            lines.pop()
        elif self._random.random() < 0.3:
            plain = [each for each in self._made.menu.items().values() if not each.groups]
            lines += [AmendedLine(item_id=self._random.choice(plain).id)] if plain else []
        fulfilment = self._random.choice((order.fulfilment, Fulfilment.DINE_IN, Fulfilment.PICKUP))
        return AmendOrder(
            version=order.version,
            lines=tuple(lines),
            fulfilment=fulfilment,
            discount=self._random.choice((order.discount, None)) if is_free else order.discount,
            service=self._random.choice((None, order.service, self._service(fulfilment))) if is_free else None,
            reason="so",
            drawer=drawer,
        )

    def _items(self, order: Order) -> Iterator[RefundLine]:
        """Some of what is left of each line."""
        for key, line in zip(line_ids(order), order.lines, strict=True):
            if left_of(line):
                yield RefundLine(id=key, quantity=self._random.randint(1, left_of(line)))


NOW_IN: Final = ("core.server.orders.ordering", "core.server.routes.drawers", "core.server.drawers.reports")
"""The modules whose `now` is the shop's clock."""
