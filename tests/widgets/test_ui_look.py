"""The tokens hold what they promise: every text can be read, every icon drawn, every amount is the reader's."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

import resources
from core.client.errors import Refused
from core.client.settings import Scheme
from core.domain.status import OrderStatus, look
from core.ui import icons, text
from core.ui.ordering.menu_model import TOKENS
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice

SCHEMES: tuple[Scheme, ...] = ("light", "dark", "contrast")
AA = 4.5
"""WCAG 2.2, 1.4.3: contrast of text with its ground."""


def luminance(colour: QColor) -> float:
    """Relative luminance (WCAG 2.2)."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(c) for c in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(autouse=True)
def _english(qapp: object) -> Iterator[None]:
    text.use_language("en_US")
    yield
    text.use_language("en_US")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read(qapp: object, scheme: Scheme) -> None:
    theme = Theme(scheme)
    pairs = [(ink, ground) for ink in ("text", "muted") for ground in ("bg", "surface", "sunken")]
    pairs += [("brand_ink", "brand"), ("brand", "surface"), ("brand", "brand_soft"), ("text", "brand_soft")]
    pairs += [(n, f"{n}_soft") for n in ("pending", "confirmed", "preparing", "ready", "delivery", "danger")]
    low = {pair: contrast(theme.colour(pair[0]), theme.colour(pair[1])) for pair in pairs}
    assert not {pair: ratio for pair, ratio in low.items() if ratio < AA}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_where_one_types_can_be_seen(qapp: object, scheme: Scheme) -> None:
    """WCAG 2.2, 1.4.11: what shows that there is a control has 3:1 against what it is on."""
    theme = Theme(scheme)
    assert all(contrast(theme.colour("edge"), theme.colour(ground)) >= 3 for ground in ("bg", "surface"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_colours_of_categories_can_be_seen(qapp: object, scheme: Scheme) -> None:
    theme = Theme(scheme)
    assert all(
        contrast(theme.colour(each), theme.colour(on)) >= 3 for each in TOKENS.values() for on in ("surface", "sunken")
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_has_a_shape_a_word_and_a_colour(qapp: object, status: OrderStatus) -> None:
    shape = icons.icon(icons.status_icon(status), QColor(Qt.GlobalColor.black)).pixmap(24, 24).toImage()
    assert any(shape.pixelColor(x, y).alpha() for x in range(24) for y in range(24)), "the icon is empty"
    assert text.status_label(status)
    assert text.status_description(status)
    ink, ground = Theme("light").status_colours(status)
    assert contrast(ink, ground) >= AA


@pytest.mark.parametrize("status", OrderStatus)
def test_every_badge_has_its_status_colours(qtbot: QtBot, status: OrderStatus) -> None:
    theme = Theme("light")
    badge = QLabel("Status")
    qtbot.addWidget(badge)
    badge.setProperty("role", "badge")
    badge.setProperty("colour", look(status).colour)
    badge.setStyleSheet(theme.style_sheet())
    ground = badge.grab().toImage().pixelColor(badge.width() // 2, 3)
    assert (badge.palette().windowText().color(), ground) == theme.status_colours(status)


def test_every_icon_draws_something(qapp: object) -> None:
    for file in resources.ROOT.joinpath("icons").iterdir():
        image = icons.icon(file.name.removesuffix(".svg"), QColor(Qt.GlobalColor.black)).pixmap(24, 24).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24)), file.name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_style_sheet_names_only_tokens_that_exist(qapp: object, scheme: Scheme) -> None:
    sheet = Theme(scheme, 150).style_sheet()
    assert not re.findall(r"@\w+", sheet)


def test_text_scale_makes_text_and_targets_larger(qapp: object) -> None:
    plain, double = Theme("light", 100), Theme("light", 200)
    assert double.font("body").pixelSize() == 2 * plain.font("body").pixelSize()
    assert double.touch_px == 2 * plain.touch_px
    assert plain.touch_px >= 48


def test_reduced_motion_takes_no_time(qapp: object) -> None:
    assert Theme(reduced_motion=True).motion_ms("calm") == 0
    assert Theme().motion_ms("calm") > 0


def test_amounts_are_the_readers() -> None:
    assert text.money(2143, "USD") == "$21.43"
    assert text.money(0, "USD") == "$0.00"
    assert text.money(1879640, "USD") == "$18,796.40"
    assert text.money(1200, "JPY") == "¥1,200"
    assert text.money(1234, "KWD") == "KWD\N{NO-BREAK SPACE}1.234"
    text.use_language("de_DE")
    assert text.money(1879640, "EUR") == "18.796,40\N{NO-BREAK SPACE}€"


def test_ages_and_days() -> None:
    now = datetime.now(UTC)
    assert [text.age(s) for s in (-5, 0, 59, 60, 3599, 7200)] == ["0 s", "0 s", "59 s", "1 min", "59 min", "2 h"]
    assert [text.stopwatch(s) for s in (0, 42, 877, 3725)] == ["0:00", "0:42", "14:37", "1:02:05"]
    assert text.day(now, now) == "Today"
    assert text.day(now - timedelta(days=1), now) == "Yesterday"
    assert text.day(datetime(2024, 11, 18, 12, tzinfo=UTC), now) == "18 Nov 2024"


@pytest.mark.parametrize(("name", "turned"), [("truck", True), ("status-ready", False)])
def test_what_moves_goes_the_way_one_reads(qapp: QApplication, name: str, turned: bool) -> None:
    def drawn() -> QImage:
        return icons.icon(name, QColor(Qt.GlobalColor.black)).pixmap(24, 24).toImage()

    from_left = drawn()
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert (drawn() != from_left) is turned
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_all_numbers_are_in_the_same_figures() -> None:
    text.use_language("ar_EG")
    assert "١٢" in text.money(1250, "USD")
    assert text.figure(12) == "١٢"
    assert text.stopwatch(3725) == "١:٠٢:٠٥"
    assert "٧" in text.age(7)
    assert "٣" in text.ngettext("{count} order", "{count} orders", 3)


def test_a_notice_replaces_and_does_not_stack(qtbot: QtBot) -> None:
    notice = Notice(Theme("light"))
    qtbot.addWidget(notice)
    assert notice.text == ""
    notice.show_error(Refused("Sold out."))
    notice.show_error(Refused("Also sold out."))
    assert notice.text == "Not possible Also sold out."
    done: list[int] = []
    notice.show_message("Confirmed", action="Undo", act=lambda: done.append(1))
    notice.act()
    notice.act()
    assert done == [1]
    assert notice.text == ""


def test_a_notice_that_lives_briefly_goes_by_itself(qtbot: QtBot) -> None:
    notice = Notice(Theme("light"))
    qtbot.addWidget(notice)
    notice.show_message("Confirmed", life_ms=30)
    assert notice.text
    qtbot.waitUntil(lambda: notice.text == "")
