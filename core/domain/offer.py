"""A shop's offer: its items and terms."""

from collections.abc import Mapping
from typing import NamedTuple

from core.domain.coins import NO_COINS, Coins
from core.domain.ids import ItemId, ShopId
from core.domain.menu import ChangesUntil, MenuItem
from core.domain.service import ShopService
from core.domain.tax_table import Terms


class Offer(NamedTuple):
    """A shop's items with its terms of pricing."""

    shop_id: ShopId
    terms: Terms
    items: Mapping[ItemId, MenuItem]
    country: str = ""
    """Whose phone numbers need no country code (ISO 3166-1 alpha-2)."""
    coins: Coins = NO_COINS
    """How it rounds what is paid in coins."""
    menu_version: int = 0
    """The menu's, of which `items` are; 0 where nobody asks."""
    changes_until: ChangesUntil = ChangesUntil.NEVER
    """Until when customers may ask for a change."""
    services: tuple[ShopService, ...] = ()
    """The service charge of now, and those before."""
