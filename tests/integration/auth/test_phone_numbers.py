"""One person's phone number is one, however it is typed, and however an earlier release has kept it."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.server.settings import ServerSettings
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.server import ServerThread

PASSWORD = "correct horse battery"
WAYS = (
    *("+49 170 1234567", "0049 170 1234567", "0170 1234567", "(0170) 123-45 67", "0170\u00a0123\u202f45\u201367"),
    *("+49 (0)170 1234567", "٠١٧٠ ١٢٣٤٥٦٧", "०१७०१२३४५६७", "０１７０－１２３４５６７", "491701234567"),
)
KEPT_BEFORE = ("01701234567", "491701234567", "00491701234567", "4901701234567", "+491701234567")
"""What earlier releases have kept of one number, as somebody typed it."""


def sql(place: Place, statement: str) -> None:
    def work(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql(statement)

    place.server.database.write_blocking(work)


@pytest.fixture(autouse=True)
def german(place: Place) -> Iterator[None]:
    """The shop is in Germany, and nobody has the number or has tried anything."""
    sql(place, f"UPDATE shops SET country = 'DE' WHERE id = '{place.world.shop}'")
    yield
    sql(place, "DELETE FROM wrong_tries")
    sql(place, f"UPDATE customers SET phone = '{shop.GRACE.phone}' WHERE id = '{place.world.grace}'")


def keep(place: Place, phone: str) -> None:
    """Grace has this number in the database, as an earlier release left it."""
    sql(place, f"UPDATE customers SET phone = '{phone}' WHERE id = '{place.world.grace}'")


def sign_up(place: Place, phone: str) -> Any:
    return place.nobody.post("/api/auth/sign-up/", {"name": "Jo", "phone": phone, "password": PASSWORD})


def sign_in(place: Place, login: str, password: str = shop.GRACE.password) -> Any:
    return place.nobody.post("/api/auth/sign-in/", {"login": login, "password": password})


@pytest.mark.parametrize("kept", KEPT_BEFORE)
def test_who_signed_up_before_is_found_by_every_spelling(place: Place, kept: str) -> None:
    keep(place, kept)
    for way in WAYS if kept == KEPT_BEFORE[0] else WAYS[1:3]:  # each takes two hashes of a password
        reply = sign_in(place, way)
        assert reply.status_code == 200, (way, reply.text)
        assert reply.json()["person"]["id"] == place.world.grace
        found = place.kim.get("/api/pos/customers/", params={"q": way}).json()["customers"]
        assert [each["id"] for each in found] == [place.world.grace], way
        listed = place.command.get("/api/admin/customers/", params={"q": way}).json()["customers"]
        assert [each["id"] for each in listed] == [place.world.grace], way
        assert sign_up(place, way).status_code == 409, "and gets no second account"


def test_a_new_number_is_kept_in_one_form(place: Place) -> None:
    first, *others = ("(0151) 234\u00a056\u201378 9", "+49 151 23456789", "0049/151/23456789", "٠١٥١٢٣٤٥٦٧٨٩")
    reply = sign_up(place, first)
    assert reply.status_code == 201, reply.text
    assert reply.json()["person"]["phone"] == "+4915123456789"
    assert [sign_up(place, way).status_code for way in others] == [409] * 3
    assert {sign_in(place, way, PASSWORD).json()["person"]["id"] for way in (first, *others)} == {
        reply.json()["person"]["id"]
    }


def test_two_accounts_of_one_number_from_before_stay_two(place: Place) -> None:
    """Each is reached as it was typed when it was made."""
    sql(place, f"UPDATE customers SET phone = '491701234567' WHERE id = '{place.world.ada}'")
    keep(place, "01701234567")
    try:
        assert sign_in(place, "0170 1234567").json()["person"]["id"] == place.world.grace
        assert sign_in(place, "+49 170 1234567", shop.ADA.password).json()["person"]["id"] == place.world.ada
        found = place.kim.get("/api/pos/customers/", params={"q": "0049 170 1234567"}).json()["customers"]
        assert {each["id"] for each in found} == {place.world.ada, place.world.grace}, "staff see both"
    finally:
        sql(place, f"UPDATE customers SET phone = '{shop.ADA.phone}' WHERE id = '{place.world.ada}'")


@pytest.mark.parametrize("known", [True, False])
def test_another_spelling_is_no_other_chance(place: Place, known: bool) -> None:
    if known:
        keep(place, "01701234567")
    ways = itertools.cycle(WAYS)
    replies = [sign_in(place, next(ways), "wrong").status_code for _ in range(11)]
    assert replies == [401] * 10 + [429]
    assert sign_in(place, shop.GRACE.email, shop.GRACE.password if known else "wrong").status_code != 429


@pytest.mark.parametrize("typed", ["", "Ada", "12", "0170 call me", "1" * 17, "ada@example.org", "😀"])
def test_what_is_no_number_is_said_in_a_sentence(place: Place, typed: str) -> None:
    reply = sign_up(place, typed)
    assert (reply.status_code, reply.json()["field"]) == (422, "phone")
    assert reply.json()["detail"].endswith(".")


def test_an_orders_own_number_is_kept_in_the_same_form(place: Place) -> None:
    for way in WAYS:
        reply = place.kim.post("/api/pos/orders/", order_body(customer_phone=way), key=new_key())
        assert (reply.status_code, reply.json()["customer_phone"]) == (201, "+491701234567"), way
    reply = place.kim.post("/api/pos/orders/", order_body(customer_phone="none"), key=new_key())
    assert (reply.status_code, reply.json()["field"]) == (422, "customer_phone")


def test_a_password_is_not_the_number_in_another_spelling(place: Place) -> None:
    body = {"name": "Jo", "phone": "+49 151 23456788", "password": "0151 23456788"}
    reply = place.nobody.post("/api/auth/sign-up/", body)
    assert (reply.status_code, reply.json()["field"]) == (422, "password")


def test_a_pin_is_one_in_every_digits(place: Place) -> None:
    pin = shop.KIM.pin.translate({ord("0") + n: 0x660 + n for n in range(10)})
    body = {"staff": shop.KIM.name, "pin": pin, "device": shop.DEVICE, "shop": place.world.shop}
    assert place.nobody.post("/api/auth/staff/sign-in/", body).status_code == 200


@pytest.mark.sqlite_only("one process owns a file; a server has no owner")
def test_a_command_takes_every_spelling(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    world = shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def work(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("UPDATE shops SET country = 'DE'")
        transaction.connection.exec_driver_sql(f"UPDATE customers SET phone = '01701234567' WHERE id = '{world.grace}'")

    with ServerThread(tmp_path) as server:
        server.database.write_blocking(work)
        calls.customer(server, shop.ADA)
    for way in ("+49 170 1234567", "0049 (0)170 123-4567", "٠١٧٠١٢٣٤٥٦٧"):
        assert main(["users", "disable", "--customer", way, "--data-dir", str(tmp_path)]) == 0, way
        assert b"Grace" in capfdbinary.readouterr().out
        assert main(["users", "enable", "--customer", way, "--data-dir", str(tmp_path)]) == 0
        capfdbinary.readouterr()
