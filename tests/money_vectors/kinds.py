"""What runs each kind of case: reads its input, calls the product, and writes the result in the file's form."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from core.domain.money import exponent
from core.domain.sale import splits
from core.domain.sale.business_day import business_day
from core.domain.sale.calculation import (
    EXACT,
    MILLI,
    NO_TIP,
    Discount,
    Extra,
    LineKind,
    Sale,
    SaleLine,
    ServiceCharge,
    ServiceTax,
    Tip,
    TipBase,
    Totals,
    calculate,
)
from core.domain.sale.drawer import CashReport, Closing, DrawerEvent, DrawerKind, Opening, cash_report, count
from core.domain.sale.errors import Refused
from core.domain.sale.ledger import Ledger, Pay, PayBack, Tenders
from core.domain.sale.refunds import LineQuantity, Refund, RefundRequest, Refunds, ServiceRefund
from core.domain.sale.report import Previous, Report, Session
from core.domain.sale.rounding import CashRounding, Rounding, apportion, rounded
from core.domain.sale.taxes import ANY, Tax, TaxEntry, TaxTable

Json: TypeAlias = dict[str, Any]


def run(kind: str, given: Json) -> Json:
    """The result of a case. Raises `KeyError` for a kind that is unknown."""
    function = KINDS[kind]
    try:
        return function(given)
    except Refused as refused:
        return {"error": refused.code}


def _calc(given: Json) -> Json:
    return _totals(calculate(_sale(given)))


def _sale(given: Json) -> Sale:
    currency = given["currency"]
    if given.get("exponent", exponent(currency)) != exponent(currency):
        raise Refused("bad_currency", "This currency has another number of decimals.")
    return Sale(
        currency=currency,
        inclusive=given["prices"] == "inclusive",
        on=date.fromisoformat(given["date"]),
        fulfilment=given["fulfilment"],
        taxes=_table(given.get("tax_table", ())),
        lines=tuple(map(_line, given.get("lines", ()))),
        discounts=_discounts(given),
        service_charges=tuple(map(_charge, given.get("service_charges", ()))),
        tip=_tip(given.get("tip", 0)),
        exempt=given.get("tax_exempt", False),
        tax_rounding=_mode(given.get("tax_rounding", Rounding.HALF_UP)),
        cash_rounding=_coins(given.get("cash_rounding")),
    )


def _table(entries: Any) -> TaxTable:
    return TaxTable(
        tuple(
            TaxEntry(
                entry["category"],
                tuple(Tax(tax["code"], tax["rate"], tax.get("compound", False)) for tax in entry["taxes"]),
                entry.get("fulfilment", ANY),
                date.fromisoformat(entry["from"]),
                entry.get("combined", False),
            )
            for entry in entries
        )
    )


def _line(given: Json) -> SaleLine:
    return SaleLine(
        id=given["id"],
        unit_price=given["unit_price"],
        category=given["category"],
        quantity_milli=_milli(given.get("qty", 1)),
        extras=tuple(Extra(each["price"], each.get("qty", 1)) for each in given.get("modifiers", ())),
        discounts=_discounts(given),
        discountable=given.get("discountable", True),
        serviceable=given.get("service", True),
        fulfilment=given.get("fulfilment"),
        kind=LineKind.newer(given.get("kind", LineKind.GOODS)),
    )


def _milli(quantity: object) -> int:
    """Thousandths of a whole number or of a decimal string. Raises `Refused`."""
    if type(quantity) is not int and type(quantity) is not str:
        raise Refused("bad_quantity", f"{quantity!r} is no quantity.")
    try:
        milli = Decimal(quantity) * MILLI
        whole = int(milli)
    except (InvalidOperation, ValueError, OverflowError):
        raise Refused("bad_quantity", f"{quantity!r} is no quantity.") from None
    if whole != milli:
        raise Refused("bad_quantity", "A quantity has at most three decimals.")
    return whole


def _discounts(given: Json) -> tuple[Discount, ...]:
    return tuple(Discount(each.get("pct"), each.get("amount")) for each in given.get("discounts", ()))


def _charge(given: Json) -> ServiceCharge:
    tax = given.get("tax", ServiceTax.FOLLOW)
    category = tax["category"] if isinstance(tax, dict) else ""
    how = ServiceTax.CATEGORY if isinstance(tax, dict) else ServiceTax.newer(tax)
    return ServiceCharge(given["id"], how, category, given.get("pct"), given.get("amount"))


def _tip(given: Any) -> Tip:
    if isinstance(given, dict):
        return Tip(given.get("amount"), given.get("pct"), TipBase.newer(given.get("base", TipBase.NET)))
    return Tip(given) if given else NO_TIP


def _mode(name: str) -> Rounding:
    return Rounding.newer(name)


def _coins(given: Json | None) -> CashRounding:
    return CashRounding(given["increment"], _mode(given.get("mode", Rounding.HALF_UP))) if given else EXACT


def _totals(totals: Totals) -> Json:
    return {
        "lines": [
            {
                "id": line.id,
                "list": line.list_price,
                "discount_line": line.discount_line,
                "discount_order": line.discount_order,
                "amount": line.item.amount,
                "net": line.item.net,
                "tax": line.item.tax,
                "gross": line.item.gross,
            }
            for line in totals.lines
        ],
        "service": [
            {
                "id": charge.id,
                "amount": charge.amount,
                "net": charge.net,
                "tax": charge.gross - charge.net,
                "gross": charge.gross,
            }
            for charge in totals.service
        ],
        "taxes": {key: {"base": each.base, "tax": each.tax} for key, each in totals.taxes.items()},
        "groups": {key: {"net": each.net, "tax": each.tax, "gross": each.gross} for key, each in totals.groups.items()},
        **{
            name: getattr(totals, name)
            for name in (
                "subtotal",
                "discount",
                "service_total",
                "relief",
                "net",
                "tax",
                "total",
                "tip",
                "due",
                "cash_rounding",
                "cash_due",
            )
        },
    }


def _apportion(given: Json) -> Json:
    return {"parts": apportion(given["total"], given["weights"])}


def _round(given: Json) -> Json:
    if "amount" not in given:
        return {"rounded": rounded(given["num"], given["den"], _mode(given["mode"]))}
    result = _coins(given).of(given["amount"])
    return {"rounded": result, "adjustment": result - given["amount"]}


def _tenders(given: Json) -> Tenders:
    return Tenders(rounding=_coins(given.get("cash_rounding")))


def _pay(given: Json) -> Pay:
    return Pay(
        tender=given["method"],
        amount=given.get("amount"),
        tip=given.get("tip", 0),
        given=given.get("tendered"),
        keep_change=given.get("keep_change", False),
        deposit=given.get("deposit", False),
    )


def _acted(ledger: Ledger, action: Json, tenders: Tenders) -> Ledger:
    match action["do"]:
        case "pay":
            return ledger.pay(_pay(action), tenders)
        case "correct":
            return ledger.correct(action["payment"])
        case "amend":
            return ledger.amend(action["total"])
        case "void":
            return ledger.void()
        case "give_back":
            return ledger.give_back(action["method"], tenders, action.get("amount"))
    raise Refused("bad_action", f"There is no act {action['do']!r}.")


def _ledger(given: Json) -> Json:
    tenders = _tenders(given)
    total = calculate(_sale(given["order"])).total if "order" in given else given["total"]
    ledger = Ledger.opened(total)
    for action in given.get("actions", ()):
        ledger = _acted(ledger, action, tenders)
    return {
        "rows": [[entry.kind.value, entry.tender or None, entry.amount] for entry in ledger.entries],
        "charged": ledger.charged,
        "settled": ledger.settled,
        "tips": ledger.tips,
        "rounding": ledger.rounding,
        "held": ledger.held_by(),
        "balance": ledger.balance,
        "state": ledger.status.value,
    }


def _refund_request(given: Json) -> RefundRequest:
    back = [PayBack(each["method"], each.get("amount")) for each in given.get("pay_back", ())]
    if "method" in given:
        back.append(PayBack(given["method"]))
    return RefundRequest(
        pay_back=tuple(back),
        lines=tuple(LineQuantity(each["id"], _milli(each["qty"])) for each in given.get("lines", ())),
        amount=given.get("amount"),
        everything=given.get("full", False),
        service=ServiceRefund.newer(given.get("service", ServiceRefund.AUTO)),
        tip=given.get("tip", 0),
        all_tips=given.get("include_tip", False),
        cross_tender=given.get("cross_method", False),
    )


def _paid(total: int, payments: Any, tenders: Tenders) -> Ledger:
    ledger = Ledger.opened(total)
    for payment in payments:
        ledger = ledger.pay(_pay(payment), tenders)
    return ledger


def _refund(given: Json) -> Json:
    totals, tenders = calculate(_sale(given["order"])), _tenders(given)
    refunds = Refunds(totals, _paid(totals.total, given["payments"], tenders), tenders)
    found = []
    for each in given["refunds"]:
        try:
            found.append(_refunded(refunds.refund(_refund_request(each))))
        except Refused as refused:
            found.append({"error": refused.code})
    ledger = refunds.ledger
    return {
        "refunds": found,
        "held": ledger.held_by(),
        "tips": ledger.tips,
        "rounding": ledger.rounding,
        "charged": ledger.charged,
        "state": ledger.status.value,
    }


def _refunded(refund: Refund) -> Json:
    return {
        "value": refund.value,
        "net": refund.net,
        "tax": refund.tax,
        "taxes": refund.taxes,
        "discount": refund.discount,
        "service": refund.service,
        "remaining": refund.remaining,
        "tip": refund.tip,
        "rounding": refund.rounding,
        "payback": refund.paid_back,
    }


def _split(given: Json) -> Json:
    if "order" not in given:
        return {"parts": splits.equal_shares(given["total"], given["shares"])}
    totals = calculate(_sale(given["order"]))
    shares = splits.by_lines(totals, given["payers"], given["assign"])
    return {"payers": [{"gross": share.gross, "net": share.net, "tax": share.tax} for share in shares]}


def _opening(given: Json) -> Opening:
    return Opening(given["counted"], given.get("previous_left"))


def _closing(given: Json | None) -> Closing | None:
    if given is None:
        return None
    counted = count(given["denominations"]) if "denominations" in given else given["counted"]
    return Closing(counted, given.get("deposit", 0))


def _cash(report: CashReport) -> Json:
    found: Json = {"opening_difference": report.opening_difference, "expected": report.expected}
    if report.counted is not None:
        found |= {"counted": report.counted, "difference": report.difference, "left": report.left}
    return found


def _drawer_event(given: Json) -> DrawerEvent:
    return DrawerEvent(
        DrawerKind.newer(given["type"]),
        given["tendered"] if "tendered" in given else given.get("amount", 0),
        given.get("change", 0),
    )


def _drawer(given: Json) -> Json:
    report = cash_report(_opening(given["opening"]), map(_drawer_event, given["events"]), _closing(given.get("close")))
    return {**_cash(report), "no_sale": report.no_sale}


_CASH_ACTS: Final = {"paid_in", "paid_out", "drop", "tip_out", "no_sale"}


def _session(given: Json) -> Json:
    previous = given.get("prev", {})
    tenders = _tenders(given)
    session = Session(
        _opening(given["opening"]),
        tenders,
        Previous(previous.get("z_no", 0), previous.get("gt_sales", 0), previous.get("gt_refunds", 0)),
    )
    for event in given["events"]:
        match event["type"]:
            case "sale":
                totals = calculate(_sale(event["order"]))
                session.sale(
                    totals,
                    _paid(totals.total, event["payments"], tenders),
                    training=event.get("training", False),
                    on_account=event.get("on_account", False),
                )
            case "refund":
                session.refund(event["sale"], _refund_request(event["spec"]))
            case "void":
                session.void(event["sale"])
            case act if act in _CASH_ACTS:
                session.move_cash(_drawer_event(event))
            case unknown:
                raise Refused("bad_event", f"A session knows no {unknown!r}.")
    return {"cash": _cash(session.cash(_closing(given.get("close")))), "z": _report(session.report())}


def _report(report: Report) -> Json:
    same = (
        "sales_gross",
        "refunds_gross",
        "net",
        "tax",
        "discount",
        "service",
        "tips",
        "rounding",
        "receivable",
        "open_amount",
        "voided_amount",
        "turnover",
        "taxes",
        "payments",
    )
    counts = report.counts
    return {
        **{name: getattr(report, name) for name in same},
        "counts": {name: getattr(counts, name) for name in counts.__struct_fields__},
        "z_no": report.z_number,
        "gt_sales": report.grand_sales,
        "gt_refunds": report.grand_refunds,
        "gt_net": report.grand_net,
    }


def _business_day(given: Json) -> Json:
    day = business_day(
        datetime.fromisoformat(given["instant"]), ZoneInfo(given["tz"]), time.fromisoformat(given["cut"])
    )
    return {
        "business_date": f"{day.business_date:%Y-%m-%d}",
        "tax_date": f"{day.tax_date:%Y-%m-%d}",
        "local": f"{day.local:%Y-%m-%dT%H:%M:%S%z}",
    }


KINDS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "calc": _calc,
    "apportion": _apportion,
    "round": _round,
    "ledger": _ledger,
    "refund": _refund,
    "split": _split,
    "drawer": _drawer,
    "session": _session,
    "business_day": _business_day,
}
