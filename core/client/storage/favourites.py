"""The items that a till shows first, in the window's file (ADR 74): each till has its own."""

from core.client.storage.lease import Store
from core.domain.ids import ItemId, ShopId


class Favourites:
    """The favourites of one shop. Calls block for a disk's time, and raise what the store raises."""

    def __init__(self, store: Store, shop: ShopId) -> None:
        self._store = store
        self._shop = shop

    @property
    def items(self) -> frozenset[ItemId]:
        with self._store.reading() as db:
            rows = db.execute("SELECT item FROM favourites WHERE shop = ?", (self._shop,)).fetchall()
        return frozenset(ItemId(item) for (item,) in rows)

    def mark(self, item_id: ItemId, *, marked: bool) -> frozenset[ItemId]:
        """Mark an item, or take its mark away. Returns all that are marked then."""
        with self._store.transaction() as db:
            if marked:
                db.execute("INSERT OR IGNORE INTO favourites (shop, item) VALUES (?, ?)", (self._shop, item_id))
            else:
                db.execute("DELETE FROM favourites WHERE shop = ? AND item = ?", (self._shop, item_id))
        return self.items
