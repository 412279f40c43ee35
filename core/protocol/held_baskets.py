"""The baskets that a shop holds."""

import msgspec

from core.domain.held_baskets import HeldBasket


class BasketList(msgspec.Struct, frozen=True, kw_only=True):
    """Those that are not gone, the oldest first."""

    baskets: tuple[HeldBasket, ...]
