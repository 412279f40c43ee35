"""The tenders of a shop: by which means it is paid, and how each is handled (ADR 69)."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from typing_extensions import override

from core.domain.errors import InvalidOrder
from core.domain.texts import check_no_card
from core.wire_enum import WireEnum

MAX_TENDERS: Final = 40
MAX_NAME: Final = 40
_ID: Final = re.compile(r"[^\W_][\w.&'’+()/-]*")


class Tender(WireEnum):
    """A means of payment. A shop has tenders of its own besides these: their value is their name, with `_` for its
    spaces, so that whoever knows only the value, as a window of an earlier release does, can show it in words."""

    CASH = "cash"
    CARD = "card"
    CASH_ON_DELIVERY = "cash_on_delivery"
    VOUCHER = "voucher"
    """A voucher, of the shop or of somebody else: what it is worth. Its number is the payment's reference."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> "Tender | None":
        """Any may be a shop's own: which it has is checked where it is known."""
        return cls.newer(value) if isinstance(value, str) else None


class ShopTender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tender as a shop handles it. Its name, and what it means for the drawer, never change: sums of long ago go by
    them. A shop that wants another withdraws it and adds one."""

    id: Tender
    opens_drawer: bool = False
    """What is taken by it lies in the drawer, and is counted there."""
    rounds: bool = False
    """It is paid in coins and notes: it gives change, and is rounded where the shop rounds."""
    needs_reference: bool = False
    """A payment by it says what it is found by elsewhere: a slip's number."""
    offline: bool = True
    """A till may take it without a server."""
    withdrawn: bool = False
    """It is not offered any more. What was paid by it stays."""


TENDERS: Final = (
    ShopTender(id=Tender.CASH, opens_drawer=True, rounds=True),
    ShopTender(id=Tender.CARD),
    ShopTender(id=Tender.CASH_ON_DELIVERY, rounds=True),
    ShopTender(id=Tender.VOUCHER),
)
"""Those that a shop begins with, in the order of a till's keys."""


def tender_named(name: str) -> Tender:
    """The tender of that name: `meal card` → `Meal_card`; one that every shop has, however it is typed: `On delivery`,
    `CASH`. Raises `InvalidOrder`."""
    words = "_".join(name.replace("_", " ").split())
    known = {"on_delivery": Tender.CASH_ON_DELIVERY} | {str(each): each for each in Tender}
    if (found := known.get(words.casefold())) is not None:
        return found
    if not words or len(words) > MAX_NAME:
        raise InvalidOrder(f"The name of a tender has 1 to {MAX_NAME} letters.", "tenders")
    return Tender.newer(words[:1].upper() + words[1:])


def described(tender: ShopTender) -> str:
    """`Meal card (needs a reference, withdrawn)`, for logs and commands."""
    facts = {
        "in the drawer": tender.opens_drawer,
        "coins": tender.rounds,
        "needs a reference": tender.needs_reference,
        "not offline": not tender.offline,
        "withdrawn": tender.withdrawn,
    }
    said = ", ".join(fact for fact, is_so in facts.items() if is_so)
    return f"{tender.id.readable} ({said})" if said else tender.id.readable


def not_withdrawn(tenders: Sequence[ShopTender]) -> list[ShopTender]:
    """The tenders that are not withdrawn, in the order of the keys. A server of an earlier release names none."""
    return [each for each in tenders or TENDERS if not each.withdrawn]


def in_drawer(tenders: Sequence[ShopTender]) -> list[Tender]:
    """The tenders whose money is counted in a drawer, withdrawn ones too."""
    return [each.id for each in tenders or TENDERS if each.opens_drawer]


def check_tenders(tenders: Sequence[ShopTender], before: Sequence[ShopTender]) -> None:
    """Checks the tenders that a shop is to have in place of those `before`. Raises `InvalidOrder`, and `CardNumber`
    for a name that is one."""
    if len(tenders) > MAX_TENDERS:
        raise InvalidOrder(f"A shop has at most {MAX_TENDERS} tenders, withdrawn ones counted.", "tenders")
    former = {each.id: each for each in before}
    names: set[str] = set()
    for place, each in enumerate(tenders):
        field = f"tenders[{place}]"
        was = former.pop(each.id, None)
        if was is None and (not _ID.fullmatch(each.id) or tender_named(each.id) != each.id):
            raise InvalidOrder(
                "The name of a tender begins with a capital letter or a digit, and is of letters, digits and "
                "- . & ' + ( ) / and spaces.",
                f"{field}.id",
            )
        check_no_card(**{f"{field}.id": each.id.replace("_", " ")})
        if each.id.casefold() in names:
            raise InvalidOrder(f"There are two tenders {each.id.readable!r}.", f"{field}.id")
        names.add(each.id.casefold())
        if was is not None and (was.opens_drawer, was.rounds) != (each.opens_drawer, each.rounds):
            raise InvalidOrder(
                f"What {each.id.readable} means for the drawer stays as it is: what was counted goes by it. Withdraw "
                "it, and add another.",
                field,
            )
        if each.opens_drawer and not each.rounds:
            raise InvalidOrder("What lies in the drawer is coins and notes: it gives change.", f"{field}.rounds")
    if former:
        gone = next(iter(former)).readable
        raise InvalidOrder(f"{gone} stays in the table, as orders may name it. Withdraw it instead.", "tenders")
    if not not_withdrawn(tenders):
        raise InvalidOrder("A shop takes at least one tender.", "tenders")


def check_tender(tenders: Sequence[ShopTender], tender: Tender, field: str, *, is_new: bool = False) -> ShopTender:
    """The shop's tender. `is_new`: a customer chooses it now, so it is not withdrawn. What a till has taken is taken,
    even by one that was withdrawn meanwhile. Raises `InvalidOrder`."""
    found = next((each for each in tenders if each.id == tender), None)
    if found is None:
        raise InvalidOrder(f"This shop has no tender {tender.readable!r}.", field)
    if is_new and found.withdrawn:
        raise InvalidOrder(f"{tender.readable} is not taken here any more. Choose another way to pay.", field)
    return found
