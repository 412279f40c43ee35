"""Service charges: what the house adds to an order, a percentage of what it comes to after discounts.

It is divided among the lines by what they come to, and each share is taxed, given back and amended with its line
(`core.domain.sale`: a charge that follows the lines).
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.errors import ReasonRequired
from core.domain.sale.rounding import PERCENT
from core.domain.status import Fulfilment
from core.domain.tax_table import percent
from core.domain.texts import check_no_card, is_blank

MAX_REASON: Final = 80
Rate = Annotated[int, Meta(ge=0, le=PERCENT, description="In 1/1000 %.")]


class ShopService(msgspec.Struct, frozen=True):
    """A shop's standard service charge."""

    rate: Rate = 0
    fulfilments: tuple[Fulfilment, ...] = (Fulfilment.DINE_IN,)
    """For which."""

    def described(self) -> str:
        """`12.5 % for dine_in`, for logs and commands."""
        return f"{percent(self.rate)} % for {', '.join(self.fulfilments)}" if self.rate else "none"

    def rate_for(self, fulfilment: Fulfilment) -> int:
        return self.rate if fulfilment in self.fulfilments else 0


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The charge of one order."""

    rate: Rate
    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""
    """Why it is not what the shop charges; empty where it is."""

    def described(self) -> str:
        """`service charge 0 %: Regular guest`, for histories and files."""
        return f"service charge {percent(self.rate)} %: {self.reason}"


def standard(services: Sequence[ShopService], fulfilment: Fulfilment) -> Service | None:
    """The standard service charge now; None for none. `services`: the shop's, the newest first."""
    rate = services[0].rate_for(fulfilment) if services else 0
    return Service(rate=rate) if rate else None


NO_SERVICE: Final = Service(rate=0)
_NOT_THE_SHOPS: Final = "Say why the service charge is not the shop's."


def checked_service(asked: Service | None, services: Sequence[ShopService], fulfilment: Fulfilment) -> Service | None:
    """The charge that staff ask for; None for nothing. Without a reason it is what the shop charges, or charged before,
    as the till was told. A client that knows of none asks for none.

    Raises `ReasonRequired`, and `CardNumber` for a reason that contains one.
    """
    if asked is None:
        return None
    check_no_card(**{"service.reason": asked.reason})
    if not is_blank(asked.reason):
        return msgspec.structs.replace(asked, reason=asked.reason.strip())
    if asked.rate not in ({each.rate_for(fulfilment) for each in services} or {0}):
        raise ReasonRequired(_NOT_THE_SHOPS, "service.reason")
    return Service(rate=asked.rate) if asked.rate else None


def amended_service(
    has: Service | None,
    asked: Service | None,
    services: Sequence[ShopService],
    fulfilment: Fulfilment,
    *,
    is_moved: bool,
) -> Service | None:
    """The charge of a placed order that is changed; None for nothing. What it `has` stays unless another is asked for.
    Without a reason it never becomes less; where the order `is_moved` to this fulfilment, it is not nothing while the
    shop charges for that.

    Raises `ReasonRequired`, and `CardNumber` for a reason that contains one.
    """
    was, usual = has or NO_SERVICE, standard(services, fulfilment)
    if asked in (None, was, Service(rate=was.rate)):
        if has is not None or not is_moved:
            return has
        if asked is None or usual is None:
            return usual
    assert asked is not None
    is_less = not asked.rate and usual is not None if is_moved else asked.rate < was.rate
    if is_less and is_blank(asked.reason):
        raise ReasonRequired(_NOT_THE_SHOPS, "service.reason")
    return checked_service(asked, services, fulfilment)
