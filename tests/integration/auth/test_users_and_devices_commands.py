"""`orderbell users` and `orderbell devices`, against the backend of their own and one that serves."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.admin import cli
from core.admin.serving import Serving, advertised
from core.admin.setup import open_keys
from core.server.accounts import throttle
from core.server.auth import keys
from core.server.settings import ServerSettings
from core.store.engine.owner import Ownership
from tests.integration.calls import Caller
from tests.support import shop
from tests.support.server import ServerThread

pytestmark = pytest.mark.sqlite_only("one process owns a file; a server has no owner")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)
    return tmp_path


class Orderbell:
    """The command, and what it said."""

    def __init__(self, directory: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self._captured = captured
        self.out = ""
        self.err = ""

    def __call__(self, *arguments: str) -> int:
        status = cli.main([*arguments, "--data-dir", str(self.directory)])
        self.out, self.err = self._captured.readouterr()
        return status

    def json(self, *arguments: str) -> Any:
        assert self(*arguments, "--json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def orderbell(directory: Path, capsys: pytest.CaptureFixture[str]) -> Orderbell:
    return Orderbell(directory, capsys)


@pytest.fixture
def serving(directory: Path) -> Iterator[ServerThread]:
    """The shop is open: commands find this backend and no other."""
    settings = ServerSettings(port=0, data_dir=str(directory))
    with Ownership(settings.database), ServerThread(directory, settings) as server:
        settings.keys_path.unlink()
        keys.write(settings.keys_path, server.keys)
        with advertised(settings, Serving(url=server.url)):
            yield server


def sign_in(server: ServerThread, name: str, pin: str, **more: str) -> int:
    body = {"staff": name, "pin": pin, "device": shop.DEVICE} | more
    return Caller(server.url).post("/api/auth/staff/sign-in/", body).status_code


def secret_in(text: str) -> str:
    found = re.search(r"^(?:PIN|Password): (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def test_a_day_of_looking_after_people(orderbell: Orderbell, serving: ServerThread) -> None:
    """With the shop open: each change is true at once."""
    assert orderbell("users", "add", "Robin") == 0
    assert "Robin may sign in as a cashier." in orderbell.out
    pin = secret_in(orderbell.out)
    assert re.fullmatch(r"[0-9]{6}", pin)
    assert sign_in(serving, "Robin", pin) == 200

    assert orderbell("users", "disable", "robin") == 0
    assert "Robin: disabled since" in orderbell.out
    assert sign_in(serving, "Robin", pin) == 401

    orderbell("users", "enable", "Robin")
    orderbell("users", "reset", "Robin")
    assert sign_in(serving, "Robin", pin) == 401
    assert sign_in(serving, "Robin", secret_in(orderbell.out)) == 200

    assert orderbell("users", "role", "Robin", "admin") == 0
    assert "an admin from the next sign-in on" in orderbell.out
    assert {each["name"]: each["role"] for each in orderbell.json("users", "list")["staff"]} == {
        "Alex": "admin",
        "Kim": "cashier",
        "Max": "manager",
        "Robin": "admin",
    }


def test_somebody_is_renamed_and_removed(orderbell: Orderbell, serving: ServerThread) -> None:
    pin = orderbell.json("users", "add", "Robni")["secret"]
    assert orderbell("users", "rename", "Robni", "kim") == 1
    assert "There already is somebody of this name." in orderbell.err
    assert orderbell("users", "rename", "Robni", "Robin") == 0
    assert sign_in(serving, "Robni", pin) == 401
    assert sign_in(serving, "Robin", pin) == 200
    assert orderbell("users", "remove", "Robin") == 2, "nobody is there to be asked"
    assert orderbell("users", "remove", "Robin", "--yes") == 0
    assert sign_in(serving, "Robin", pin) == 401
    assert "Robin" not in {each["name"] for each in orderbell.json("users", "list")["staff"]}
    assert orderbell("users", "enable", "Robin") == 1, "there is nobody of this name any more"
    other = orderbell.json("users", "add", "Robin")["secret"]
    assert sign_in(serving, "Robin", other) == 200
    assert orderbell("users", "remove", "Alex", "--yes") == 1
    assert "make somebody else an admin first" in orderbell.err
    said = [each["event"] for each in orderbell.json("security-log")["entries"]]
    assert {"account_renamed", "account_removed"} <= set(said)


def test_without_a_server_it_is_done_all_the_same(orderbell: Orderbell) -> None:
    assert orderbell("users", "add", "Robin", "--role", "admin") == 0
    assert orderbell("users", "list") == 0
    assert re.search(r"^ ?Robin +admin +\d{4}-\d\d-\d\d", orderbell.out, re.MULTILINE)


def test_a_pin_may_be_piped_in(orderbell: Orderbell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("24682468\n"))
    made = orderbell.json("users", "add", "Robin", "--ask")
    assert (made["account"]["name"], made["secret"]) == ("Robin", "")
    with ServerThread(orderbell.directory) as server:
        assert sign_in(server, "Robin", "24682468") == 200


def test_a_typed_pin_is_typed_twice(orderbell: Orderbell, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["1234", "1235"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    assert orderbell("users", "add", "Robin", "--ask") == 1
    assert "not the same twice" in orderbell.err
    assert "Robin" not in {each["name"] for each in orderbell.json("users", "list")["staff"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("disable", "Alex"), "make somebody else an admin first"),
        (("role", "Alex", "cashier"), "make somebody else an admin first"),
        (("disable", "Nobody"), "Nobody here is called 'Nobody'. There are: Alex, Kim, Max."),
        (("add", "kim"), "There already is somebody of this name."),
        (("reset", "--customer", "+1 000"), "No customer of this shop has the number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_said_in_a_sentence(orderbell: Orderbell, arguments: tuple[str, ...], said: str) -> None:
    assert orderbell("users", *arguments) == 1
    assert said in orderbell.err
    assert "Traceback" not in orderbell.err


def test_customers_are_found_and_helped(orderbell: Orderbell, serving: ServerThread) -> None:
    (ada,) = orderbell.json("users", "list", "--customers", "ada")["customers"]
    assert ada["phone"] == "15550100"
    for _ in range(11):
        Caller(serving.url).post("/api/auth/sign-in/", {"login": shop.ADA.phone, "password": "wrong"})
    assert orderbell("users", "list", "--customers") == 0
    assert re.search(r"^ ?Ada Lovelace .* locked until \d\d:\d\d", orderbell.out, re.MULTILINE)
    assert orderbell("users", "unlock", "--customer", shop.ADA.phone) == 0
    assert orderbell("users", "reset", "--customer", shop.ADA.phone) == 0
    body = {"login": shop.ADA.phone, "password": secret_in(orderbell.out)}
    assert Caller(serving.url).post("/api/auth/sign-in/", body).status_code == 200


def test_a_till_is_paired_listed_and_revoked(orderbell: Orderbell, serving: ServerThread) -> None:
    assert orderbell("devices", "pair", "pos2") == 0
    code = re.search(r"^  ([0-9A-Z-]{9})$", orderbell.out, re.MULTILINE)
    assert code is not None, orderbell.out
    assert "Type this into the machine that is to be POS2:" in orderbell.out
    paired = Caller(serving.url).post("/api/auth/pair/", {"code": code[1]}).json()
    till = {"device": "POS2", "device_secret": paired["secret"]}
    assert sign_in(serving, "Kim", shop.CASHIER_PIN, **till) == 200
    devices = {each["name"]: each for each in orderbell.json("devices", "list")["devices"]}
    assert set(devices) == {"BOARD1", "POS1", "POS2"}
    assert devices["POS2"]["paired_at"] is not None
    assert orderbell("devices", "list") == 0
    assert re.search(r"^ ?POS1 +POS +not paired: made with the shop +never", orderbell.out, re.MULTILINE)

    assert orderbell("devices", "revoke", "POS2") == 2, "nobody is there to be asked"
    assert sign_in(serving, "Kim", shop.CASHIER_PIN, **till) == 200
    assert orderbell("devices", "revoke", "POS2", "--yes") == 0
    assert sign_in(serving, "Kim", shop.CASHIER_PIN, **till) == 401
    assert orderbell("devices", "list") == 0
    assert re.search(r"^ ?POS2 +POS +revoked", orderbell.out, re.MULTILINE)

    assert orderbell("devices", "remove", "POS2") == 2, "nobody is there to be asked"
    assert orderbell("devices", "remove", "POS2", "--yes") == 0
    assert {each["name"] for each in orderbell.json("devices", "list")["devices"]} == {"BOARD1", "POS1"}


@pytest.mark.parametrize(
    ("words", "kind"),
    [("pos terminal till", "terminal"), ("display board status-display", "board"), ("kiosk customer", "display")],
)
def test_a_code_is_json_for_a_script(orderbell: Orderbell, words: str, kind: str) -> None:
    for word in words.split():
        made = orderbell.json("devices", "pair", "NEW2", "--kind", word)
        assert (made["name"], made["kind"]) == ("NEW2", kind)
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", made["code"])


@pytest.mark.parametrize(
    ("arguments", "status"), [(("pair", "POS-2"), 2), (("pair", "ONLINE"), 1), (("revoke", "POS7", "--yes"), 1)]
)
def test_a_device_that_cannot_be_is_said_in_a_sentence(
    orderbell: Orderbell, arguments: tuple[str, ...], status: int
) -> None:
    assert orderbell("devices", *arguments) == status
    assert orderbell.err.startswith("orderbell devices: ")
    assert "Traceback" not in orderbell.err


def test_no_secret_is_left_in_the_servers_log(
    orderbell: Orderbell, serving: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = [orderbell.json("users", "add", "Robin")["secret"]]
    secrets.append(orderbell.json("users", "reset", "--customer", shop.ADA.phone)["secret"])
    code = orderbell.json("devices", "pair", "POS3")["code"]
    secrets += [code, code[:4], Caller(serving.url).post("/api/auth/pair/", {"code": code}).json()["secret"]]
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert not [secret for secret in secrets if secret in said]


def test_a_pin_that_is_none_says_what_one_is(orderbell: Orderbell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12\n"))
    assert orderbell("users", "add", "Zoe", "--ask") == 1
    assert orderbell.err == "orderbell users: Nothing was changed: a PIN has 4 to 10 digits.\n"


def test_a_pin_that_is_guessed_first_is_refused(orderbell: Orderbell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    assert orderbell("users", "reset", "Kim", "--ask") == 1
    assert "Nothing was changed: This PIN is one of the first that are guessed." in orderbell.err


def test_an_address_and_a_till_are_unlocked(
    orderbell: Orderbell, serving: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    monkeypatch.setattr(throttle, "PER_DEVICE", 2)
    code = orderbell.json("devices", "pair", "POS7")["code"]
    secret = Caller(serving.url).post("/api/auth/pair/", {"code": code}).json()["secret"]
    for name in ("A", "B"):
        assert sign_in(serving, name, "11235813") == 401
        assert sign_in(serving, name, "11235813", device="POS7", device_secret=secret) == 401
    assert sign_in(serving, "Kim", shop.CASHIER_PIN) == 429
    assert sign_in(serving, "Kim", shop.CASHIER_PIN, device="POS7", device_secret=secret) == 429
    assert orderbell("users", "unlock", "--address", "127.0.0.1") == 0
    assert "127.0.0.1 are forgotten" in orderbell.out
    assert sign_in(serving, "Kim", shop.CASHIER_PIN) == 200
    assert orderbell("devices", "unlock", "pos7") == 0
    assert sign_in(serving, "Kim", shop.CASHIER_PIN, device="POS7", device_secret=secret) == 200
    assert orderbell("users", "unlock", "--address", "nowhere") == 1
    assert orderbell.err == "orderbell users: address: 'nowhere' is no IP address.\n"
    assert orderbell("devices", "unlock", "POS9") == 1


def test_what_a_role_may_do_is_shown_and_changed(orderbell: Orderbell) -> None:
    assert orderbell("roles", "list") == 0
    assert re.search(r"^refund .* yes +yes +yes$", orderbell.out, re.MULTILINE)
    assert (
        orderbell("roles", "set", "cashier", "--forbid", "refund", "void", "--limit", "discount=12.5", "cash=20") == 0
    )
    assert re.search(r"^refund .* –$", orderbell.out, re.MULTILINE)
    assert re.search(r"^discount .* 12\.5 %$", orderbell.out, re.MULTILINE)
    assert re.search(r"^cash .* 20\.00$", orderbell.out, re.MULTILINE)
    assert orderbell("roles", "set", "cashier", "--allow", "refund", "cash", "reports") == 0
    found = {each["act"]: each.get("limit") for each in orderbell.json("roles", "show", "cashier")["rights"]}
    assert found["discount"] == 12_500
    assert (found["refund"], found["cash"], found["reports"]) == (None, None, None)
    assert "void" not in found
    assert [each["role"] for each in orderbell.json("roles", "list")["roles"]] == ["cashier", "manager", "admin"]
    assert orderbell("users", "add", "Robin", "--role", "manager") == 0
    assert "Robin may sign in as a manager." in orderbell.out


@pytest.mark.parametrize("limit", ["comp=5", "discount", "discount=x", "discount=Infinity", "fly=3", "cash=1.234"])
def test_a_limit_that_is_none_is_refused(orderbell: Orderbell, limit: str) -> None:
    before = orderbell.json("roles", "list")
    assert orderbell("roles", "set", "cashier", "--limit", limit) == 1
    assert limit.partition("=")[0] in orderbell.err or limit.partition("=")[2] in orderbell.err
    assert orderbell.json("roles", "list") == before
