"""What orders come to: as before with one rate, and with rates by category, fulfilment and date."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.commands import PlaceOrder, RefundLine, RefundOrder, TakeOrder
from core.domain.errors import InvalidOrder
from core.domain.ids import ItemId, OrderId, ShopId
from core.domain.menu import Category, Menu, MenuItem
from core.domain.money import Tax as OneRate
from core.domain.order import LineTax, NewLine, Order
from core.domain.order_rules import Offer, place
from core.domain.pricing import TaxSum, order_taxes
from core.domain.refund import refunded
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.status import Fulfilment
from core.domain.tax_table import InvalidTaxes, check_taxes, default_tax, of_one_rate, percent, with_one_rate

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
RATES = TaxTable(
    (
        TaxEntry("standard", (Tax("VAT", 19_000),)),
        TaxEntry("food", (Tax("VAT", 7_000),)),
        TaxEntry("food", (Tax("VAT", 19_000),), "dine_in"),
        TaxEntry("food", (Tax("VAT", 7_000),), "dine_in", date(2026, 1, 1)),
        TaxEntry("food", (Tax("VAT", 9_500),), since=date(2027, 1, 1)),
        TaxEntry("books", (Tax("GST", 5_000), Tax("QST", 9_975))),
    )
)
ITEMS = (
    MenuItem(ItemId("beer"), "Beer", 390),
    MenuItem(ItemId("soup"), "Soup", 895, tax_category="food"),
    MenuItem(ItemId("book"), "Cookbook", 1_995, tax_category="books"),
)


def offer(
    taxes: TaxTable = RATES, *, included: bool = True, zone: str = "UTC", items: tuple[MenuItem, ...] = ITEMS
) -> Offer:
    menu = Menu("Shop", "EUR", OneRate(0, included), (Category("all", "All", items),), time_zone=zone, taxes=taxes)
    return Offer(ShopId("s"), menu.terms, menu.items())


def taken(by: Offer, *lines: tuple[str, int], fulfilment: Fulfilment = Fulfilment.PICKUP, at: datetime = NOON) -> Order:
    asked = TakeOrder(
        lines=tuple(NewLine(item_id=ItemId(name), quantity=count) for name, count in lines), fulfilment=fulfilment
    )
    return place(asked, by, None, order_id=OrderId("0192f0a0-1111-7000-8000-000000000001"), at=at)


prices = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 50)), min_size=1, max_size=20)


@given(prices, st.integers(0, 10_000), st.booleans())
def test_with_one_rate_every_total_is_what_earlier_releases_made_it(
    sold: list[tuple[int, int]], rate_bp: int, included: bool
) -> None:
    items = tuple(MenuItem(ItemId(f"i{n}"), f"Item {n}", minor) for n, (minor, _) in enumerate(sold))
    menu = Menu("Shop", "EUR", OneRate(rate_bp, included), (Category("all", "All", items),))
    assert not menu.taxes.entries, "as a server of an earlier release sends it"
    order = taken(
        Offer(ShopId("s"), menu.terms, menu.items()), *((f"i{n}", count) for n, (_, count) in enumerate(sold))
    )
    subtotal_minor = sum(minor * count for minor, count in sold)
    base = 10_000 + rate_bp if included else 10_000
    tax_minor = (2 * subtotal_minor * rate_bp + base) // (2 * base)
    total_minor = subtotal_minor if included else subtotal_minor + tax_minor
    assert (order.subtotal_minor, order.tax_minor, order.total_minor) == (subtotal_minor, tax_minor, total_minor)
    assert sum(line.tax_minor for line in order.lines) == tax_minor


def test_rates_go_by_category_and_fulfilment() -> None:
    away = taken(offer(), ("soup", 1), ("beer", 1))
    assert [line.taxes for line in away.lines] == [(LineTax("VAT", 7_000, 59),), (LineTax("VAT", 19_000, 62),)]
    assert (away.tax_minor, away.total_minor, away.tax_date) == (121, 1_285, date(2026, 11, 29))
    assert order_taxes(away) == (TaxSum("VAT", 7_000, 836, 59), TaxSum("VAT", 19_000, 328, 62))
    added = taken(offer(included=False), ("soup", 1), ("beer", 1))
    assert (added.subtotal_minor, added.tax_minor, added.total_minor) == (1_285, 137, 1_422)
    assert order_taxes(added) == (TaxSum("VAT", 7_000, 895, 63), TaxSum("VAT", 19_000, 390, 74))


def test_rates_go_by_the_day_on_the_calendar_where_the_shop_is() -> None:
    """Whatever day it is in UTC, and whatever day of business it still is."""
    night = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    by_zone = {"UTC": (7_000, date(2026, 12, 31)), "Europe/Berlin": (9_500, date(2027, 1, 1))}
    for zone, (rate, day) in by_zone.items():
        order = taken(offer(zone=zone), ("soup", 1), at=night)
        assert (order.lines[0].taxes[0].rate, order.tax_date) == (rate, day)
    eaten_here = taken(offer(), ("soup", 1), fulfilment=Fulfilment.DINE_IN, at=night.replace(year=2025))
    assert eaten_here.lines[0].taxes[0].rate == 19_000


def test_what_a_till_sold_without_a_server_is_taxed_as_on_that_day() -> None:
    sold_at = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    asked = TakeOrder(lines=(NewLine(item_id=ItemId("soup")),), fulfilment=Fulfilment.PICKUP, placed_at_client=sold_at)
    for late, day in ((timedelta(days=3), sold_at.date()), (-timedelta(days=400), date(2025, 11, 26))):
        order = place(asked, offer(), None, order_id=OrderId("o"), at=sold_at + late)
        assert order.tax_date == day, "a clock that is ahead has nothing taxed by rates of the future"
    own = PlaceOrder(lines=asked.lines, placed_at_client=sold_at)
    order = place(own, offer(), None, order_id=OrderId("o"), at=sold_at + timedelta(days=3))
    assert order.tax_date == date(2027, 1, 3), "a customer's own clock decides nothing"


def test_several_taxes_on_a_line_are_each_kept() -> None:
    order = taken(offer(included=False), ("book", 1))
    assert order.lines[0].taxes == (LineTax("GST", 5_000, 100), LineTax("QST", 9_975, 199))
    assert (order.tax_minor, order.total_minor) == (299, 2_294)


@given(
    st.lists(st.tuples(st.sampled_from(["beer", "soup", "book"]), st.integers(1, 9)), min_size=1, max_size=8),
    st.booleans(),
    st.data(),
)
def test_refunds_give_each_tax_back_to_the_unit(
    sold: list[tuple[str, int]], included: bool, data: st.DataObject
) -> None:
    order = taken(offer(included=included), *sold)
    charged = {(tax.code, tax.rate): tax.tax_minor for tax in order_taxes(order)}
    assert sum(charged.values()) == order.tax_minor
    for _ in range(data.draw(st.integers(0, 6))):
        left_minor = order.total_minor - order.refunded_minor
        if not left_minor:
            break
        if data.draw(st.booleans()):
            line = data.draw(st.sampled_from([each for each in order.lines if each.refunded_quantity < each.quantity]))
            asked = RefundOrder(version=1, reason="cold", lines=(RefundLine(id=line.id),))
        else:
            asked = RefundOrder(version=1, reason="late", amount_minor=data.draw(st.integers(1, left_minor)))
        order = refunded(order, asked)
        for line in order.lines:
            assert all(0 <= tax.refunded_minor <= tax.amount_minor for tax in line.taxes)
            assert sum(tax.refunded_minor for tax in line.taxes) == line.refunded_tax_minor
    back = dict.fromkeys(charged, 0)
    for line in refunded(order).lines:
        for tax in line.taxes:
            back[tax.code, tax.rate] += tax.refunded_minor
    assert back == charged


def test_a_line_of_a_lower_rate_gives_its_own_tax_back() -> None:
    order = taken(offer(), ("soup", 1), ("beer", 1))
    after = refunded(order, RefundOrder(version=1, reason="cold", lines=(RefundLine(id=order.lines[0].id),)))
    assert after.lines[0].refunded_minor == 895
    assert after.lines[0].refunded_tax_minor == 59, "7 %, and not its part of all tax"


def test_an_order_of_an_earlier_release_keeps_the_sum_of_its_tax() -> None:
    order = taken(offer(of_one_rate(8_250), included=False), ("beer", 2))
    lines = tuple(msgspec.structs.replace(line, taxes=()) for line in order.lines)
    old = msgspec.structs.replace(order, lines=lines, tax_date=None)
    assert order_taxes(old) == (TaxSum("", None, 780, 64),)
    after = refunded(old)
    assert (after.lines[0].refunded_tax_minor, after.lines[0].refunded_minor, after.lines[0].taxes) == (64, 844, ())


def test_more_than_can_be_paid_is_refused_by_that_name() -> None:
    dear = offer(items=(MenuItem(ItemId("dear"), "Dear", 10**9),))
    with pytest.raises(InvalidOrder, match="more than can be paid"):
        taken(dear, *[("dear", 999)] * 2)


def test_what_clients_of_one_rate_are_given_is_the_standard_one_of_the_day() -> None:
    table = TaxTable((*of_one_rate(8_875).entries, TaxEntry("standard", (Tax("TAX", 9_000),), since=date(2027, 1, 1))))
    terms = offer(table, included=False).terms
    assert default_tax(terms, NOON) == OneRate(888, included=False)
    assert default_tax(terms, datetime(2027, 1, 1, 1, tzinfo=UTC)) == OneRate(900, included=False)
    assert with_one_rate(RATES, 5_000).entries == (*of_one_rate(5_000).entries, *RATES.entries[1:])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((), "standard: say its rate for any fulfilment, from the beginning on"),
        ((*RATES.entries, TaxEntry("wine", (Tax("VAT", 1),), "dine_in")), "wine: say its rate"),
        ((*RATES.entries, TaxEntry("wine", (Tax("VAT", 1),), since=date(2026, 1, 1))), "wine: say its rate"),
        ((TaxEntry("standard", (Tax("VAT", 100_001),)),), "between 0 and 100 %"),
        ((TaxEntry("standard", ()),), "1 to 5 taxes"),
        ((TaxEntry("standard", (Tax("VAT", 1), Tax("VAT", 2))),), "same name"),
        ((TaxEntry("standard", (Tax("<b>", 1),)),), "name of a tax"),
        ((TaxEntry("Fast Food", (Tax("VAT", 1),)),), "small letters"),
        ((TaxEntry("standard", (Tax("VAT", 1),), "by_drone"),), "fulfilment is one of"),
        ((RATES.entries[0], RATES.entries[0]), "two entries"),
    ],
)
def test_a_table_that_cannot_price_every_order_is_refused(entries: tuple[TaxEntry, ...], message: str) -> None:
    check_taxes(RATES, {"food"})
    with pytest.raises(InvalidTaxes, match=message):
        check_taxes(TaxTable(entries))


def test_a_category_that_items_have_stays_in_the_table() -> None:
    with pytest.raises(InvalidTaxes, match="food"):
        check_taxes(of_one_rate(0), {"food"})


@pytest.mark.parametrize(("rate", "text"), [(0, "0"), (7_000, "7"), (8_875, "8.875"), (10_000, "10"), (5, "0.005")])
def test_rates_in_words(rate: int, text: str) -> None:
    assert percent(rate) == text
