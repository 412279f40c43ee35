"""Holding baskets for later, and going on with them."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.domain.held_baskets import DropBasket, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, uuid7
from core.protocol import routes
from core.protocol.route import Request
from core.ui.bridge import Bridge
from core.ui.jobs import Job, Jobs
from core.ui.ordering.basket_model import BasketModel
from core.ui.ordering.checkout import Handover
from core.ui.text import _
from pos_app.new_order.presenter import NO_BASKET, Whom


class Holding(QObject):
    """One thing at a time. What the shop holds is the bridge's to say."""

    changed = Signal()
    """What is held, or whether something is being done."""
    held = Signal(object)
    """The `HeldBasket`: the page is free for the next guest."""
    taken = Signal(object)
    """The `HeldBasket` to go on with."""
    page_shared = Signal(str)
    """A sentence: another POS goes on with what is on the page, too."""
    failed = Signal(object)
    """A `ClientError`. Nothing was done."""

    def __init__(
        self, jobs: Jobs, api: SyncedApi, bridge: Bridge, basket: BasketModel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._bridge = bridge
        self._basket = basket
        self._job: Job | None = None
        self._open: HeldBasket | None = None
        self._lines: Collection[int] = ()
        bridge.baskets_changed.connect(self._on_baskets_changed)

    @property
    def busy(self) -> bool:
        return self._job is not None

    @property
    def baskets(self) -> tuple[HeldBasket, ...]:
        """The baskets that the shop holds, without the one on the page."""
        open_here = self.open_here
        return tuple(each for each in self._bridge.baskets if open_here is None or each.id != open_here.id)

    @property
    def open_here(self) -> HeldBasket | None:
        """The held basket that is on the page, while any of its lines is: what is rung up once they are removed is
        another guest's."""
        if self._open is None or not any(line.id in self._lines for line in self._basket.basket.lines):
            return None
        return self._open

    @property
    def id_of_page(self) -> BasketId:
        """The id of the held basket that is on the page; empty for none."""
        open_here = self.open_here
        return open_here.id if open_here is not None else NO_BASKET

    def clear(self) -> None:
        """Nothing is on the page. Answers that are still to come are ignored."""
        self._open, self._lines = None, ()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.changed.emit()

    def request(self, label: str, whom: Whom, handover: Handover) -> HoldBasket:
        """The command that holds what is on the page."""
        customer, guest = whom.customer, whom.guest
        return HoldBasket(
            id=BasketId(uuid7()),
            label=label.strip(),
            lines=self._basket.basket.wanted,
            fulfilment=handover.fulfilment,
            note=handover.note,
            address=handover.address,
            discount=self._basket.basket.discount,
            service=self._basket.basket.own_service,
            customer_id=customer.id if customer else None,
            customer_name=customer.name if customer else guest.name,
            customer_phone=customer.phone if customer else guest.phone,
            replaces=self.id_of_page,
        )

    def hold(self, asked: HoldBasket, then: Callable[[], object] | None = None) -> None:
        """Hold what is on the page, or was there, and `then` go on."""

        def done(basket: HeldBasket) -> None:
            self._open, self._lines = None, ()
            self.held.emit(basket)
            if then is not None:
                then()

        self._run(routes.HOLD_BASKET(body=asked), done)

    @Slot(object)
    def take(self, basket: HeldBasket) -> None:
        """Go on with a held basket. The page is empty."""
        self._run(routes.TAKE_BASKET(basket.id, body=TakeBasket()), self.taken.emit)

    @Slot(object)
    def drop(self, basket: HeldBasket) -> None:
        """Delete a held basket."""
        self._run(routes.DROP_BASKET(basket.id, body=DropBasket()), lambda _basket: None)

    def loaded(self, basket: HeldBasket, lines: Collection[int]) -> None:
        """A held basket is on the page, as these lines."""
        self._open, self._lines = basket, lines
        self.changed.emit()

    def _run(self, request: Request[Any], done: Callable[[HeldBasket], object]) -> None:
        if self._job is not None:
            return

        def answered(basket: HeldBasket) -> None:
            self._job = None
            done(basket)
            self.changed.emit()

        def failed(error: ClientError) -> None:
            self._job = None
            self.failed.emit(error)
            self.changed.emit()

        self._job = self._jobs.run(partial(self._api.call, request), answered, failed)
        self.changed.emit()

    @Slot(object)
    def _on_baskets_changed(self, baskets: tuple[HeldBasket, ...]) -> None:
        here = None if self.busy else self.open_here
        if here is not None and here.taken is not None:
            now = next((each for each in baskets if each.id == here.id), None)
            if now is None:
                self._open = None
                self.page_shared.emit(_("Another POS has ordered, held anew or deleted this basket."))
            elif now.taken is not None and now.taken.device != here.taken.device:
                self._open = None
                self.page_shared.emit(taken_text(now))
        self.changed.emit()


def taken_text(basket: HeldBasket) -> str:
    """The person and POS that have taken a basket, in words."""
    assert basket.taken is not None
    return _("{name} has this basket open at {pos}.").format(name=basket.taken.by, pos=basket.taken.device)


def name_of(basket: HeldBasket, time: str) -> str:
    """The name of a basket: its label, or its time."""
    return basket.label or basket.customer_name or time
