"""The way in: what is typed wrong is said where it is, what the server says is heard, and nothing typed is kept."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.client.errors import NotKept, ServerFault, Unreachable
from tests.support.customer_window import AISHA, JONAS, PASSWORD, Stage, open_window, shop


def test_signed_in_with_enter(stage: Stage, qtbot: QtBot) -> None:
    stage.type("sign_in_login", AISHA)
    stage.type("sign_in_password", PASSWORD)
    qtbot.keyClick(stage.find(QLineEdit, "sign_in_password"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stage.sees("orders_page"))
    assert stage.text("person") == "Aisha"
    assert stage.text("shop_name") == "La Cantina"
    stage.settle()
    assert PASSWORD not in stage.words()


def test_a_wrong_password_is_said_at_the_password(stage: Stage, qtbot: QtBot) -> None:
    stage.sign_in(password="wrong horse")
    qtbot.waitUntil(lambda: stage.sees("sign_in_password_error"))
    assert "wrong" in stage.text("sign_in_password_error")
    assert not stage.notice(), "once is enough"
    assert stage.find(QLineEdit, "sign_in_password").hasFocus()
    assert stage.find(QPushButton, "sign_in_submit").isEnabled()
    qtbot.keyClicks(stage.find(QLineEdit, "sign_in_password"), "c")
    assert not stage.sees("sign_in_password_error")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "   "),
        ("phone", ""),
        ("phone", "call me"),
        ("email", "no address"),
        ("password", "short"),
    ],
)
def test_what_is_typed_wrong_is_said_there_and_not_sent(stage: Stage, field: str, typed: str) -> None:
    stage.click("tab_sign_up")
    good = {"name": "Chen Li", "phone": "555 0300", "email": "", "password": PASSWORD}
    for name, text in (good | {field: typed}).items():
        stage.type(f"sign_up_{name}", text)
    stage.click("sign_up_submit")
    assert stage.sees(f"sign_up_{field}_error")
    assert not stage.notice()
    assert "sign_up" not in stage.backend.calls
    others = [name for name in good if name != field]
    assert not any(stage.sees(f"sign_up_{name}_error") for name in others)


@pytest.mark.parametrize(("login", "password", "blamed"), [("", PASSWORD, "login"), (AISHA, "", "password")])
def test_nothing_typed_is_nothing_sent(stage: Stage, login: str, password: str, blamed: str) -> None:
    stage.sign_in(login, password)
    assert stage.sees(f"sign_in_{blamed}_error")
    assert "sign_in" not in stage.backend.calls


def test_signed_up_without_an_email_address(stage: Stage, qtbot: QtBot) -> None:
    stage.click("tab_sign_up")
    for name, text in {"name": "Chen Li", "phone": "5550300", "password": PASSWORD}.items():
        stage.type(f"sign_up_{name}", text)
    stage.click("sign_up_submit")
    qtbot.waitUntil(lambda: stage.sees("orders_empty"))
    assert stage.text("person") == "Chen"


@pytest.mark.parametrize("typed", ["(212) 555-0142", "+49\u00a0170\u20131234567", "٠١٧٠ ١٢٣٤٥٦٧"])
def test_a_number_is_typed_as_anybody_writes_it(stage: Stage, qtbot: QtBot, typed: str) -> None:
    stage.click("tab_sign_up")
    for name, text in {"name": "Chen Li", "password": PASSWORD}.items():
        stage.type(f"sign_up_{name}", text)
    stage.find(QLineEdit, "sign_up_phone").insert(typed)
    stage.click("sign_up_submit")
    qtbot.waitUntil(lambda: stage.sees("orders_empty"))
    assert [*stage.backend.customers][-1] == typed, "the server reads it, who knows the shop's country"


def test_a_known_phone_number_leads_to_sign_in(stage: Stage, qtbot: QtBot) -> None:
    stage.click("tab_sign_up")
    for name, text in {"name": "Aisha", "phone": AISHA, "password": PASSWORD}.items():
        stage.type(f"sign_up_{name}", text)
    stage.click("sign_up_submit")
    qtbot.waitUntil(lambda: "already" in stage.notice())
    assert stage.sees("sign_up_phone_error")
    stage.act_on_notice()
    assert stage.text("sign_in_login") == AISHA
    assert stage.find(QLineEdit, "sign_in_password").hasFocus()


def test_no_connection_is_said_and_tried_again(stage: Stage, qtbot: QtBot) -> None:
    stage.backend.fail_with = Unreachable("The server cannot be reached.")
    stage.sign_in()
    qtbot.waitUntil(lambda: "cannot be reached" in stage.notice())
    assert stage.text("sign_in_login") == AISHA
    stage.backend.fail_with = None
    stage.act_on_notice()
    qtbot.waitUntil(lambda: stage.sees("orders_page"))


def test_a_server_fault_is_not_called_offline(stage: Stage, qtbot: QtBot) -> None:
    stage.backend.fail_with = ServerFault("It answered 500.")
    stage.sign_in()
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())


def test_pressed_twice_is_sent_once(stage: Stage, qtbot: QtBot) -> None:
    stage.backend.gate.clear()
    stage.sign_in()
    qtbot.waitUntil(lambda: stage.backend.calls.get("sign_in") == 1)
    stage.click_disabled("sign_in_submit")
    qtbot.keyClick(stage.find(QLineEdit, "sign_in_password"), Qt.Key.Key_Return)
    stage.backend.gate.set()
    qtbot.waitUntil(lambda: stage.sees("orders_page"))
    assert stage.backend.calls["sign_in"] == 1


@pytest.mark.parametrize("goes", ["presses cancel", "types", "is gone for a while", "wants an account"])
def test_who_asked_and_has_gone_is_let_in_no_more(qtbot: QtBot, goes: str) -> None:
    backend = shop()
    with open_window(qtbot, backend, idle_sign_out_s=0.6 if goes == "is gone for a while" else 0.0) as stage:
        stage.settle()  # the question whether the shop can be reached is answered
        backend.gate.clear()
        stage.sign_in(AISHA)
        qtbot.waitUntil(lambda: backend.calls.get("sign_in") == 1)
        assert stage.text("sign_in_submit") == "Signing in…"
        if goes == "presses cancel":
            stage.click("sign_in_cancel")
        elif goes == "types":
            stage.type("sign_in_login", JONAS)
        elif goes == "wants an account":
            stage.click("tab_sign_up")
        else:
            qtbot.waitUntil(lambda: stage.text("sign_in_login") == "")
        qtbot.waitUntil(stage.find(QPushButton, "sign_in_submit").isEnabled)
        assert stage.text("sign_in_submit") == "Sign in"
        assert not stage.sees("sign_in_cancel")
        late = stage.jobs.busy
        backend.gate.set()
        stage.settle()
        assert late == 1, "the answer is still to come"
        assert not stage.sees("orders_page")
        if goes == "wants an account":
            stage.click("tab_sign_in")
        stage.arrive(JONAS)
        assert stage.text("person") == "Jonas"


def test_a_disk_that_takes_nothing_is_said_at_sign_out(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.arrive()
    sign_out = stage.api.sign_out

    def full() -> None:
        sign_out()
        raise NotKept("This machine's disk is full, or cannot be written to. Tell the admin.")

    monkeypatch.setattr(stage.api, "sign_out", full)
    stage.click("sign_out")
    qtbot.waitUntil(lambda: "disk is full" in stage.notice())
    assert "You were signed out" in stage.notice()
    assert stage.find(QPushButton, "sign_in_submit").isEnabled()


def test_a_password_can_be_looked_at(stage: Stage) -> None:
    field = stage.find(QLineEdit, "sign_in_password")
    assert field.echoMode() is QLineEdit.EchoMode.Password
    stage.click("sign_in_password_show")
    assert field.echoMode() is QLineEdit.EchoMode.Normal
    stage.click("sign_in_password_show")
    assert field.echoMode() is QLineEdit.EchoMode.Password


def test_larger_text_is_for_one_visit(stage: Stage, qtbot: QtBot) -> None:
    theme = stage.window._context.theme
    stage.type("sign_in_login", AISHA)
    stage.click("larger_text")
    assert theme.text_scale == 150
    assert stage.text("sign_in_login") == AISHA
    stage.click("larger_text")
    assert theme.text_scale == 100
    stage.click("larger_text")
    stage.arrive()
    assert theme.text_scale == 150
    stage.click("sign_out")
    qtbot.waitUntil(lambda: stage.sees("sign_in_submit"))
    assert theme.text_scale == 100, "the next one has eyes of their own"


def test_a_password_that_is_guessed_first_is_said_at_its_field(stage: Stage) -> None:
    stage.click("tab_sign_up")
    for name, typed in (("name", "Nia"), ("phone", "5550177"), ("password", "password1")):
        stage.type(f"sign_up_{name}", typed)
    stage.click("sign_up_submit")
    stage.settle()
    assert stage.sees("sign_up_password_error")
    assert "one of the first that are guessed" in stage.text("sign_up_password_error")
    assert stage.backend.calls["sign_up"] == 1


def test_that_the_shop_cannot_be_reached_is_said_before_anybody_types(qtbot: QtBot) -> None:
    backend = shop()
    backend.fail_with = Unreachable("{address} refuses the connection.", address="https://till:1")
    with open_window(qtbot, backend) as stage:
        qtbot.waitUntil(lambda: "cannot be reached" in stage.notice())
        assert "at the counter" in stage.notice()
        assert "till:1" not in stage.words(), "an address is not a customer's to mend"
        backend.fail_with = None
        stage.window._account.reach.refresh()
        qtbot.waitUntil(lambda: not stage.notice())
        stage.arrive()
        assert not stage.window._account.reach.active, "the visit knows by itself"
