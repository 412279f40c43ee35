"""What a customer does at a window over the sync engine, by its own controls."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from core.domain.ids import OrderId
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.customer_synced import Cable, Synced

ADA = (shop.ADA.phone, shop.PASSWORD)
GRACE = (shop.GRACE.phone, shop.PASSWORD)


def place_fries(screen: Synced) -> None:
    """Order the cheapest dish there is, by the page's own buttons."""
    screen.click("tab_order")
    tiles = screen.find(QWidget, "menu_tiles")
    model = tiles.model()  # type: ignore[attr-defined]
    screen.qtbot.waitUntil(lambda: model.rowCount() > 0)
    tiles.setFocus()
    row = next(at for at in range(model.rowCount()) if "Fries" in str(model.index(at, 0).data()))
    tiles.setCurrentIndex(model.index(row, 0))  # type: ignore[attr-defined]
    screen.qtbot.keyClick(tiles, Qt.Key.Key_Return)
    screen.click("checkout")
    screen.click("place_order")
    screen.qtbot.waitUntil(lambda: screen.sees("orders_page"))


def conflict(place: Place, cable: Cable, screen: Synced) -> OrderId:
    """An order that was cancelled here while the shop went on with it."""
    order = place.ada.place()
    screen.arrive(*ADA)
    screen.until_live()
    cable.pull()
    screen.until_offline()
    screen.click("cancel_order")
    screen.click("cancel_confirm")
    screen.qtbot.waitUntil(lambda: "Waiting to send" in screen.rows()[0])
    order = place.kim.bring(order, "preparing")
    cable.plug()
    screen.api.try_now()
    screen.qtbot.waitUntil(lambda: screen.sees("decision"))
    return OrderId(order["id"])
