"""A machine becomes a device of the shop: by the window it opens with, and from then on by itself."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.client.device import identity
from core.client.display.display import Display
from core.client.errors import Refused
from core.client.http import trust
from core.client.http.api import HttpApi
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.domain.commands import TakeOrder
from core.domain.ids import DeviceId, ItemId, ShopId, new_op_id
from core.domain.order import NewLine
from core.domain.people import DeviceKind
from core.protocol import routes
from core.protocol.devices import InviteDevice
from core.protocol.requests import DeviceSignIn, StaffSignIn
from core.server.auth import authority
from core.server.settings import ServerSettings
from core.ui.theme import Theme
from core.ui.widgets.pairing import PairingDialog, is_offered, paired_into
from pos_app.settings import PosSettings
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fingers import click
from tests.support.pos_synced import synced_till
from tests.support.server import ServerThread
from tests.support.shown import shown

KIM = (shop.KIM.name, shop.KIM.pin)
FRIES = TakeOrder(lines=(NewLine(item_id=ItemId("fries")),))


def code_for(place: Place, name: str, kind: str = "terminal") -> str:
    reply = place.alex.post("/api/admin/devices/", {"name": name, "kind": kind})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["code"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "till" / "pos.db"


class Screen:
    """The dialog, and who stands in front of it."""

    def __init__(self, qtbot: QtBot, dialog: PairingDialog) -> None:
        self.qtbot = qtbot
        self.dialog = dialog

    def field(self, name: str) -> QLineEdit:
        found = self.dialog.findChild(QLineEdit, f"pairing_{name}")
        assert found is not None
        return found

    def press(self, name: str) -> None:
        key = self.dialog.findChild(QPushButton, f"pairing_{name}")
        assert key is not None
        click(self.qtbot, key)

    def error(self) -> str:
        told = self.dialog.findChild(QLabel, "pairing_error")
        assert told is not None
        return told.text() if told.isVisible() else ""

    def refused(self) -> str:
        self.qtbot.waitUntil(lambda: self.error() != "")
        return self.error()


@contextmanager
def asking(qtbot: QtBot, path: Path, url: str = "", code: str = "", scale: int = 100) -> Iterator[Screen]:
    settings = PosSettings(server_url=url or PosSettings().server_url)
    with closing(LocalStore(path)) as store:
        dialog = paired_into(store, Theme("light", scale), settings, DeviceKind.POS, code)
        with shown(qtbot, dialog, dialog._jobs):
            yield Screen(qtbot, dialog)


def paired(qtbot: QtBot, place: Place, path: Path, name: str) -> identity.Identity:
    """A till that was paired by its code, typed in."""
    with asking(qtbot, path) as screen:
        screen.field("address").setText(place.server.url)
        qtbot.keyClicks(screen.field("code"), code_for(place, name).lower().replace("-", ""))
        qtbot.keyClick(screen.field("code"), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: screen.dialog.known is not None)
        known = screen.dialog.known
    assert known is not None
    return known


def test_a_till_is_paired_and_is_that_till_from_then_on(place: Place, path: Path, qtbot: QtBot) -> None:
    known = paired(qtbot, place, path, "POS5")
    assert (known.name, known.server_url, known.shop_name) == ("POS5", place.server.url, "Test Kitchen")
    assert identity.at(path) == known
    chosen = identity.settled(PosSettings(), known, path)
    assert (chosen.device, chosen.server_url) == ("POS5", place.server.url)
    with synced_till(qtbot, place.server.url, path.parent, device="POS5") as till:
        till.arrive(KIM)
        till.until_live()
        taken = till.api.call(routes.TAKE(body=FRIES))
        assert taken.number == "POS5-000001"
        till.until_sent()
    # Whoever has no secret of this till's signs in nowhere by its name.
    body = {"staff": shop.KIM.name, "pin": shop.KIM.pin, "device": "POS5"}
    assert place.nobody.post("/api/auth/staff/sign-in/", body).status_code == 401


def test_paired_anew_it_goes_on_counting_above_what_it_has_given(place: Place, path: Path, qtbot: QtBot) -> None:
    paired(qtbot, place, path, "POS6")
    with synced_till(qtbot, place.server.url, path.parent, device="POS6") as till:
        till.arrive(KIM)
        till.until_live()
        first = till.api.call(routes.TAKE(body=FRIES))
        till.until_sent()
    paired(qtbot, place, path, "POS6")
    with synced_till(qtbot, place.server.url, path.parent, device="POS6") as till:
        till.arrive(KIM)
        till.until_live()
        second = till.api.call(routes.TAKE(body=FRIES))
        till.until_sent()
    assert second.number > first.number


def test_fingers_are_enough(place: Place, path: Path, qtbot: QtBot) -> None:
    code = code_for(place, "POS7")
    with asking(qtbot, path, place.server.url.replace("127.0.0.1", "localhost")) as screen:
        screen.field("code").setFocus()
        for letter in code.replace("-", ""):
            screen.press(f"key_{letter}")
        assert screen.field("code").text() == code
        screen.press("key_back")
        screen.press(f"key_{code[-1]}")
        screen.press("pair")
        qtbot.waitUntil(lambda: screen.dialog.known is not None)


def test_a_code_on_the_command_line_needs_no_fingers(place: Place, path: Path, qtbot: QtBot) -> None:
    with asking(qtbot, path, place.server.url, code_for(place, "POS8")) as screen:
        qtbot.waitUntil(lambda: screen.dialog.known is not None)


def test_what_is_wrong_is_said_and_the_same_code_may_be_tried_again(place: Place, path: Path, qtbot: QtBot) -> None:
    code = code_for(place, "POS9X")
    with asking(qtbot, path, "http://127.0.0.1:1") as screen:
        screen.field("code").setText("ABC")
        screen.press("pair")
        assert "not all of a code" in screen.refused()
        screen.field("code").setText(code)
        screen.press("pair")
        assert "Nothing answers at this address" in screen.refused()
        assert screen.field("address").hasFocus()
        screen.field("address").setText(place.server.url)
        screen.field("code").setText("22222222")
        screen.press("pair")
        assert "it has expired" in screen.refused()
        screen.field("address").setText("http://192.0.2.1:8765")
        screen.press("pair")
        assert "not encrypted" in screen.refused()
        assert screen.dialog.known is None
        screen.field("address").setText(place.server.url)
        screen.field("code").setText(code)
        screen.press("pair")
        qtbot.waitUntil(lambda: screen.dialog.known is not None)


def test_a_code_for_another_kind_is_refused_before_it_is_used_up(place: Place, path: Path, qtbot: QtBot) -> None:
    code = code_for(place, "BOARD7", "board")
    free = next(name for name in map("POS{}".format, range(1, 99)) if name not in names(place))
    with asking(qtbot, path, place.server.url, code) as screen:
        assert screen.refused().endswith(
            "This code is for a status display, and this is a POS. Its code is made by: "
            f"orderbell devices pair {free} --kind pos"
        )
    assert identity.at(path) is None
    assert "BOARD7" not in names(place), "no device that is none"
    with closing(LocalStore(path.with_name("board.db"))) as store:
        known = identity.pair(Seal(store), place.server.url, code, new_op_id(), DeviceKind.STATUS_DISPLAY)
    assert known.name == "BOARD7"


@pytest.mark.parametrize("kind", DeviceKind)
def test_without_a_kind_a_code_is_for_whatever_it_is_typed_into(place: Place, path: Path, kind: DeviceKind) -> None:
    name = f"{kind.word.upper()}77"
    made = place.alex.post("/api/admin/devices/", {"name": name}).json()
    assert made.get("kind") is None
    with closing(LocalStore(path)) as store:
        known = identity.pair(Seal(store), place.server.url, made["code"], new_op_id(), kind)
    assert (known.name, known.kind) == (name, kind)
    again = place.alex.post("/api/admin/devices/", {"name": name}).json()
    assert again["kind"] == kind, "a name keeps its kind"


def test_a_name_of_another_kind_says_how_to_make_one_of_this(place: Place, path: Path) -> None:
    """The admin gives a POS's name, without a kind, and the code is typed into a kiosk."""
    code = place.alex.post("/api/admin/devices/", {"name": "POS1"}).json()["code"]
    with (
        closing(LocalStore(path)) as store,
        pytest.raises(Refused, match=r"POS1 is a POS, and this is a customer kiosk.*pair KIOSK\d+ --kind kiosk$"),
    ):
        identity.pair(Seal(store), place.server.url, code, new_op_id(), DeviceKind.KIOSK)


def test_a_window_of_the_first_release_says_no_kind_and_is_a_till(place: Place) -> None:
    code = place.alex.post("/api/admin/devices/", {"name": "POS78"}).json()["code"]
    assert place.nobody.post("/api/auth/pair/", {"code": code}).json()["kind"] == DeviceKind.POS


@pytest.mark.parametrize("kind", DeviceKind)
def test_the_hint_names_the_whole_command(qtbot: QtBot, path: Path, kind: DeviceKind) -> None:
    with closing(LocalStore(path)) as store:
        dialog = paired_into(store, Theme("light", 100), PosSettings(), kind)
        with shown(qtbot, dialog, dialog._jobs):
            told = dialog.findChild(QLabel, "pairing_command")
            assert told is not None
            assert f"orderbell devices pair {kind.example} --kind {kind.word}" in told.text()


def test_a_code_of_the_command_line_that_is_wrong_is_told_on_the_terminal(
    place: Place, path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    with asking(qtbot, path, place.server.url, "WRONG") as screen:
        screen.refused()
    with asking(qtbot, path, place.server.url, "22222222") as screen:
        screen.refused()
    told = capsys.readouterr().err
    assert "This is not all of a code." in told
    assert "This code is not right, or it has expired. Ask for a new one." in told


def test_a_removed_name_is_free_for_another_kind_and_its_numbers_never_begin_anew(place: Place, path: Path) -> None:
    def become(kind: DeviceKind) -> identity.Identity:
        code = place.alex.post("/api/admin/devices/", {"name": "POS79", "kind": kind}).json()["code"]
        with closing(LocalStore(path.with_name(f"{kind}.db"))) as store:
            return identity.pair(Seal(store), place.server.url, code, new_op_id(), kind)

    become(DeviceKind.POS)
    assert place.alex.post("/api/admin/devices/", {"name": "POS79", "kind": "board"}).status_code == 422
    assert place.alex.post("/api/admin/devices/POS79/remove/").status_code == 204
    assert place.alex.post("/api/admin/devices/POS79/remove/").status_code == 404
    assert "POS79" not in names(place)
    body = {"staff": shop.KIM.name, "pin": shop.KIM.pin, "device": "POS79"}
    assert place.nobody.post("/api/auth/staff/sign-in/", body).status_code != 200
    become(DeviceKind.STATUS_DISPLAY)
    assert "POS79" in names(place)
    assert place.alex.post("/api/admin/devices/POS79/remove/").status_code == 204
    code = place.alex.post("/api/admin/devices/", {"name": "POS79", "kind": "terminal"}).json()["code"]
    till = place.nobody.post("/api/auth/pair/", {"code": code, "kind": "terminal"}).json()
    assert till["series_last"] == 1_000, "whatever the first one gave while nobody heard of it is not given again"


def names(place: Place) -> set[str]:
    return {each["name"] for each in place.alex.get("/api/admin/devices/").json()["devices"]}


def test_a_board_signs_in_with_what_it_was_given(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "board.db"
    with closing(LocalStore(path)) as store:
        seal = Seal(store)
        code = code_for(place, "BOARD8", "board")
        known = identity.pair(seal, place.server.url, code, new_op_id(), DeviceKind.STATUS_DISPLAY)
        with pytest.raises(Refused, match="not right"):
            identity.pair(seal, place.server.url, code, new_op_id(), DeviceKind.STATUS_DISPLAY)  # it works once
        secret = identity.secret_of(seal)
    sign_in = DeviceSignIn(device=known.name, secret=secret, shop=known.shop)
    with closing(Display(HttpApi(known.server_url), sign_in)) as display:
        display.read_tickets()
        assert display.shop_name == "Test Kitchen"
    assert secret.encode() not in path.read_bytes()


def test_it_is_offered_where_the_server_is_another_machine() -> None:
    assert not is_offered(PosSettings(), None)
    for address in ("https://127.0.0.1:8765", "https://[::1]:8765", "https://localhost:8765"):
        assert not is_offered(PosSettings(server_url=address), None), "after `tls init`, staff sign in as before"
    assert is_offered(PosSettings(server_url="https://192.168.1.5:8765"), None)
    assert is_offered(PosSettings(server_url="http://192.168.1.5:8765", allow_plain_http=True), None)


@pytest.mark.parametrize(
    ("typed", "code", "meant"),
    [
        ("192.168.1.5", "K7QF-2M9X", "http://192.168.1.5:8765"),
        ("shop.local", "K7QF-2M9X-ABCD-EFGH-JK", "https://shop.local:8765"),
        ("shop.local:443", "K7QF-2M9X-ABCD-EFGH-JK", "https://shop.local:443"),
        (" https://shop.example/ ", "K7QF-2M9X", "https://shop.example"),
    ],
)
def test_an_address_as_people_type_one(typed: str, code: str, meant: str) -> None:
    assert identity.address(typed, code) == meant


def test_an_address_set_by_hand_goes_first(tmp_path: Path) -> None:
    known = identity.Identity(
        name=DeviceId("POS2"),
        kind=DeviceKind.POS,
        shop=ShopId("s"),
        shop_name="Shop",
        server_url="http://127.0.0.1:7777",
    )
    chosen = identity.settled(PosSettings(server_url="http://127.0.0.1:9999"), known, tmp_path / "pos.db")
    assert (chosen.server_url, chosen.device) == ("http://127.0.0.1:9999", "POS2")
    assert chosen.ca_file == ""
    authority.make(tmp_path / "tls", "Shop", [])
    ca = (tmp_path / "tls" / "ca.pem").read_text()
    certified = msgspec.structs.replace(known, ca=ca)
    moved = identity.settled(PosSettings(server_url="https://127.0.0.1:9999"), certified, tmp_path / "pos.db")
    assert moved.ca_file == str(tmp_path / "pos.ca.pem")  # the shop's server has moved; it is known by the same
    assert (tmp_path / "pos.ca.pem").read_text() == ca


@pytest.mark.sqlite_only("TLS ends before the database begins")
def test_the_code_is_how_the_server_is_known(tmp_path: Path, qtbot: QtBot) -> None:
    """Over TLS: its last ten letters stand for the shop's authority, which is believed from then on, and no other."""
    home, path = tmp_path / "server", tmp_path / "till" / "pos.db"
    shop.lay_out(home / "orderbell.db")
    authority.make(home / "tls", "Test Kitchen", [])
    ca_file = home / "tls" / "ca.pem"
    with ServerThread(home, ServerSettings(port=0, data_dir=str(home))) as server:
        with closing(HttpApi(server.url, ca_file=str(ca_file))) as http:
            http.staff_sign_in(StaffSignIn(staff=shop.ALEX.name, pin=shop.ALEX.pin, device=shop.DEVICE))
            code = http.call(routes.INVITE_DEVICE(body=InviteDevice(name=DeviceId("POS31")))).code
        wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
        bare = server.url.removeprefix("https://")
        with asking(qtbot, path, f"http://{bare}", code[:9]) as screen:
            assert "This is not all of a code" in screen.refused()
            assert "18 where the server encrypts" in screen.refused()
            screen.field("address").setText(bare)
            screen.press("pair")
            assert "18 where the server encrypts" in screen.refused()
        assert trust.encrypts(server.url)
        with asking(qtbot, path, server.url, wrong) as screen:
            assert "This is not the shop's server" in screen.refused()
            screen.field("code").setText(code)
            screen.press("pair")
            qtbot.waitUntil(lambda: screen.dialog.known is not None)
        chosen = identity.settled(PosSettings(), identity.at(path), path)
        assert Path(chosen.ca_file).read_text(encoding="ascii").strip() == ca_file.read_text(encoding="ascii").strip()
        with synced_till(qtbot, chosen.server_url, path.parent, device=chosen.device, ca_file=chosen.ca_file) as till:
            till.arrive(KIM)
            till.until_live()
