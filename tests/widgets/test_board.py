"""The board over the counter: what it shows, when it rings, and that it never pretends."""

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QAbstractAnimation, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from typing_extensions import override

from core.client.errors import Refused, Unreachable
from core.domain.status import OrderStatus as S
from core.ui.jobs import Jobs
from core.ui.sound import Sounds
from core.ui.theme import Theme
from customer_view.status_display.column import ColumnView, face
from customer_view.status_display.lettering import write
from customer_view.status_display.presenter import Freshness, StatusDisplayPresenter
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.window import StatusDisplayWindow
from tests.support.board import FakeBoard, ticket

LONG_S = 3600.0
SHORT_S = 0.2
PREPARING = ticket("ONLINE-000121", S.PREPARING, 1)
READY = ticket("POS1-000061", S.READY, 2)


class Rings(Sounds):
    """Counts instead of playing."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[str] = []

    @override
    def play(self, name: str, *, repeat: bool = False) -> None:
        self.played.append(name)


def column(window: StatusDisplayWindow, name: str) -> ColumnView:
    found = window.findChild(ColumnView, name)
    assert found is not None
    return found


class Hung:
    """A board on the wall."""

    def __init__(
        self, source: FakeBoard, window: StatusDisplayWindow, presenter: StatusDisplayPresenter, rings: Rings
    ) -> None:
        self.source = source
        self.window = window
        self.presenter = presenter
        self.rings = rings
        self.preparing = column(window, "preparing")
        self.ready = column(window, "ready")

    def says(self, name: str) -> str:
        """What a sign says to somebody who reads it; empty when it is not there."""
        sign = next(each for each in self.window.children() if each.objectName() == name)
        return str(sign.accessibleName()) if sign.isVisible() else ""  # type: ignore[attr-defined]

    def look(self, qtbot: QtBot) -> None:
        """Have it look, and wait for the answer."""
        with qtbot.waitSignal(self.presenter._refresher.ended):
            self.presenter._refresher.refresh()


Hang = Callable[..., Hung]


@pytest.fixture
def hang(qtbot: QtBot) -> Iterator[Hang]:
    hung: list[Hung] = []

    def make(
        source: FakeBoard, refresh_s: float = LONG_S, *, reduced: bool = False, show: bool = True, names: bool = True
    ) -> Hung:
        settings = StatusDisplaySettings(refresh_s=refresh_s, full_screen=False, show_names=names)
        presenter = StatusDisplayPresenter(Jobs(), source, refresh_s)
        rings = Rings()
        window = StatusDisplayWindow(Theme("light", reduced_motion=reduced), presenter, rings, settings)
        one = Hung(source, window, presenter, rings)
        hung.append(one)
        if show:
            window.show()
            qtbot.waitUntil(lambda: source.looks > 0 and not presenter._refresher.running)
        return one

    yield make
    for one in hung:
        one.source.gate.set()
        if isValid(one.window):
            one.window.close()


@pytest.mark.parametrize(
    ("number", "name", "names", "shown"),
    [
        ("ONLINE-000127", "", True, ("127", "ONLINE")),
        ("POS1-000061", "", True, ("61", "POS1")),
        ("ONLINE-1000000", "", False, ("1000000", "ONLINE")),
        ("ONLINE-000127", "Ada", True, ("Ada", "ONLINE 127")),
        ("ONLINE-000127", "Ada", False, ("127", "ONLINE")),
        ("7", "", True, ("7", "")),
    ],
)
def test_a_ticket_says_which_of_two_equal_counts_it_is(
    number: str, name: str, names: bool, shown: tuple[str, str]
) -> None:
    assert face(ticket(number, S.READY, first_name=name), names=names) == shown


def test_what_is_there_at_the_start_is_shown_and_neither_flashes_nor_rings(hang: Hang) -> None:
    board = hang(FakeBoard(PREPARING, READY))
    assert board.preparing.accessibleName() == "Preparing: ONLINE 121"
    assert board.ready.accessibleName() == "Ready to collect: POS1 61"
    assert board.says("board_header").startswith("La Cantina. ")
    assert (board.ready.called, board.rings.played) == (frozenset(), [])


@pytest.mark.parametrize("road", ["push", "poll"])
def test_a_number_that_becomes_ready_flashes_and_rings_once(hang: Hang, qtbot: QtBot, road: str) -> None:
    board = hang(FakeBoard(PREPARING, READY, pushing=road == "push"))
    if road == "push":
        qtbot.waitUntil(lambda: board.presenter.display_status.live)
    looks = board.source.looks
    board.source.move(ticket(PREPARING.number, S.READY, 3), push=road == "push")
    if road == "poll":
        board.look(qtbot)
    qtbot.waitUntil(lambda: board.ready.called == {PREPARING.order_id})
    assert board.rings.played == ["ready"]
    assert board.ready.accessibleName() == "Ready to collect: ONLINE 121, POS1 61"
    assert board.preparing.accessibleName() == "Preparing: Nothing at the moment"
    board.look(qtbot)
    assert board.rings.played == ["ready"], "the other road brought the same news"
    assert board.source.looks == looks + (1 if road == "push" else 2)


def test_what_was_handed_over_leaves(hang: Hang, qtbot: QtBot) -> None:
    board = hang(FakeBoard(PREPARING, READY, pushing=True))
    qtbot.waitUntil(lambda: board.presenter.display_status.live)
    board.source.move(ticket(READY.number, S.COMPLETED, 4))
    qtbot.waitUntil(lambda: board.presenter.shown.ready == ())
    assert board.rings.played == []


def test_the_flash_ends(hang: Hang, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customer_view.status_display.column.FLASH_S", 0.2)
    board = hang(FakeBoard(PREPARING))
    pulse = board.ready._pulse
    board.source.move(ticket(PREPARING.number, S.READY, 3), push=False)
    board.look(qtbot)
    assert pulse.state() == QAbstractAnimation.State.Running
    qtbot.waitUntil(lambda: not board.ready.called)
    assert pulse.state() == QAbstractAnimation.State.Stopped


def test_with_reduced_motion_the_flash_stands_still(hang: Hang, qtbot: QtBot) -> None:
    board = hang(FakeBoard(PREPARING), reduced=True)
    calm = board.ready.grab().toImage()
    board.source.move(ticket(PREPARING.number, S.READY, 3), push=False)
    board.look(qtbot)
    assert board.ready.called
    assert board.ready._pulse.state() == QAbstractAnimation.State.Stopped
    ground = Theme("light").colour("ready")
    assert _area(board.ready.grab().toImage(), ground.name()) > 5 * _area(calm, ground.name()) > 0


def _area(image: QImage, colour: str) -> int:
    """How many of its pixels, on a coarse grid, have a colour."""
    points = ((x, y) for x in range(0, image.width(), 4) for y in range(0, image.height(), 4))
    return sum(image.pixelColor(x, y).name() == colour for x, y in points)


# -- how fresh it is


def test_before_the_first_answer_there_is_nothing_to_believe(hang: Hang, qtbot: QtBot) -> None:
    source = FakeBoard(PREPARING, READY)
    source.gate.clear()
    board = hang(source, show=False)
    board.window.show()
    qtbot.waitUntil(lambda: source.looks == 1)
    assert board.says("board_nothing").startswith("Connecting")
    assert not board.ready.isVisible()
    source.gate.set()
    qtbot.waitUntil(board.ready.isVisible)
    assert board.says("board_nothing") == ""


def test_a_board_that_starts_without_a_server_says_so_and_comes_up_by_itself(hang: Hang, qtbot: QtBot) -> None:
    source = FakeBoard(READY)
    source.fail_with = Unreachable("Check the network.")
    board = hang(source, SHORT_S)
    assert board.says("board_nothing") == "No connection. Please ask at the counter for your order.\nCheck the network."
    assert not board.ready.isVisible()
    source.fail_with = None
    qtbot.waitUntil(board.ready.isVisible)
    assert board.rings.played == []


def test_old_data_are_doubted_in_large_letters_and_believed_again_by_themselves(hang: Hang, qtbot: QtBot) -> None:
    source = FakeBoard(PREPARING, READY)
    board = hang(source, SHORT_S)
    assert board.says("board_doubt") == ""
    bright = Theme("light").colour("ready").name()
    assert _area(board.ready.grab().toImage(), bright)
    source.fail_with = Unreachable("Check the network.")
    qtbot.waitUntil(lambda: board.presenter.display_status.freshness is Freshness.STALE)
    assert "Not up to date since" in board.says("board_doubt")
    assert "ask at the counter" in board.says("board_doubt")
    assert board.ready.accessibleName() == "Ready to collect: POS1 61"
    assert not _area(board.ready.grab().toImage(), bright), "doubted numbers are dimmed"
    source.fail_with = None
    qtbot.waitUntil(lambda: board.presenter.display_status.freshness is Freshness.FRESH)
    assert board.says("board_doubt") == ""
    assert _area(board.ready.grab().toImage(), bright)


def test_a_server_that_does_not_answer_is_doubted_as_well(hang: Hang, qtbot: QtBot) -> None:
    """No failure is told while the question hangs; the age alone must be enough, and it is asked once."""
    source = FakeBoard(READY)
    board = hang(source, SHORT_S)
    source.gate.clear()
    qtbot.waitUntil(lambda: board.presenter.display_status.freshness is Freshness.STALE)
    looks = source.looks
    board.presenter.check()
    board.presenter._refresher.refresh()
    assert source.looks == looks
    assert board.says("board_doubt")


def test_a_machine_that_slept_doubts_at_once(hang: Hang, qtbot: QtBot, sleep: Callable[[float], None]) -> None:
    """Its monotonic clock may have slept as well, so only the wall clock knows."""
    board = hang(FakeBoard(READY))
    sleep(8 * 3600.0)
    board.source.gate.clear()
    board.presenter.check()
    assert "Not up to date since" in board.says("board_doubt")
    board.source.gate.set()
    qtbot.waitUntil(lambda: board.says("board_doubt") == "")


def test_push_keeps_it_fresh_and_its_end_is_looked_into(hang: Hang, qtbot: QtBot) -> None:
    board = hang(FakeBoard(READY, pushing=True))
    qtbot.waitUntil(lambda: board.presenter.display_status.live)
    assert "Live" in board.says("board_header")
    looks = board.source.looks
    board.source.pushing = False
    board.source.hang_up()
    qtbot.waitUntil(lambda: board.source.looks > looks)
    assert not board.presenter.display_status.live
    assert "Checking every 1 h" in board.says("board_header")


def test_a_hole_in_what_is_pushed_is_filled_by_a_look(hang: Hang, qtbot: QtBot) -> None:
    board = hang(FakeBoard(PREPARING, READY, pushing=True))
    qtbot.waitUntil(lambda: board.presenter.display_status.live)
    board.source.move(ticket(READY.number, S.COMPLETED, 3), push=False)
    board.source.move(ticket(PREPARING.number, S.READY, 4))
    qtbot.waitUntil(lambda: [each.number for each in board.presenter.shown.ready] == [PREPARING.number])
    assert board.rings.played == ["ready"]


def test_a_display_that_the_shop_does_not_know_any_more_knows_nothing(hang: Hang, qtbot: QtBot) -> None:
    board = hang(FakeBoard(ticket("ONLINE-000001", S.READY, first_name="Ada")))
    board.source.fail_with = Refused("The code is not right.", title="This display is not known")
    board.look(qtbot)
    assert board.says("board_nothing").startswith("This display is not known")
    assert "Ada" not in board.ready.accessibleName()
    assert not board.ready.isVisible()
    board.source.fail_with = None
    board.look(qtbot)
    assert board.ready.isVisible()
    assert board.rings.played == [], "what was there all along is no news"


# -- many


def test_what_has_no_room_comes_round(hang: Hang, qtbot: QtBot) -> None:
    tickets = [ticket(f"ONLINE-{number:06d}", S.READY, number) for number in range(1, 61)]
    board = hang(FakeBoard(*tickets))
    board.window.resize(1280, 800)
    assert board.ready.pages > 1
    seen = []
    for page in range(board.ready.pages):
        assert board.ready.page == page
        seen += [each.number for each in board.ready.on_page()]
        board.ready.turn_page()
    assert board.ready.page == 0
    assert sorted(seen) == [each.number for each in tickets]
    board.ready.turn_page()
    board.source.move(ticket("ONLINE-000099", S.READY, 99), push=False)
    board.look(qtbot)
    assert board.ready.page == 0, "who is called is in sight"
    assert board.ready.on_page()[0].number == "ONLINE-000099"


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (1080, 1920), (640, 400)])
@pytest.mark.parametrize("count", [1, 3, 12, 60])
@pytest.mark.parametrize("direction", list(Qt.LayoutDirection)[:2])
def test_every_ticket_is_all_in_sight(
    hang: Hang, size: tuple[int, int], count: int, direction: Qt.LayoutDirection
) -> None:
    board = hang(FakeBoard(*(ticket(f"POS1-{number:06d}", S.READY, number) for number in range(count))))
    board.window.setLayoutDirection(direction)
    board.window.resize(*size)
    QApplication.processEvents()
    ready = board.ready
    grounds = [ready.rect_of(place) for place in range(len(ready.on_page()))]
    beyond = ready._margin() / 2 + 0.5
    inside = ready._room().adjusted(-beyond, -0.5, beyond, 0.5)
    assert all(inside.contains(ground) for ground in grounds)
    assert not any(one.intersects(other) for one in grounds for other in grounds if one != other)
    starts = [ground.right() if direction is Qt.LayoutDirection.RightToLeft else -ground.left() for ground in grounds]
    assert starts[0] == max(starts)


def test_a_long_name_stays_big_enough_to_be_read_and_ends_in_an_ellipsis(qapp: QApplication) -> None:
    picture = QImage(400, 100, QImage.Format.Format_ARGB32)
    painter = QPainter(picture)
    room, left, ink = QRectF(picture.rect()), Qt.AlignmentFlag.AlignLeft, QColor("black")
    name = "Wolfeschlegelsteinhausenbergerdorff"
    wide = write(painter, Theme("light"), room, name, 80, left, ink, least=0.7)
    assert painter.font().pixelSize() == 56
    assert 200 < wide <= room.width()
    write(painter, Theme("light"), room, name, 80, left, ink)
    assert painter.font().pixelSize() < 56, "what may not be cut is small"
    painter.end()


# -- the window


def test_escape_and_f11_leave_the_full_screen_and_the_pointer_is_hidden_on_it(hang: Hang, qtbot: QtBot) -> None:
    window = hang(FakeBoard()).window
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.waitUntil(lambda: window.cursor().shape() is Qt.CursorShape.BlankCursor)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    qtbot.waitUntil(lambda: window.cursor().shape() is not Qt.CursorShape.BlankCursor)
    QTest.keyClick(window, Qt.Key.Key_F11)
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()


def test_it_starts_full_screen_unless_told_otherwise(qtbot: QtBot) -> None:
    presenter = StatusDisplayPresenter(Jobs(), FakeBoard(), LONG_S)
    window = StatusDisplayWindow(Theme("light"), presenter, Rings(), StatusDisplaySettings())
    window.show()
    assert window.isFullScreen()
    window.close()


def test_opened_and_closed_often_it_leaves_nothing(hang: Hang, qtbot: QtBot) -> None:
    threads = set(threading.enumerate())
    for count in range(50):
        board = hang(FakeBoard(PREPARING, READY, pushing=bool(count % 2)))
        board.window.close()
        assert not [timer for timer in board.window.findChildren(QTimer) if timer.isActive()]
        board.window.deleteLater()
    QApplication.processEvents()
    qtbot.waitUntil(lambda: set(threading.enumerate()) <= threads)


def test_an_answer_after_the_end_does_nothing(hang: Hang, qtbot: QtBot) -> None:
    source = FakeBoard(READY)
    source.gate.clear()
    board = hang(source, show=False)
    told: list[object] = []
    board.presenter.changed.connect(told.append)
    board.window.show()
    qtbot.waitUntil(lambda: source.looks == 1)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(("jobs", "board"))]
    board.window.close()
    source.gate.set()
    for thread in threads:
        thread.join(5)
    QApplication.processEvents()
    assert told == []
