"""Held baskets: what a guest is about to order, kept by the shop under a name, a table or a number until a till goes on
with it.

The server keeps them, a till predicts them with the same functions. What is done with a basket may arrive in any order,
as tills send it: once a basket is gone it stays so, whatever arrives later.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.commands import UUID, Address, Basket, ClientTime, Lines
from core.domain.discount import Discount, check_discount
from core.domain.errors import DomainError, IllegalMove
from core.domain.ids import BasketId, CustomerId, DeviceId
from core.domain.order import NewLine, Note
from core.domain.phones import with_plus
from core.domain.service import Service
from core.domain.status import Fulfilment
from core.domain.texts import check_no_card

HELD_MOST: Final = 200
"""How many baskets a shop holds at most."""
LABEL_LENGTH: Final = 40
TOO_MANY: Final = "The shop holds 200 baskets, which is the maximum. Order or delete some of them first."
FINISHED: Final = "This basket is no longer held: it was ordered, held anew or deleted."


class HoldBasket(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a basket for later."""

    id: Annotated[BasketId, UUID]
    """Made by the till. A basket that is held again is another."""
    label: Annotated[str, Meta(max_length=LABEL_LENGTH)] = ""
    """A name, a table or a number. Empty: it is known by its time."""
    lines: Lines
    fulfilment: Fulfilment = Fulfilment.DINE_IN
    note: Note = ""
    address: Address = ""
    discount: Discount | None = None
    """That of the whole order; a line's is in the line."""
    service: Service | None = None
    """Another service charge than the shop's, with its reason."""
    customer_id: CustomerId | None = None
    customer_name: Annotated[str, Meta(max_length=120)] = ""
    customer_phone: Annotated[str, Meta(max_length=40)] = ""
    replaces: Basket = BasketId("")
    held_at_client: ClientTime | None = None


class TakeBasket(msgspec.Struct, frozen=True, kw_only=True):
    """Go on with a held basket, at this till alone. It stays held until it is ordered, held anew or dropped."""

    taken_at_client: ClientTime | None = None


class DropBasket(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a held basket."""

    dropped_at_client: ClientTime | None = None


BasketCommand = HoldBasket | TakeBasket | DropBasket


class Hand(msgspec.Struct, frozen=True):
    """The person, POS and time of an act."""

    by: str
    device: DeviceId
    at: datetime
    """When the server was told."""
    client_at: datetime | None = None
    """When it was done, by the till's clock, if sent."""

    @property
    def done_at(self) -> datetime:
        return self.client_at or self.at


class HeldBasket(msgspec.Struct, frozen=True, kw_only=True):
    id: BasketId
    label: str = ""
    lines: tuple[NewLine, ...] = ()
    fulfilment: Fulfilment = Fulfilment.DINE_IN
    note: str = ""
    address: str = ""
    discount: Discount | None = None
    service: Service | None = None
    customer_id: CustomerId | None = None
    customer_name: str = ""
    customer_phone: str = ""
    held: Hand
    taken: Hand | None = None
    """Who goes on with it."""
    gone: Hand | None = None
    """Who has ordered it, held it anew or dropped it. Nothing else of it is kept then."""

    @property
    def device(self) -> DeviceId:
        """The till whose it is: that which has taken it, or has held it."""
        return (self.taken or self.held).device


def hold(known: HeldBasket | None, asked: HoldBasket, by: Hand, held_count: int) -> HeldBasket:
    """The basket that is held. `known`: what there is under its id; `held_count`: how many the shop holds. One that is
    gone stays gone: its order arrived before it. Raises `IllegalMove`, `DomainError`, `CardNumber`."""
    if known is not None:
        if known.gone is None:
            raise IllegalMove("There already is a basket with this id.", "id")
        return known
    if held_count >= HELD_MOST:
        raise DomainError(TOO_MANY, "id")
    check_no_card(
        label=asked.label, note=asked.note, address=asked.address, customer_name=asked.customer_name,
        customer_phone=with_plus(asked.customer_phone),
    )  # fmt: skip
    check_discount(asked.discount, "discount")
    check_no_card(**{"service.reason": asked.service.reason if asked.service is not None else ""})
    for at, line in enumerate(asked.lines):
        check_discount(line.discount, f"lines[{at}].discount")
        check_no_card(**{f"lines[{at}].note": line.note})
    return HeldBasket(
        id=asked.id,
        label=asked.label.strip(),
        lines=asked.lines,
        fulfilment=asked.fulfilment,
        note=asked.note.strip(),
        address=asked.address.strip(),
        discount=asked.discount,
        service=asked.service,
        customer_id=asked.customer_id,
        customer_name=asked.customer_name.strip(),
        customer_phone=asked.customer_phone.strip(),
        held=by,
    )


def take(known: HeldBasket, by: Hand, *, is_abandoned: bool = False) -> HeldBasket:
    """The basket, taken. `is_abandoned`: the till that has it is no longer one of the shop's. Raises `IllegalMove` when
    another till has taken it or finished with it; the same till may take it again."""
    if known.gone is not None:
        if known.gone.device == by.device:
            return known
        raise IllegalMove(_finished_by(known.gone), "id")
    if known.taken is not None and known.taken.device == by.device:
        return known
    _check_free(known, by, is_abandoned=is_abandoned)
    return msgspec.structs.replace(known, taken=by)


def drop(known: HeldBasket, by: Hand, *, is_abandoned: bool = False) -> HeldBasket:
    """The basket, deleted. Raises `IllegalMove` when another till has taken it."""
    if known.gone is None:
        _check_free(known, by, is_abandoned=is_abandoned)
    return finish(known, known.id, by)


def finish(known: HeldBasket | None, basket_id: BasketId, by: Hand) -> HeldBasket:
    """The basket after it was ordered or held anew, whoever had taken it: what was sold is sold."""
    if known is not None and known.gone is not None:
        return known
    return HeldBasket(id=basket_id, held=by if known is None else known.held, gone=by)


def _check_free(known: HeldBasket, by: Hand, *, is_abandoned: bool) -> None:
    taken = known.taken
    if taken is not None and taken.device != by.device and not is_abandoned:
        raise IllegalMove(f"{taken.by} has this basket open at {taken.device}. Only one POS goes on with it.", "id")


def _finished_by(gone: Hand) -> str:
    return f"{gone.by} has ordered, held anew or deleted this basket at {gone.device}."
