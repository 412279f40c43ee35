"""Guessing is slowed down, for whoever is there and whoever is not, and locks no till out from afar."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.instants import now
from core.protocol.requests import SignIn
from core.server.accounts import throttle
from core.server.auth import passwords
from core.store import failed_attempts
from core.store.sql.statements import Prepared, Transaction
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.server import ServerThread
from tests.support.synced import Screen

SIGN_IN = "/api/auth/sign-in/"
STAFF_SIGN_IN = "/api/auth/staff/sign-in/"
MOST = 3
"""Tries in these tests; each takes its time on purpose."""
WRONG = "not it at all"


@pytest.fixture(autouse=True)
def _as_if_nothing_had_been_tried(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(throttle, "PER_ACCOUNT", MOST)
    forget(place)
    yield
    forget(place)


def forget(place: Place) -> None:
    place.server.database.write_blocking(lambda transaction: failed_attempts.trim(transaction, 1 << 62, 10_000))


def kept(place: Place) -> int:
    return int(place.rows("SELECT count(*) FROM wrong_tries")[0][0])


def as_kim(caller: Caller, pin: str = shop.CASHIER_PIN, **more: str) -> Any:
    return caller.post(STAFF_SIGN_IN, {"staff": "Kim", "pin": pin, "device": shop.DEVICE} | more)


def as_ada(caller: Caller, password: str = shop.PASSWORD, login: str = shop.ADA.phone, **more: str) -> Any:
    return caller.post(SIGN_IN, {"login": login, "password": password} | more)


def as_board(caller: Caller, device: str, secret: str = WRONG) -> Any:
    return caller.post("/api/auth/device/sign-in/", {"device": device, "secret": secret})


def paired(place: Place, name: str, kind: str = "display") -> dict[str, str]:
    """What a device shows, from when it was paired."""
    code = place.alex.post("/api/admin/devices/", {"name": name, "kind": kind}).json()["code"]
    told = place.nobody.post("/api/auth/pair/", {"code": code}).json()
    return {"device": name, "device_secret": told["secret"]}


def test_after_ten_wrong_tries_even_the_right_one_waits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    statuses = [as_ada(place.nobody, WRONG).status_code for _ in range(10)]
    assert statuses == [401] * 10
    refused = as_ada(place.nobody)
    assert (refused.status_code, refused.json()["type"]) == (429, "too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= throttle.WINDOW_S
    calls.customer(place.server, shop.GRACE)  # nobody else waits
    assert place.ada.get("/api/online/orders/history/").status_code == 200, "and who is signed in stays so"


def test_a_lock_does_not_tell_that_a_phone_and_an_address_are_one_customers(place: Place) -> None:
    """Whoever knows both of them would learn from a 429 at the second whose they are."""
    for _ in range(MOST):
        as_ada(place.nobody, WRONG)
    assert as_ada(place.nobody).status_code == 429
    hers, nobodys = (as_ada(place.nobody, WRONG, login) for login in (shop.ADA.email, "nobody@example.org"))
    assert (hers.status_code, hers.content) == (nobodys.status_code, nobodys.content)
    assert hers.status_code == 401
    for _ in range(MOST - 1):
        as_ada(place.nobody, WRONG, shop.ADA.email)
    assert as_ada(place.nobody, login=shop.ADA.email).status_code == 429, "each has its own count"
    (ada,) = place.alex.get("/api/admin/customers/", params={"q": "Ada"}).json()["customers"]
    assert ada["locked_until"] is not None
    unlocked = place.alex.post(f"/api/admin/customers/{ada['id']}/", {"unlock": True}).json()
    assert unlocked["locked_until"] is None
    assert as_ada(place.nobody).status_code == as_ada(place.nobody, login=shop.ADA.email).status_code == 200


def test_a_paired_till_guesses_no_longer_over_many_names(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    till, other = paired(place, "GUESS1", "terminal"), paired(place, "GUESS2", "terminal")
    most = throttle.PER_DEVICE
    statuses = [
        as_kim(place.nobody, WRONG, staff=f"Name {number % 30}", **till).status_code for number in range(most + 3)
    ]
    assert statuses == [401] * most + [429] * 3
    assert as_kim(place.nobody, **till).status_code == 429, "whoever it is"
    assert as_kim(place.nobody, **other).status_code == 200, "nobody else is kept out"
    assert as_kim(place.nobody).status_code == 200
    assert place.alex.post("/api/admin/unlock/", {"device": "GUESS1"}).status_code == 204
    assert as_kim(place.nobody, **till).status_code == 200


def test_paired_tills_of_one_address_have_one_limit_and_what_others_try_there_is_none_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 4)
    tills = [paired(place, f"MANY{number}", "terminal") for number in range(3)]
    for number in range(4):
        assert as_ada(place.nobody, WRONG, f"+1 999 {number:04d}").status_code == 401
    assert as_ada(place.nobody).status_code == 429, "the address has no tries left"
    for till in tills:
        assert as_kim(place.nobody, **till).status_code == 200, "which locks no till out"
    statuses = [
        as_kim(place.nobody, WRONG, staff=f"Name {number}", **till).status_code for till in tills for number in range(2)
    ]
    assert statuses == [401] * 4 + [429] * 2


def test_what_is_right_does_not_count(place: Place) -> None:
    for _ in range(MOST + 2):
        assert as_ada(place.nobody).status_code == 200
        assert as_kim(place.nobody).status_code == 200
    assert [as_ada(place.nobody, WRONG).status_code for _ in range(MOST)] == [401] * MOST


def test_a_right_one_in_between_gives_no_more_tries(place: Place) -> None:
    """Else whoever has an account of their own, or waits for the owner, guesses on."""
    for _ in range(MOST - 1):
        as_ada(place.nobody, WRONG)
    assert as_ada(place.nobody).status_code == 200
    assert as_ada(place.nobody, WRONG).status_code == 401
    assert as_ada(place.nobody).status_code == 429


@pytest.mark.parametrize("login", ["+1 555 4242", "nobody@example.org", "no number at all"])
def test_an_account_that_is_not_there_answers_like_one_that_is(place: Place, login: str) -> None:
    for _ in range(MOST):
        known, unknown = as_ada(place.nobody, WRONG), as_ada(place.nobody, WRONG, login)
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    known, unknown = as_ada(place.nobody, WRONG), as_ada(place.nobody, WRONG, login)
    assert known.status_code == unknown.status_code == 429
    assert known.content == unknown.content
    assert known.headers.keys() == unknown.headers.keys()


def test_many_at_once_are_no_way_around(place: Place) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: as_ada(place.nobody, WRONG).status_code, range(4 * MOST)))
    assert statuses.count(401) == MOST
    assert statuses.count(429) == 3 * MOST


def test_it_is_over_half_an_hour_after_each_try(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = now()
    for _ in range(MOST):
        as_ada(place.nobody, WRONG)

    monkeypatch.setattr(throttle, "now", lambda: first + timedelta(seconds=throttle.WINDOW_S - 1))
    assert as_ada(place.nobody).status_code == 429
    monkeypatch.setattr(throttle, "now", lambda: first + timedelta(seconds=throttle.WINDOW_S + 60))
    assert as_ada(place.nobody).status_code == 200


def test_an_address_has_a_larger_budget_over_all_accounts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 5)
    statuses = [as_ada(place.nobody, WRONG, f"+1 999 {number:04d}").status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]
    assert as_ada(place.nobody).status_code == 429


def test_whether_a_number_is_taken_is_not_asked_for_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 3)
    body = {"name": "Eve", "phone": shop.ADA.phone, "password": shop.PASSWORD}
    statuses = [place.nobody.post("/api/auth/sign-up/", body).status_code for _ in range(4)]
    assert statuses == [409, 409, 409, 429]


def test_guessing_from_afar_locks_no_till_of_the_shop_out(place: Place) -> None:
    till = paired(place, "LUNCH1", "terminal")
    for _ in range(MOST):
        assert as_kim(place.nobody, WRONG, device="LUNCH1").status_code == 401
    assert as_kim(place.nobody).status_code == 429
    assert as_kim(place.nobody, device="LUNCH1").status_code == 429
    assert as_kim(place.nobody, **till).status_code == 200
    for _ in range(MOST):
        assert as_kim(place.nobody, WRONG, **till).status_code == 401
    assert as_kim(place.nobody, **till).status_code == 429, "who stands at the till has a count of their own"


def test_guessing_from_afar_keeps_no_customer_out_where_they_have_signed_in(place: Place) -> None:
    mine = as_ada(place.nobody).json()["client_token"]
    for _ in range(MOST):
        as_ada(place.nobody, WRONG)
    assert as_ada(place.nobody).status_code == 429
    for _ in range(MOST - 1):
        assert as_ada(place.nobody, WRONG, client_token=mine).status_code == 401
    mine = as_ada(place.nobody, client_token=mine).json()["client_token"]
    assert as_ada(place.nobody, WRONG, client_token=mine).status_code == 401
    assert as_ada(place.nobody, client_token=mine).status_code == 429, (
        "each such client has tries of its own, and no more"
    )
    assert as_ada(place.nobody).status_code == 429


def test_what_proves_no_client_of_theirs_gives_no_more_tries(place: Place) -> None:
    graces = calls.customer(place.server, shop.GRACE).signed_in["client_token"]
    eve = {"name": "Eve", "phone": "+1 555 0666", "password": "the-old-one"}
    before = place.nobody.post("/api/auth/sign-up/", eve).json()
    path = f"/api/admin/customers/{before['person']['id']}/"
    assert place.alex.post(path, {"password": "another-one"}).status_code == 200
    eves = {"password": "another-one", "login": eve["phone"]}
    for _ in range(MOST):
        as_ada(place.nobody, WRONG)
        as_ada(place.nobody, WRONG, eve["phone"])
    client = graces.partition(".")[0]
    for forged in (graces, client, f"{client}.", f"{client}.{'A' * 43}", ".", "é.é"):
        assert as_ada(place.nobody, client_token=forged).status_code == 429
    assert as_ada(place.nobody, **eves, client_token=before["client_token"]).status_code == 429, "of the old password"


def test_a_screen_of_the_shop_is_a_place_of_its_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", MOST + 1)
    screen, other = paired(place, "KIOSK1"), paired(place, "KIOSK2")
    board = paired(place, "BOARD2")
    for number in range(MOST):
        as_ada(place.nobody, WRONG, f"+1 999 {number:04d}")
    as_ada(place.nobody, WRONG)
    assert as_ada(place.nobody).status_code == 429, "the address has no tries left"
    assert as_board(place.nobody, "BOARD2", board["device_secret"]).status_code == 200
    signed_in = as_ada(place.nobody, **screen)
    assert (signed_in.status_code, signed_in.json()["client_token"]) == (200, ""), "it is nobody's own"
    for _ in range(MOST):
        assert as_ada(place.nobody, WRONG, **screen).status_code == 401
    assert as_ada(place.nobody, **screen).status_code == 429
    assert as_ada(place.nobody, **other).status_code == 200
    assert as_ada(place.nobody, WRONG, "+1 999 0001", **screen).status_code == 401
    assert as_ada(place.nobody, WRONG, "+1 999 0002", **screen).status_code == 429, "it has no more than an address"


def test_what_is_tried_at_all_screens_of_an_address_is_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_SCREENS", 4)
    screens = [paired(place, name) for name in ("KIOSK3", "KIOSK4", "KIOSK5")]
    for n in range(4):
        assert as_ada(place.nobody, WRONG, f"+1 999 10{n:02d}", **screens[n % 2]).status_code == 401
    for screen in screens:
        assert as_ada(place.nobody, WRONG, "+1 999 2000", **screen).status_code == 429
    assert as_ada(place.nobody, WRONG, "+1 999 2000").status_code == 401, "who is at none of them is counted apart"


def test_a_window_shows_that_its_customer_has_been_there(place: Place, tmp_path: Path) -> None:
    ada = SignIn(login=shop.ADA.phone, password=shop.PASSWORD)
    with Screen(place.server.url, tmp_path / "customer.db") as window:
        window.api.sign_in(ada)
        window.api.sign_out()
        for _ in range(MOST):
            as_ada(place.nobody, WRONG)
        assert as_ada(place.nobody).status_code == 429
        window.api.sign_in(ada)


def test_a_wrong_try_is_the_same_work_for_whoever_is_there_and_whoever_is_not(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers alike must not be told apart by how long it takes. What is done is counted, not how long."""
    done: list[str] = []
    matches, first, run = passwords._matches, Transaction.first, Transaction.run

    def matched(known_hash: str, secret: str) -> bool:
        done.append("$".join(known_hash.split("$")[:4]))  # the function and what it costs
        return matches(known_hash, secret)

    def asked(transaction: Transaction, statement: Prepared, **values: Any) -> Any:
        done.append(str(statement.statement))
        return first(transaction, statement, **values)

    def changed(transaction: Transaction, statement: Prepared, **values: Any) -> Any:
        done.append(str(statement.statement))
        return run(transaction, statement, **values)

    def work(reply: Any) -> list[str]:
        assert reply.status_code == 401
        forget(place)
        ours = [each for each in done if each.startswith("$") or any(table in each for table in tables)]
        done.clear()
        return ours

    tables = ("customers", "staff", "devices", "wrong_tries")
    paired(place, "BOARD3")
    gone = {"name": "Gone", "phone": "+1 555 0777", "password": shop.PASSWORD}
    person = place.nobody.post("/api/auth/sign-up/", gone).json()["person"]
    place.alex.post(f"/api/admin/customers/{person['id']}/", {"disabled": True})
    monkeypatch.setattr(passwords, "_matches", matched)
    monkeypatch.setattr(Transaction, "first", asked)
    monkeypatch.setattr(Transaction, "run", changed)
    forget(place)
    done.clear()

    there = work(as_ada(place.nobody, WRONG))
    assert [each for each in there if each.startswith("$")] == ["$argon2id$v=19$m=19456,t=2,p=1"]
    assert work(as_ada(place.nobody, WRONG, "+1 555 9999")) == there
    assert work(as_ada(place.nobody, WRONG, gone["phone"])) == there
    assert work(as_ada(place.nobody, WRONG, shop.ADA.email)) == work(as_ada(place.nobody, WRONG, "x@example.org"))
    kim = work(as_kim(place.nobody, WRONG))
    assert work(as_kim(place.nobody, WRONG, staff="Nobody")) == kim
    board = work(as_board(place.nobody, shop.DISPLAY.name))
    assert work(as_board(place.nobody, "BOARD3")) == work(as_board(place.nobody, "NONE")) == board
    for each in (kim, board):
        assert len([step for step in each if step.startswith("$")]) == 1


def test_an_admin_unlocks(place: Place) -> None:
    for _ in range(MOST):
        as_kim(place.nobody, WRONG)
        as_ada(place.nobody, WRONG)
    (kim,) = [each for each in place.alex.get("/api/admin/staff/").json()["staff"] if each["name"] == "Kim"]
    assert kim["locked_until"] is not None
    (ada,) = place.alex.get("/api/admin/customers/", params={"q": "Ada"}).json()["customers"]
    assert ada["locked_until"] is not None
    for path in (f"/api/admin/staff/{kim['id']}/", f"/api/admin/customers/{ada['id']}/"):
        assert place.alex.post(path, {"unlock": True}).json()["locked_until"] is None
    assert as_kim(place.nobody).status_code == 200
    assert as_ada(place.nobody).status_code == 200


def test_an_admin_unlocks_an_address(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    for number in range(2):
        as_ada(place.nobody, WRONG, f"+1 999 {number:04d}")
    assert as_ada(place.nobody).status_code == 429
    for body in ({"address": "not an address"}, {}):
        assert place.alex.post("/api/admin/unlock/", body).status_code == 422
    assert place.alex.post("/api/admin/unlock/", {"device": "NONE1"}).status_code == 404
    assert place.command.post("/api/admin/unlock/", {"address": "192.0.2.7"}).status_code == 204
    assert as_ada(place.nobody).status_code == 429, "that was another one"
    assert place.command.post("/api/admin/unlock/", {"address": "127.0.0.1"}).status_code == 204
    assert as_ada(place.nobody).status_code == 200


def test_a_lock_survives_the_server(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        for _ in range(MOST):
            as_ada(Caller(server.url), WRONG)
    with ServerThread(tmp_path) as server:
        assert as_ada(Caller(server.url)).status_code == 429


def test_old_tries_are_forgotten(place: Place) -> None:
    as_ada(place.nobody, WRONG)
    assert kept(place) == 2, "the account's and the address's"
    forget(place)
    assert kept(place) == 0


def test_what_was_typed_for_a_name_is_not_kept(place: Place) -> None:
    as_ada(place.nobody, WRONG, login="my-password-by-mistake")
    assert not [row for row in place.rows("SELECT scope FROM wrong_tries") if "password" in row[0]]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "", True),
    ],
)
def test_a_network_that_one_has_to_oneself_is_one_address(one: str, other: str, same: bool) -> None:
    assert (throttle.by_address(one) == throttle.by_address(other)) is same


def test_the_servers_own_machine_counts_apart_from_the_network() -> None:
    here, there = (throttle.staff_counts("shop", "Kim", "", None, is_here=each)[0] for each in (True, False))
    assert here.scope == there.scope
    assert here.origin != there.origin
