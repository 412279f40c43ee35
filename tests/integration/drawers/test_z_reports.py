"""Z closes a session once, whatever arrives later is a supplement to it, and whoever changes one of them is found
out."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.server.drawers.chain import keyed_hash
from core.store.sql.statements import Transaction
from tests.integration.calls import new_key, staff
from tests.integration.drawers.till import Till
from tests.support import databases, shop
from tests.support.server import ServerThread


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as running:
        yield running


@pytest.fixture
def till(server: ServerThread) -> Till:
    return Till(staff(server, shop.KIM))


@pytest.fixture
def faults(server: ServerThread) -> Callable[[], list[str]]:
    """What the server finds wrong with the chains."""
    alex = staff(server, shop.ALEX, shop.DEVICE)

    def found() -> list[str]:
        reply = alex.get("/api/admin/z-reports/")
        assert reply.ok, reply.text
        return [each["says"] for each in reply.json()["faults"]]

    return found


def _identities(z: dict[str, Any]) -> None:
    """Z1, Z2, Z3, Z5 and Z6 of one report."""
    assert z["turnover_minor"] == z["sales_minor"] - z["refunds_minor"] == z["net_minor"] + z["tax_minor"]
    assert sum(z["taxes"].values()) == z["tax_minor"]
    assert sum(z["gross"].values()) == z["turnover_minor"]
    paid = sum(z["payments"].values())
    assert paid == z["turnover_minor"] + z["tips_minor"] + z["rounding_minor"] - z["receivable_minor"]
    cash, moved = z["cash"], {act: each["amount_minor"] for act, each in z["moved"].items()}
    out = moved.get("paid_out", 0) + moved.get("drop", 0) + moved.get("tip_out", 0)
    assert cash["expected_minor"] == cash["float_minor"] + cash["payments_minor"] + moved.get("paid_in", 0) - out
    assert cash["payments_minor"] == z["payments"].get("cash", 0)
    assert cash["difference_minor"] == cash["counted_minor"] - cash["expected_minor"]


def _day(till: Till, chance: random.Random, known: list[dict[str, Any]]) -> dict[str, Any]:
    """A session of random sales, mistakes and refunds, some of orders of earlier sessions."""
    till.open(chance.randint(0, 20_000))
    for _ in range(chance.randint(0, 8)):
        match chance.randint(0, 6):
            case 0 | 1 | 2:
                order = till.sell(chance.randint(1, 3), tender=chance.choice(["cash", "card"]), given_minor=10**6)
                known.append(order)
            case 3:
                known.append(till.sell(payment="unpaid"))
            case 4:
                till.move(chance.choice(["paid_in", "paid_out", "drop", "tip_out"]), chance.randint(1, 5_000))
            case _ if known:
                at = chance.randrange(len(known))
                known[at] = _changed(till, chance, known[at])
    till.count(chance.randint(0, 40_000))
    return till.close()


def _payments(order: dict[str, Any]) -> list[dict[str, Any]]:
    whole = {"tender": order["tender"], "amount_minor": order["total_minor"], "tip_minor": 0}
    is_paid = order["payment"] != "unpaid"
    found: list[dict[str, Any]] = order["payments"]
    return found or ([{**whole, "refunded_minor": order["refunded_minor"]}] if is_paid else [])


def _changed(till: Till, chance: random.Random, order: dict[str, Any]) -> dict[str, Any]:
    if order["payment"] == "unpaid":
        left = order["total_minor"] - sum(each["amount_minor"] for each in order["payments"])
        part = left if chance.random() < 0.5 else chance.randint(1, left)
        tip = chance.choice([0, 0, 150])
        return till.take(order, amount_minor=part, tip_minor=tip, tender=chance.choice(["cash", "card"]))
    if order["payment"] == "refunded":
        return order
    match chance.randint(0, 3):
        case 0 if not order["refunded_minor"]:
            return till.undo(order)
        case 1 if not order["refunded_minor"] and not order["payments"]:
            return till.pay(order, payment="paid", tender="card" if order["tender"] == "cash" else "cash")
        case 2 if order["total_minor"] - order["refunded_minor"] > 1:
            return till.refund(
                order, amount_minor=chance.randint(1, order["total_minor"] - order["refunded_minor"] - 1)
            )
        case _:
            return till.pay(order, payment="refunded", reason="cold")


@pytest.mark.slow
def test_every_identity_holds_over_random_days_and_the_days_are_the_orders(till: Till) -> None:
    chance, known = random.Random(20261129), list[dict[str, Any]]()
    zs = [_day(till, chance, known) for _ in range(12)]
    for number, z in enumerate(zs, 1):
        _identities(z)
        assert z["number"] == z["place"] == number
        assert z["grand_sales_minor"] == sum(each["sales_minor"] for each in zs[:number])
        assert z["grand_refunds_minor"] == sum(each["refunds_minor"] for each in zs[:number])
    known = [till.read(order) for order in known]
    paid = [order for order in known if order["payment"] != "unpaid"]
    assert sum(z["turnover_minor"] for z in zs) == sum(o["total_minor"] - o["refunded_minor"] for o in paid)
    for tender in ("cash", "card"):
        held = sum(
            each["amount_minor"] + each["tip_minor"] - each.get("refunded_minor", 0)
            for order in known
            for each in _payments(order)
            if each["tender"] == tender
        )
        assert sum(z["payments"].get(tender, 0) for z in zs) == held
    assert sum(z["tips_minor"] for z in zs) == sum(each["tip_minor"] for o in known for each in _payments(o))
    assert any(z["tips_minor"] for z in zs)
    assert any(z["receivable_minor"] for z in zs), "something was paid ahead"
    tax = sum(o["tax_minor"] - sum(line.get("refunded_tax_minor", 0) for line in o["lines"]) for o in paid)
    assert sum(z["tax_minor"] for z in zs) == tax
    assert any(z["refunds_minor"] for z in zs)


def test_a_session_without_sales_has_its_z_and_unpaid_orders_are_carried_over(till: Till) -> None:
    till.open(5_000)
    unpaid = till.sell(payment="unpaid")
    till.count(5_000)
    first = till.close()
    assert (first["sales"], first["sales_minor"], first["number"]) == (0, 0, 1)
    assert (first["open_orders"], first["open_minor"]) == (1, unpaid["total_minor"])
    till.open(5_000)
    till.pay(unpaid, payment="paid", tender="cash")
    till.count(5_000 + unpaid["total_minor"])
    second = till.close()
    assert (second["sales"], second["sales_minor"], second["open_orders"]) == (1, unpaid["total_minor"], 0)
    assert second["previous_hash"] == till.reports()[1]["hash"]


def test_an_order_called_off_unpaid_is_a_void_and_no_refund(till: Till) -> None:
    till.open()
    order = till.sell(payment="unpaid")
    till.caller.bring(order, "cancelled")
    till.count(10_000)
    z = till.close()
    assert (z["voids"], z["voided_minor"], z["refunds"]) == (1, order["total_minor"], 0)


def test_discounts_and_rates_are_in_the_report(till: Till) -> None:
    till.open()
    order = till.sell(2, discount={"rate": 50_000, "reason": "Staff meal"}, tender="card")
    assert order["discount_minor"] > 0
    till.count(10_000)
    z = till.close()
    assert z["discount_minor"] == order["discount_minor"]
    ((group, tax),) = z["taxes"].items()
    assert group.partition(":")[2] == str(order["lines"][0]["taxes"][0]["rate"])
    assert (tax, z["gross"]) == (order["tax_minor"], {group: order["total_minor"]})
    _identities(z)


def test_x_changes_nothing(till: Till, server: ServerThread) -> None:
    alex = staff(server, shop.ALEX)
    till.open()
    sold = till.sell()
    first, second = (till.x(alex).json()["report"] for _ in range(2))
    assert first["sales_minor"] == second["sales_minor"] == sold["total_minor"]
    assert first["number"] == 0
    assert till.reports() == []


def test_what_arrives_after_the_z_is_a_supplement_that_names_it(till: Till, faults: Callable[[], list[str]]) -> None:
    till.open()
    till.sell()
    till.count(10_000)
    late_key = new_key()
    z = till.close(unsent=[late_key])
    assert z["not_arrived"] == [late_key]
    session = till.session
    late = till.sell(drawer=session)
    till.refund(late, amount_minor=100, drawer=session)
    second, first, whole = (each["report"] for each in till.reports())
    assert whole == z, "the Z stays as it was made"
    assert [(each["number"], each["supplement"]) for each in (first, second)] == [(1, 1), (1, 2)]
    assert (first["sales_minor"], second["sales_minor"]) == (late["total_minor"], 0)
    assert second["refunds_minor"] == 100
    assert second["grand_sales_minor"] == z["sales_minor"] + late["total_minor"]
    assert second["cash"]["payments_minor"] == z["cash"]["payments_minor"] + late["total_minor"] - 100
    till.pay(till.sell(drawer=session), payment="unpaid", reason="by mistake", drawer=session)
    taken_back = till.reports()[0]["report"]
    assert taken_back["refunds_minor"] > 0
    assert taken_back["sales_minor"] == 0, "running totals never fall"
    till.open()
    till.count(10_000)
    assert till.close()["number"] == 2
    assert faults() == []


def test_a_z_names_tills_that_were_not_heard_of(till: Till, server: ServerThread) -> None:
    def lose(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql(
            "INSERT INTO devices (shop_id, id, kind, created_at, paired_at, contact_at) "
            "SELECT shop_id, 'POS9', kind, 1, 1, 1000000 FROM devices WHERE id = 'POS1'"
        )

    server.database.write_blocking(lose)
    till.open()
    till.count(10_000)
    assert [each["device"] for each in till.close()["unheard"]] == ["POS9"]


def _rewritten(content: bytes, **to: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(content), **to})


def _figure(at: Callable[..., Any]) -> None:
    (content,) = at("SELECT content FROM z_reports WHERE place = 2")[0]
    at("UPDATE z_reports SET content = ? WHERE place = 2", _rewritten(content, sales_minor=0))


def _whole_chain(at: Callable[..., Any]) -> None:
    """By somebody who knows how hashes are made, with every right in the database, and without the key."""
    previous = ""
    for place, content in at("SELECT place, content FROM z_reports ORDER BY place"):
        changed = _rewritten(
            content,
            sales=0,
            sales_minor=0,
            turnover_minor=0,
            net_minor=0,
            tax_minor=0,
            taxes={},
            payments={},
            grand_sales_minor=0,
            previous_hash=previous,
        )
        previous = keyed_hash(b"guessed", changed)
        at("UPDATE z_reports SET content = ?, hash = ? WHERE place = ?", changed, previous, place)


def _removed(at: Callable[..., Any]) -> None:
    at("DELETE FROM z_reports WHERE place = 2")
    at("UPDATE z_reports SET place = 2, number = 2 WHERE place = 3")


def _reordered(at: Callable[..., Any]) -> None:
    at("UPDATE z_reports SET place = 9, number = 9 WHERE place = 2")
    at("UPDATE z_reports SET place = 2, number = 2 WHERE place = 3")
    at("UPDATE z_reports SET place = 3, number = 3 WHERE place = 9")


def _last_removed(at: Callable[..., Any]) -> None:
    at("DELETE FROM z_reports WHERE place = 3")


def _last_session_removed(at: Callable[..., Any]) -> None:
    """The newest Z with all that was done in its session."""
    ((session,),) = at("SELECT drawer_session_id FROM z_reports WHERE place = 3")
    at("DELETE FROM z_reports WHERE place = 3")
    at("DELETE FROM drawer_entries WHERE drawer_session_id = ?", session)


@pytest.mark.parametrize(
    "crime",
    [_figure, _whole_chain, _removed, _reordered, _last_removed, _last_session_removed],
    ids=lambda f: f.__name__,
)
def test_whoever_changes_a_report_with_a_databases_rights_is_found_out(
    till: Till,
    server: ServerThread,
    faults: Callable[[], list[str]],
    crime: Callable[[Callable[..., Any]], None],
) -> None:
    for _ in range(3):
        till.open()
        till.sell()
        till.count(10_000)
        till.close()
    assert faults() == []

    def commit(transaction: Transaction) -> None:
        run = transaction.connection.exec_driver_sql
        for table in ("z_reports", "drawer_entries"):
            for verb in ("update", "delete"):
                on = f" ON {table}" if databases.kind() == "postgresql" else ""
                run(f"DROP TRIGGER {table}_no_{verb}{on}")

        def at(sql: str, *values: Any) -> Any:
            found = run(databases.placed(sql), values)
            return [tuple(row) for row in found] if found.returns_rows else []

        crime(at)

    server.database.write_blocking(commit)
    assert faults(), "nobody noticed"
