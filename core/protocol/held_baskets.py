"""The baskets that a shop holds."""

import msgspec

from core.domain.held_baskets import HeldBasket


class BasketList(msgspec.Struct, frozen=True, kw_only=True):
    """The baskets that are held, oldest first."""

    baskets: tuple[HeldBasket, ...]
