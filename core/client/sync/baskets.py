"""The baskets that the shop holds: any POS of it may hold one; one POS goes on with it."""

from typing import Any, Final

import msgspec

from core.client.errors import Conflict, NotFound, Refused, Unreachable
from core.client.http.api import SessionApi
from core.client.operations import Kind, basket_queue, no_order
from core.client.sync.engine import Engine
from core.client.sync.outbox import Outbox
from core.client.sync.synchronizer import Synchronizer
from core.domain import held_baskets
from core.domain.errors import DomainError, IllegalMove
from core.domain.held_baskets import FINISHED, BasketCommand, DropBasket, Hand, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, DeviceId, OpId
from core.protocol.route import Request

NO_TILL: Final = "Sign in at a POS: baskets are held there."
ELSEWHERE: Final = "Without the server, only the POS that has held a basket goes on with it."


class SharedBaskets:
    """Made for one session of a person, and ended with it.

    Holding is accepted here, with or without a server. Who gets a basket is the server's to say; without it, the POS
    that has the basket goes on with it.
    """

    def __init__(self, api: SessionApi, outbox: Outbox, sync: Synchronizer, engine: Engine) -> None:
        self._api = api
        self._outbox = outbox
        self._sync = sync
        self._publisher = sync.publisher
        self._engine = engine

    def accept(self, kind: Kind, request: Request[HeldBasket], asked: BasketCommand) -> HeldBasket:
        """Hold, take or drop a basket. Raises `Refused` and `Conflict` for what the server refuses, or would."""
        if not self._device:
            raise Refused(NO_TILL)
        try:
            if isinstance(asked, HoldBasket):
                return self._hold(request.op_id, asked)
            return self._take_or_drop(kind, request, asked)
        except IllegalMove as error:
            raise Conflict(error.message, order=None) from None
        except DomainError as error:
            raise Refused(error.message, field=error.field) from None

    def _hold(self, op_id: OpId, asked: HoldBasket) -> HeldBasket:
        at = self._api.client.server_now()
        asked = msgspec.structs.replace(asked, held_at_client=asked.held_at_client or at)
        others = [each for each in self._publisher.baskets() if each.id not in (asked.id, asked.replaces)]
        basket = held_baskets.hold(None, asked, self._hand, len(others))
        self._keep(Kind.HOLD_BASKET, op_id, asked.id, asked)
        return basket

    def _take_or_drop(self, kind: Kind, request: Request[Any], asked: TakeBasket | DropBasket) -> HeldBasket:
        basket_id = BasketId(request.parameter)
        basket = next((each for each in self._publisher.baskets() if each.id == basket_id), None)
        if basket is None:
            raise Refused(FINISHED)
        if self._withdraw(basket_id):
            return basket
        if not self._is_own_alone(basket) and (found := self._answer(request, basket)) is not None:
            return found
        hand = self._hand
        will_be = held_baskets.take(basket, hand) if isinstance(asked, TakeBasket) else held_baskets.drop(basket, hand)
        self._keep(kind, request.op_id, basket_id, asked)
        return will_be

    def _is_own_alone(self, basket: HeldBasket) -> bool:
        """Whether no other POS can have it: nobody else knows of it yet, or the server cannot be asked by this one."""
        waits = bool(self._outbox.of(basket_queue(basket.id)))
        return waits or (basket.device == self._device and self._api.client.connection.problem is not None)

    def _answer(self, request: Request[Any], basket: HeldBasket) -> HeldBasket | None:
        """The server's answer; None when it cannot be asked, and the basket is this POS's."""
        try:
            found: HeldBasket = self._api.call(request)
        except Unreachable:
            if basket.device != self._device:
                raise Refused(ELSEWHERE) from None
            return None
        except NotFound:
            raise Refused(FINISHED) from None
        self._publisher.basket_answered(found)
        if found.gone is not None and isinstance(request.body, TakeBasket):
            raise Refused(FINISHED)
        return found

    def _withdraw(self, basket_id: BasketId) -> bool:
        """Give up what the server has refused of it. True when that was to hold it: it is here alone."""
        refused = [each for each in self._outbox.of(basket_queue(basket_id)) if each.held]
        for each in refused:
            self._sync.discard(each.op_id, "")
        return any(each.kind is Kind.HOLD_BASKET for each in refused)

    def _keep(self, kind: Kind, op_id: OpId, basket_id: BasketId, asked: BasketCommand) -> None:
        at, queue = self._api.client.server_now(), basket_queue(basket_id)
        seen = no_order(queue, self._device, at, self._api.person.name)
        self._outbox.accept(kind, op_id, queue, asked, seen, at)
        self._publisher.publish(queue)
        self._engine.accepted()

    @property
    def _hand(self) -> Hand:
        return Hand(self._api.person.name, self._device, self._api.client.server_now())

    @property
    def _device(self) -> DeviceId:
        return DeviceId(self._api.session.device)
