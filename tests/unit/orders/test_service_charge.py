"""The service charge of orders: priced with them, taxed and given back with their lines, and changed with a reason."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import order_rules
from core.domain.acts import Act, Need
from core.domain.booking import booked
from core.domain.commands import AmendedLine, AmendOrder, ChangePayment, PlaceOrder, RefundLine, RefundOrder, TakeOrder
from core.domain.discount import Discount
from core.domain.errors import CardNumber, DomainError, ReasonRequired
from core.domain.ids import ItemId, OrderId, ShopId, new_order_id
from core.domain.menu import Category, Menu, MenuItem
from core.domain.money import Tax as OneRate
from core.domain.order import NewLine, Order, PaymentState
from core.domain.order_rules import Offer, PriceChanged
from core.domain.order_sheet import COLUMNS, rows
from core.domain.people import Role
from core.domain.pricing import order_taxes
from core.domain.refund import left_minor, line_ids, refundable_minor, value_of
from core.domain.rights import needs_of
from core.domain.sale.ledger import Entry, EntryKind, Ledger
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.sale.turnover import Booked, Sold, figures
from core.domain.service import NO_SERVICE, Service, ShopService
from core.domain.status import Fulfilment

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
USUAL, AS_USUAL = ShopService(12_500), Service(rate=12_500)
TABLE = TaxTable((TaxEntry("standard", (Tax("VAT", 19_000),)), TaxEntry("drinks", (Tax("VAT", 7_000),))))
ITEMS = (MenuItem(ItemId("food"), "Food", 1000), MenuItem(ItemId("drink"), "Drink", 333, tax_category="drinks"))


def offer(*services: ShopService, included: bool = True) -> Offer:
    menu = Menu("Shop", "EUR", OneRate(1_900, included), (Category("c", "C", ITEMS),), taxes=TABLE, time_zone="UTC")
    return Offer(ShopId("s"), menu.terms, menu.items(), "DE", services=services)


def taken(
    service: Service | None = AS_USUAL,
    *services: ShopService,
    fulfilment: Fulfilment = Fulfilment.DINE_IN,
    discount: Discount | None = None,
    included: bool = True,
) -> Order:
    asked = TakeOrder(
        lines=(NewLine(item_id=ItemId("food")), NewLine(item_id=ItemId("drink"), quantity=3)),
        fulfilment=fulfilment,
        discount=discount,
        service=service,
    )
    by = offer(*(services or (USUAL,)), included=included)
    return order_rules.place(asked, by, None, order_id=new_order_id(), at=NOW)


def test_it_is_a_part_of_what_is_left_after_discounts_and_taxed_as_the_lines_are() -> None:
    order = taken(discount=Discount(reason="so", rate=10_000))
    assert (order.subtotal_minor, order.discount_minor) == (1999, 200)
    assert (order.service_minor, order.total_minor) == (225, 1799 + 225), "12.5 % of 17.99 is 2.24875"
    assert [line.service_minor for line in order.lines] == [113, 112]
    assert [tax.net_minor + tax.tax_minor for tax in order_taxes(order)] == [900 + 113, 899 + 112]
    assert order.tax_included


def test_where_tax_is_added_it_is_added_to_the_charge_too() -> None:
    order = taken(included=False)
    assert (order.subtotal_minor, order.service_minor) == (1999, 250)
    assert order.total_minor == 1999 + 250 + order.tax_minor
    assert order.tax_minor == round((1000 + 125) * 0.19) + round((999 + 125) * 0.07)
    assert not order.tax_included


def test_it_is_charged_for_its_fulfilments_and_asked_by_clients_that_know_it() -> None:
    assert taken(None).service_minor == 0, "a till of an earlier release has shown none"
    assert taken(NO_SERVICE, fulfilment=Fulfilment.PICKUP).service is None
    with pytest.raises(ReasonRequired):
        taken(NO_SERVICE)
    with pytest.raises(ReasonRequired):
        taken(Service(rate=12_500), fulfilment=Fulfilment.PICKUP)
    before = (ShopService(10_000), USUAL)
    assert taken(Service(rate=12_500), *before).service_minor == 250, "as it was shown at a till that was not told yet"


def test_another_one_has_a_reason_and_needs_the_right() -> None:
    order = taken(Service(rate=0, reason=" Regular guest "))
    assert (order.service, order.service_minor) == (Service(rate=0, reason="Regular guest"), 0)
    assert needs_of(TakeOrder(lines=()), None, order) == (Need(Act.SERVICE),)
    assert needs_of(TakeOrder(lines=()), None, taken()) == ()
    assert taken(Service(rate=20_000, reason="large party")).service_minor == 400
    with pytest.raises(CardNumber):
        taken(Service(rate=0, reason="4111 1111 1111 1111"))


def test_a_customer_is_charged_what_the_shop_charges_now() -> None:
    asked = PlaceOrder(lines=(NewLine(item_id=ItemId("food")),), fulfilment=Fulfilment.DINE_IN, service=NO_SERVICE)
    order = order_rules.place(asked, offer(USUAL), None, order_id=OrderId("o"), at=NOW)
    assert (order.service, order.total_minor) == (Service(rate=12_500), 1125)
    seen = msgspec.structs.replace(asked, expected_total_minor=1000)
    with pytest.raises(PriceChanged):
        order_rules.place(seen, offer(USUAL), None, order_id=OrderId("o"), at=NOW)
    old = msgspec.structs.replace(seen, service=None)
    assert order_rules.place(old, offer(USUAL), None, order_id=OrderId("o"), at=NOW).total_minor == 1000


def test_it_is_given_back_with_its_lines_to_the_last_unit() -> None:
    order = taken()
    drink = line_ids(order)[1]
    one = (RefundLine(id=drink, quantity=1),)
    assert value_of(order, one) == 375, "a third of 9.99 and its 1.25"
    whole = sum(left_minor(order))
    assert whole == order.total_minor == 1999 + 250
    back = order_rules.change(order, RefundOrder(version=1, reason="cold", lines=one), Role.CASHIER, NOW)
    assert back.lines[1].service_back_minor(included=True) == 42
    gone = order_rules.change(
        back, ChangePayment(version=2, payment=PaymentState.REFUNDED, reason="cold"), Role.CASHIER, NOW
    )
    assert gone.refunded_minor == order.total_minor
    assert sum(line.service_back_minor(included=True) for line in gone.lines) == 250


def _amend(order: Order, asked: AmendOrder, *services: ShopService) -> Order:
    named = msgspec.structs.replace(asked, version=order.version, reason="so")
    return order_rules.change(order, named, Role.CASHIER, NOW, offer=offer(*services or (USUAL,)))


def test_an_amendment_prices_it_anew_and_keeps_its_rate() -> None:
    order = taken()
    lines = tuple(AmendedLine(id=each, quantity=2) for each in line_ids(order))
    asked = AmendOrder(version=1, lines=lines, fulfilment=Fulfilment.DINE_IN)
    more = _amend(order, asked, ShopService(20_000))
    assert (more.service, more.service_minor) == (order.service, round(2666 * 0.125)), "not what is charged now"
    out = _amend(order, msgspec.structs.replace(asked, fulfilment=Fulfilment.PICKUP, service=NO_SERVICE))
    assert (out.service, out.service_minor, out.total_minor) == (None, 0, 2666)
    with pytest.raises(ReasonRequired):
        _amend(order, msgspec.structs.replace(asked, service=NO_SERVICE))
    off = _amend(order, msgspec.structs.replace(asked, service=Service(rate=0, reason="slow")))
    assert off.service == Service(rate=0, reason="slow")
    assert Need(Act.SERVICE) in needs_of(asked, order, off)
    assert Need(Act.SERVICE) not in needs_of(asked, off, _amend(off, asked))


def test_no_amendment_takes_it_off_without_a_reason() -> None:
    services = (USUAL, ShopService(10_000), ShopService())
    """The shop has charged less before, and nothing."""
    order = taken()
    asked = AmendOrder(version=1, lines=_as_they_are(order), fulfilment=Fulfilment.DINE_IN)
    for rate in (0, 10_000):
        with pytest.raises(ReasonRequired):
            _amend(order, msgspec.structs.replace(asked, service=Service(rate=rate)), *services)
    less = msgspec.structs.replace(asked, service=Service(rate=10_000, reason="slow"))
    assert needs_of(less, order, _amend(order, less, *services))[0] == Need(Act.SERVICE)


@pytest.mark.parametrize("back", [None, AS_USUAL])
def test_an_order_that_comes_back_to_a_fulfilment_is_charged_again(back: Service | None) -> None:
    services = (USUAL, ShopService())
    order = taken()
    away = AmendOrder(version=1, lines=_as_they_are(order), fulfilment=Fulfilment.PICKUP, service=NO_SERVICE)
    out = _amend(order, away, *services)
    assert out.service is None, "the shop charges nothing for it"
    again = msgspec.structs.replace(away, fulfilment=Fulfilment.DINE_IN, service=back)
    assert _amend(out, again, *services).service == AS_USUAL
    with pytest.raises(ReasonRequired):
        _amend(out, msgspec.structs.replace(again, service=NO_SERVICE), *services)


def test_what_has_a_reason_stays_wherever_the_order_goes() -> None:
    off = taken(Service(rate=0, reason="slow"))
    for fulfilment, service in (
        (Fulfilment.PICKUP, None),
        (Fulfilment.DINE_IN, off.service),
        (Fulfilment.PICKUP, None),
    ):
        asked = AmendOrder(version=1, lines=_as_they_are(off, 2), fulfilment=fulfilment, service=service)
        off = _amend(off, asked)
        assert off.service == Service(rate=0, reason="slow")


def _as_they_are(order: Order, quantity: int | None = None) -> tuple[AmendedLine, ...]:
    lines = zip(line_ids(order), order.lines, strict=True)
    return tuple(AmendedLine(id=key, quantity=quantity or line.quantity) for key, line in lines)


@given(
    rate=st.integers(1, 100_000),
    off=st.integers(0, 100_000),
    included=st.booleans(),
    acts=st.lists(st.tuples(st.sampled_from(["line", "amount", "amend"]), st.integers(1, 3)), max_size=6),
)
@settings(max_examples=300)
def test_ledger_lines_and_figures_agree_whatever_is_done(
    rate: int, off: int, included: bool, acts: list[tuple[str, int]]
) -> None:
    usual = ShopService(rate)
    discount = Discount(reason="so", rate=off) if off else None
    order = taken(Service(rate=rate), usual, discount=discount, included=included)
    ledger = booked(Ledger.opened(order.total_minor), None, order)
    versions = [1] * len(ledger.entries)
    for what, count in acts:
        try:
            now = _after(order, what, count, offer(usual, included=included))
        except DomainError:
            continue
        ledger = booked(ledger, order, now)
        versions += [now.version] * (len(ledger.entries) - len(versions))
        order = now
    _check(order, included)
    entries = [_booked(each, version) for each, version in zip(ledger.entries[1:], versions[1:], strict=True)]
    sold = Sold(order.total_minor, order.tax_minor, (), order.discount_minor, order.service_minor)
    found = figures([(sold, entries)])
    if order.payment is not PaymentState.UNPAID:
        back_minor = sum(line.service_back_minor(included=included) for line in order.lines)
        assert found.service_minor == order.service_minor - back_minor


def _booked(entry: Entry, version: int) -> Booked:
    taxes = entry.reference if entry.kind is EntryKind.CHARGE else ""
    head = (version, str(entry.kind), entry.amount, entry.tender, entry.corrects, entry.tax, True)
    return Booked(*head, taxes, entry.discount, entry.service)


def _after(order: Order, what: str, count: int, by: Offer) -> Order:
    version = order.version
    match what:
        case "line":
            asked: RefundOrder | AmendOrder = RefundOrder(
                version=version, reason="so", lines=(RefundLine(id=line_ids(order)[1], quantity=count),)
            )
        case "amount":
            part = max(1, refundable_minor(order) // (count + 1))
            asked = RefundOrder(version=version, reason="so", amount_minor=part)
        case _:
            lines = tuple(AmendedLine(id=each, quantity=count) for each in line_ids(order))
            asked = AmendOrder(
                version=version, lines=lines, fulfilment=order.fulfilment, discount=order.discount, reason="so"
            )
    return order_rules.change(order, asked, Role.CASHIER, NOW, offer=by)


def _check(order: Order, included: bool) -> None:
    assert sum(line.service_minor for line in order.lines) == order.service_minor
    assert order.tax_included is (included or not order.tax_minor)
    left = order.subtotal_minor - order.discount_minor + order.service_minor
    assert order.total_minor == left + (0 if included else order.tax_minor)
    assert sum(tax.tax_minor for tax in order_taxes(order)) == order.tax_minor
    if order.payment is PaymentState.PAID:
        assert sum(left_minor(order)) == refundable_minor(order)


def test_a_file_of_orders_has_it_as_a_column_of_its_own() -> None:
    order = taken(Service(rate=5_000, reason="small party"))
    sheet = dict(zip(COLUMNS, list(rows([order], {}, UTC))[1], strict=True))
    assert str(sheet["service"]) == "1.00"
    assert sheet["discount_reason"] == "service charge 5 %: small party"
