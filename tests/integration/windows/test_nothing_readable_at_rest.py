"""What can be read in a window's files once its person has left: nothing that tells of people."""

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from core.domain.ids import OrderId
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA, place_fries
from tests.integration.windows.test_pos_live import KIM, arrive
from tests.support import shop
from tests.support.customer_synced import Cable, synced_window
from tests.support.customer_synced import Synced as CustomerScreen
from tests.support.pos_synced import Synced, synced_till

ADDRESS, NOTE = "Kastanienallee 7, links", "keine Nüsse, bitte"
PHONE = "".join(filter(str.isdigit, shop.ADA.phone))


def readable_in(directory: Path, words: tuple[str, ...]) -> set[str]:
    """Which of `words` are in any file of `directory`, as they are or as JSON writes them."""
    raw = b"\n".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    return {word for word in words if word.encode() in raw or json.dumps(word).encode()[1:-1] in raw}


def test_nothing_of_a_customer_can_be_read_after_sign_out(
    place: Place, cable: Cable, path: Path, screen: CustomerScreen, qtbot: QtBot
) -> None:
    words = (shop.ADA.name, PHONE, ADDRESS, NOTE, "Fries")
    place.ada.place(fulfilment="delivery", address=ADDRESS, note=NOTE)
    screen.arrive(*ADA)
    screen.until_live()
    place_fries(screen)
    qtbot.waitUntil(lambda: "ONLINE-0" in screen.rows()[0])
    assert set(words) - {"Fries"} <= readable_in(path, words), "while they are here, it is theirs"
    cable.pull()
    place_fries(screen)
    screen.click("sign_out")
    qtbot.waitUntil(lambda: screen.sees("sign_out_dialog"))
    screen.click("sign_out_confirm")
    qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
    assert readable_in(path, words) <= {"Fries"}, "the menu is nobody's secret"


def test_nothing_of_a_customer_can_be_read_when_their_window_has_fallen_over(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    words = (shop.ADA.name, PHONE)
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:  # leaves its file as a kill would
        screen.arrive(*ADA)
        screen.until_live()
        place_fries(screen)
        qtbot.waitUntil(lambda: "ONLINE-0" in screen.rows()[0])
    assert readable_in(path, words) == set(words)
    with synced_window(qtbot, cable.url, path) as screen:
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
        assert readable_in(path, words) == set()


def test_nothing_of_the_shops_customers_can_be_read_after_the_cashier_has_left(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    words = (shop.ADA.name, PHONE, ADDRESS, NOTE)
    order = OrderId(place.ada.place(fulfilment="delivery", address=ADDRESS, note=NOTE)["id"])
    with synced_till(qtbot, cable.url, path) as till:
        arrive(till, KIM)
        till.until_live()
        till.step(order)
        till.until_sent()
        assert readable_in(path, words) == set(words)
        till.click("cashier")
        till.choose("menu_sign_out")
        till.settle()
        qtbot.waitUntil(lambda: till.sees("staff_name"))
        assert readable_in(path, words) == set()
    assert isinstance(till, Synced)
