"""Texts, amounts and times in the reader's language. Every string that a person sees goes through `_`."""

import gettext as _gettext
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDate, QLocale, Qt, QTime
from PySide6.QtGui import Qt as QtText

import resources
from core import reasons
from core.client.errors import ClientError, Refused
from core.domain import texts
from core.domain.digits import ascii_digits
from core.domain.discount import Discount
from core.domain.drawers import DrawerAct
from core.domain.errors import DomainError
from core.domain.money import exponent, parse_minor
from core.domain.order import ChangeRequest, Channel, LineChange, Order, Payment, PaymentState, Tender, is_table
from core.domain.payment import given_back_minor, paid_minor, payments_of
from core.domain.pricing import Amounts, TaxSum
from core.domain.sale.rounding import PERCENT
from core.domain.status import Fulfilment, OrderStatus, look
from core.domain.tax_table import DEFAULT_CODE
from core.ui.days import local, local_date

_catalogue: _gettext.NullTranslations = _gettext.NullTranslations()


def use_language(language: str) -> Qt.LayoutDirection:
    """Use `language` (`es`, `ar`; empty: the desktop's) from now on. Returns its text direction.

    A language without a catalogue gets English text, with its own formats of amounts and dates.
    """
    global _catalogue  # noqa: PLW0603 (one reader, one language a process)
    locale = QLocale(language) if language else QLocale.system()
    if locale.language() is QLocale.Language.C:  # a desktop without a language, or an unknown one
        locale = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)
    QLocale.setDefault(locale)
    code = QLocale.languageToCode(locale.language())
    catalogue = resources.ROOT.joinpath("locale", code, "LC_MESSAGES", "orderbell.mo")
    if catalogue.is_file():
        _catalogue = _gettext.GNUTranslations(io.BytesIO(catalogue.read_bytes()))
        return locale.textDirection()
    _catalogue = _gettext.NullTranslations()
    return Qt.LayoutDirection.LeftToRight


def _(message: str) -> str:
    """`message` in the reader's language."""
    return _catalogue.gettext(message) if message else ""  # else gettext returns the catalogue's header


def error_text(error: ClientError) -> str:
    """The message of `error` in the reader's language."""
    words = _(error.sentence)
    return words.replace("{address}", error.address) if error.address else words


def error_explanation(error: ClientError) -> str:
    """The title and message of `error`, in the reader's language."""
    return f"{_(error.title)}. {error_text(error)}"


def not_written(path: Path, error: OSError) -> Refused:
    """That the file could not be written, and why, in the reader's language."""
    words = _("{file} cannot be written: {why}. Choose another place.")
    told = words.format(file=path.name, why=_(reasons.reason(error).why))
    return Refused(told, title=_("The file could not be written"))


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, by the plural rule of the reader's language; `{count}` is filled in."""
    return _catalogue.ngettext(one, many, count).format(count=figure(count))


N_: Final = texts.N_
_JOINER: Final = "\u2060"
"""A word joiner: it has no width, and no name of a tag begins with it."""


def plain(text: str) -> str:
    """`text` escaped for where Qt guesses whether it is markup, as in a tool tip."""
    if not QtText.mightBeRichText(text):
        return text
    return text.replace("<", f"<{_JOINER}").replace("&lt;", f"&{_JOINER}lt;")


def literal(text: str) -> str:
    """`text` escaped for a button, a choice or a menu, where `&` marks a shortcut."""
    return text.replace("&", "&&")


def window_title(text: str) -> str:
    """`text` for a window's title, where `[*]` would be the mark of a changed document."""
    return text.replace("[*]", "[*][*]")


_FULFILMENT: Final = {
    Fulfilment.PICKUP: N_("Pick-up"),
    Fulfilment.DELIVERY: N_("Delivery"),
    Fulfilment.DINE_IN: N_("Eat here"),
}
_TENDER: Final = {
    Tender.CASH: N_("Cash"),
    Tender.CARD: N_("Card"),
    Tender.CASH_ON_DELIVERY: N_("Pay on delivery"),
    Tender.VOUCHER: N_("Voucher"),
}


# Unknown values of a newer server have their readable name.


def status_label(status: OrderStatus) -> str:
    return _(look(status).label)


def status_description(status: OrderStatus) -> str:
    return _(look(status).description)


def fulfilment_label(fulfilment: Fulfilment) -> str:
    return _(_FULFILMENT[fulfilment]) if fulfilment.is_known else fulfilment.readable


def tender_label(tender: Tender) -> str:
    return _(_TENDER[tender]) if tender.is_known else tender.readable


def drawer_act_label(act: DrawerAct) -> str:
    """The label of what was done at a drawer: `Paid in`."""
    return _(act.label)


def payment_label(payment: PaymentState, tender: Tender) -> str:
    """The label of a payment: paid, or how it will be paid."""
    if payment is PaymentState.PAID:
        return _("Paid")
    if not payment.is_known:
        return payment.readable
    return _("Refunded") if payment is PaymentState.REFUNDED else tender_label(tender)


def payment_text(payment: Payment, currency: str) -> str:
    """A payment with all that belongs to it: `Cash $10.00 · Tip $1.00 · Given $20.00 · Change $9.00`."""
    parts = [f"{tender_label(payment.tender)} {money(payment.amount_minor, currency)}"]
    if payment.tip_minor:
        parts.append(_("Tip {amount}").format(amount=money(payment.tip_minor, currency)))
    if payment.rounding_minor:
        parts.append(_("Rounding {amount}").format(amount=money(payment.rounding_minor, currency)))
    if payment.given_minor is not None:
        parts.append(_("Given {amount}").format(amount=money(payment.given_minor, currency)))
        parts.append(_("Change {amount}").format(amount=money(payment.change_minor, currency)))
    if payment.reference:
        parts.append(payment.reference)
    return " · ".join(parts)


def tenders_text(amounts: Mapping[Tender, int], currency: str) -> str:
    """Amounts by tender: `Card $7.20 · Cash $8.77`."""
    return " · ".join(f"{tender_label(tender)} {money(amount, currency)}" for tender, amount in amounts.items())


def change_text(change: LineChange) -> str:
    """The change of a line in words: `+ 1 Soda`, `- 2 Fries`, `Fries: 2 > 1`."""
    if not change.before:
        return f"+ {figure(change.now)} {change.name}"
    if not change.now:
        return f"\N{MINUS SIGN} {figure(change.before)} {change.name}"
    if change.before == change.now:
        return f"{change.name}: “{change.note}”"
    return f"{change.name}: {figure(change.before)} → {figure(change.now)}"


def request_lines(order: Order, request: ChangeRequest) -> list[str]:
    """A change request in words, a line for each difference."""
    told = [change_text(each) for each in request.changes]
    if request.note != order.note:
        told.append(_("Note: {note}").format(note=request.note) if request.note else _("No note any more"))
    return told


_LESS: Final = "\N{MINUS SIGN}"


def difference_text(order: Order, total_minor: int) -> tuple[str, str]:
    """`+ $3.20 to pay`, `- $4.00 to give back`, and the token of its colour. What is not paid yet comes to more or
    less."""
    is_paid, more = bool(payments_of(order)), difference(order, total_minor)
    if not more:
        return (_("Nothing to pay") if is_paid else _("The same total")), "muted"
    if not more.startswith(_LESS):
        return _("{amount} to pay").format(amount=more), "danger"
    words = _("{amount} to give back") if is_paid else _("{amount} less to pay")
    return words.format(amount=more), "ready"


def difference(order: Order, total_minor: int) -> str:
    """`+ $3.20`, `- $4.00`; empty where there is none."""
    more_minor = total_minor - (paid_minor(order) if payments_of(order) else order.total_minor)
    sign = "+" if more_minor > 0 else _LESS
    return f"{sign} {money(abs(more_minor), order.currency)}" if more_minor else ""


def refund_label(order: Order) -> str:
    """The partial refund of an order that stays paid: `Refunded $4.00`. Empty where it is nothing, or all of it."""
    if not order.refunded_minor or order.payment is PaymentState.REFUNDED:
        return ""
    return _("Refunded {amount}").format(amount=money(order.refunded_minor, order.currency))


def refunded_to(order: Order) -> str:
    """The tenders by which something was given back, with each amount where they are several."""
    back: dict[Tender, int] = {}
    for each in order.payments:
        if each.refunded_minor:
            back[each.tender] = back.get(each.tender, 0) + each.returned_minor
    if given_back_minor(order):  # by an amendment: nobody has written down which tender was for which
        return ", ".join(map(tender_label, back))
    if len(back) > 1 or sum(back.values()) != (order.refunded_minor if back else 0):
        return tenders_text(back, order.currency)
    return tender_label(next(iter(back), order.tender))


def guest_name(order: Order) -> str:
    """The name on the ticket: `Ada`, or for a number typed for guests who eat here, `Table 7`. Empty without one."""
    name = order.customer_name
    return _("Table {table}").format(table=name) if is_table(name, order.fulfilment) else name


def figure(count: int) -> str:
    """A whole number in the digits of the reader's language: 12, ١٢."""
    return _in_figures(str(count))


def money(amount_minor: int, currency: str) -> str:
    """An amount of minor units in the reader's format: 2143, USD → $21.43. Less than nothing has a minus sign: some
    languages' accounts have brackets."""
    if amount_minor < 0:
        return f"\N{MINUS SIGN}{money(-amount_minor, currency)}"
    digits = exponent(currency)
    locale = QLocale()
    symbol = _SYMBOLS.get(currency, currency + "\N{NO-BREAK SPACE}")
    # Shown, never computed with: a double holds every amount below 2^53 minor units exactly enough to print it.
    return locale.toCurrencyString(amount_minor / 10**digits, symbol, digits)


def allowed_text(approver: str) -> str:
    """The author with the approver; empty without an approver."""
    return _("allowed by {name}").format(name=approver) if approver else ""


def percentage(rate: int) -> str:
    """A rate in 1/1000 % in the reader's format: 8875 → 8.875 %."""
    decimals = max(3 - (len(str(rate)) - len(str(rate).rstrip("0"))), 0) if rate else 0
    locale = QLocale()
    return f"{locale.toString(rate / 1_000, 'f', decimals)}\N{NO-BREAK SPACE}{locale.percent()}"


def channel_label(channel: Channel) -> str:
    if not channel.is_known:
        return channel.readable
    return _("Online") if channel is Channel.ONLINE else _("Counter")


def rates_of(group: str) -> str:
    """The rates of a group of taxes: `STD:8250` as `STD 8.25 %`."""
    rates = (each.rpartition(":") for each in group.split("+"))
    return " + ".join(f"{code} {percentage(int(rate))}" for code, _colon, rate in rates)


def tax_label(tax: TaxSum, *, included: bool) -> str:
    """A tax with its rate: `VAT 19 %`."""
    if tax.rate is None:
        return _("Tax included") if included else _("Tax")
    named = f"{_('Tax') if tax.code == DEFAULT_CODE else tax.code} {percentage(tax.rate)}"
    return _("{tax} included").format(tax=named) if included else named


def discount_text(discount: Discount, currency: str) -> str:
    """A discount with its reason: `−50 % · Staff meal`."""
    return f"{_off(discount, currency)} · {discount.reason}"


def _off(discount: Discount, currency: str) -> str:
    if discount.rate == PERCENT:
        return _("On the house")
    if discount.rate is not None:
        return f"\N{MINUS SIGN}{percentage(discount.rate)}"
    return money(-(discount.amount_minor or 0), currency)


def deductions(priced: Order | Amounts, currency: str, *, reasons: bool = True) -> Iterator[tuple[str, int]]:
    """The rows above the total and its taxes, in words and minor units: the subtotal, what is taken off it, and
    what is charged for service.
    Nothing where that is the total."""
    of_order_minor = sum(line.order_discount_minor for line in priced.lines)
    discount = priced.discount
    service = priced.service
    if priced.discount_minor or priced.service_minor or not priced.tax_included:
        yield _("Subtotal"), priced.subtotal_minor
    if priced.discount_minor > of_order_minor:
        yield _("Discounts on items"), of_order_minor - priced.discount_minor
    if discount is not None:
        # An amount stands beside it already.
        words = _("Discount") if discount.rate is None else _off(discount, currency)
        yield f"{words} · {discount.reason}" if reasons else words, -of_order_minor
    if service is not None and (service.rate or service.reason):
        words = _("Service charge {percent}").format(percent=percentage(service.rate))
        yield f"{words} · {service.reason}" if reasons and service.reason else words, priced.service_minor


AMOUNT_LENGTH: Final = 40
"""Signs in the longest amount that `money` writes, for fields that it is put into."""


def parse_amount(text: str, currency: str) -> int:
    """A typed amount in minor units; the inverse of `money`.

    Raises `DomainError` on anything that is not an amount of that currency; a misplaced group separator is the decimal
    point of another language, and is refused rather than guessed.
    """
    locale = QLocale()
    signs = {locale.groupSeparator(): ",", locale.decimalPoint(): "."}
    bare = text.replace(_SYMBOLS.get(currency, currency), "")
    shown = (signs.get(sign, sign) for sign in bare if not sign.isspace() and unicodedata.category(sign) != "Cf")
    return parse_minor("".join(shown), currency)


def parse_percentage(text: str) -> int:
    """A typed percentage in 1/1000 %; the inverse of `percentage`. Raises `DomainError` on anything else."""
    locale = QLocale()
    bare = text.replace(locale.percent(), "").replace("%", "").replace(locale.decimalPoint(), ".")
    bare = ascii_digits("".join(bare.split())).replace(",", ".")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", bare) is None:
        raise DomainError(f"{text!r} is no percentage")
    return int(Decimal(bare) * 1_000)


_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "MXN": "$", "CAD": "$", "AUD": "$"}


def clock(at: datetime) -> str:
    """The time of day at the shop: 12:04."""
    shown = local(at)
    return QLocale().toString(QTime(shown.hour, shown.minute, shown.second), QLocale.FormatType.ShortFormat)


def date(at: datetime) -> str:
    """The date at the shop, in figures: 11/22/26."""
    return QLocale().toString(_date(at), QLocale.FormatType.ShortFormat)


def day(at: datetime, now: datetime) -> str:
    """`Today`, `Yesterday`, or the date at the shop."""
    shown, today = local_date(at), local_date(now)
    days = (today - shown).days
    if days == 0:
        return _("Today")
    if days == 1:
        return _("Yesterday")
    pattern = "d MMM" if shown.year == today.year else "d MMM yyyy"
    return QLocale().toString(_date(at), pattern)


def time_of_day(at: datetime, now: datetime) -> str:
    """`12:01` of today; of another day with it: `Yesterday 12:01`."""
    return clock(at) if local_date(at) == local_date(now) else f"{day(at, now)} {clock(at)}"


def age(seconds: float) -> str:
    """An age, short enough for a chip: `3 s`, `4 min`, `2 h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return _("{n} s").format(n=figure(whole))
    if whole < 3600:
        return _("{n} min").format(n=figure(whole // 60))
    return _("{n} h").format(n=figure(whole // 3600))


def stopwatch(seconds: float) -> str:
    """A duration: 0:42, 14:37, 1:02:05."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return _in_figures(f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}")


def isolated(words: str, direction: Qt.LayoutDirection) -> str:
    """`words` in their own direction: an English address stays one on an Arabic till (Unicode's FSI and PDI)."""
    return f"\u2068{words}\u2069" if direction is Qt.LayoutDirection.RightToLeft else words


def _in_figures(digits: str) -> str:
    zero = ord(QLocale().zeroDigit())
    return digits if zero == ord("0") else digits.translate({ord("0") + n: zero + n for n in range(10)})


def _date(at: datetime) -> QDate:
    shown = local_date(at)
    return QDate(shown.year, shown.month, shown.day)
