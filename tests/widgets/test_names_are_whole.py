"""A long name goes into lines at words, in smaller letters where a word is longer than a line."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QFont, QFontMetricsF
from pytestqt.qtbot import QtBot

from core.admin.setup import demo_menu
from core.ui.ordering import basket_list, menu_tiles
from core.ui.ordering.menu_tiles import CategoryPills
from core.ui.ordering.view import OrderingView
from core.ui.theme import Theme
from core.ui.widgets import painting
from core.ui.widgets.painting import fitted_font, wrapped
from tests.support.fake_backend import FakeBackend
from tests.support.fits import shortened
from tests.support.ordering import Finger
from tests.support.pos_window import Screen, open_till

NAMES = (
    *(item.name for item in demo_menu().items().values()),
    "Käsespätzlepfanne mit Röstzwiebeln",
    "شاورما الدجاج بالثوم",
    "Борщ по-киевски",
)


@pytest.mark.parametrize("scale", [100, 150, 200])
@pytest.mark.parametrize("width", [100, 125, 190])
def test_no_word_is_broken(qtbot: QtBot, scale: int, width: int) -> None:
    font = Theme("light", scale).font("strong", QFont.Weight.DemiBold)
    room = width * scale // 100
    for name in NAMES:
        fitted = fitted_font(name, font, room)
        lines = wrapped(name, fitted, room, 9)
        assert " ".join(lines).replace("- ", "-") == name
        assert max(map(QFontMetricsF(fitted).horizontalAdvance, lines)) <= room
        assert fitted.pixelSize() >= font.pixelSize() // 2


def test_what_fits_keeps_its_size_and_what_nothing_fits_is_elided(qtbot: QtBot) -> None:
    font = Theme("light").font("strong", QFont.Weight.DemiBold)
    assert fitted_font("Miso ramen", font, 120) == font
    long = "Donaudampfschifffahrtsgesellschaftskapitän"
    tiny = fitted_font(long, font, 60)
    assert tiny.pixelSize() == int(font.pixelSize() * 0.6)
    (line,) = wrapped(long, tiny, 60, 3, anywhere=False)
    assert line.endswith("…")
    assert "".join(wrapped(long, tiny, 60, 99)) == long, "in a basket nothing is cut"


@pytest.mark.parametrize("width", [1024, 1280])
def test_tiles_and_lines_of_the_largest_letters(
    qtbot: QtBot,
    backend: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    dressing: Callable[[Theme], None],
    width: int,
) -> None:
    painted: list[tuple[str, ...]] = []

    def paint(*args: object) -> int:
        painted.append(args[2])  # type: ignore[arg-type]
        return painting.paint_lines(*args)  # type: ignore[arg-type]

    dressing(Theme("light", 200))
    backend.menu = demo_menu()
    with open_till(qtbot, backend, text_scale=200) as till:
        till.arrive()
        till.window.resize(width, 800)
        till.click("nav_new")
        Screen.settle(till)
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        Finger(view, qtbot).tile("Chocolate brownie")
        Screen.settle(till)
        for module in (menu_tiles, basket_list):
            monkeypatch.setattr(module, "paint_lines", paint)
        till.window.grab()
        names = {item.name for item in backend.menu.items().values()}
        shown = [" ".join(lines) for lines in painted]
        broken = [
            lines
            for lines in painted
            if len(lines) > 1
            and "".join(lines).replace(" ", "") in {name.replace(" ", "") for name in names}
            and " ".join(lines) not in names
        ]
        assert not broken
        assert "Chocolate brownie" in shown


def test_the_categories_are_one_row_where_they_fit_in_it(
    qtbot: QtBot, backend: FakeBackend, dressing: Callable[[Theme], None]
) -> None:
    theme = Theme("light")
    dressing(theme)
    backend.menu = demo_menu()
    with open_till(qtbot, backend) as till, shortened() as short:
        till.arrive()
        till.window.resize(1280, 800)
        till.click("nav_new")
        Screen.settle(till)
        pills = till.window.findChild(CategoryPills)
        assert isinstance(pills, CategoryPills)
        qtbot.waitUntil(lambda: pills.height() == theme.touch_px)
        short.clear()
        pills.grab()
        assert not short
