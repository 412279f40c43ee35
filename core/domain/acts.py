"""The acts that not everybody of a shop's staff may do. Who may is said by `core.domain.rights`."""

from enum import Enum
from typing import Final

import msgspec

from core.domain.texts import N_
from core.wire_enum import WireEnum


class Act(WireEnum):
    """An act that needs a right."""

    DISCOUNT = "discount"
    COMP = "comp"
    SERVICE = "service"
    REFUND = "refund"
    VOID = "void"
    CORRECT = "correct"
    RECORD_CARD = "record_card"
    CASH = "cash"
    NO_SALE = "no_sale"
    DRAWERS = "drawers"
    REPORTS = "reports"
    PAST_ORDERS = "past_orders"
    MENU = "menu"
    PRICES = "prices"
    SHOP = "shop"
    PEOPLE = "people"
    DEVICES = "devices"
    ALLOW_OFFLINE = "allow_offline"
    """At POSs where they have enrolled."""

    @property
    def label(self) -> str:
        """Its name for people, in English; windows translate it."""
        return _LABELS.get(self, self.readable)


_LABELS: Final = {
    Act.DISCOUNT: N_("Take off a part of a price"),
    Act.COMP: N_("Give something for nothing"),
    Act.SERVICE: N_("Change the service charge of an order"),
    Act.REFUND: N_("Give money back"),
    Act.VOID: N_("Cancel an order that was confirmed or paid"),
    Act.CORRECT: N_("Take back a payment that was recorded by mistake"),
    Act.RECORD_CARD: N_("Record by hand what a silent card terminal has done"),
    Act.CASH: N_("Put cash into the drawer or take it out, without a sale"),
    Act.NO_SALE: N_("Open the drawer without a sale"),
    Act.DRAWERS: N_("See other people's drawers, and what should be in one"),
    Act.REPORTS: N_("See reports"),
    Act.PAST_ORDERS: N_("See and change orders of earlier days"),
    Act.MENU: N_("Change the menu"),
    Act.PRICES: N_("Change prices"),
    Act.SHOP: N_("Change the shop and its taxes"),
    Act.PEOPLE: N_("Look after staff and customers' accounts"),
    Act.DEVICES: N_("Pair and revoke devices"),
    Act.ALLOW_OFFLINE: N_("Allow others something without the server, once enrolled at that POS"),
}


class Unit(Enum):
    """The unit of a limit."""

    PERCENT = "percent"
    """In 1/1000 %."""
    MONEY = "money"
    """In minor units of the shop's currency."""


class Need(msgspec.Struct, frozen=True, omit_defaults=True):
    """A right that one request needs: an act, and the amount, in the unit of its row."""

    act: Act
    size: int = 0
