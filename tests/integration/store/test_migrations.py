"""From nothing to the newest schema, in one step or not at all."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.domain.acts import Act
from core.domain.ids import OrderId, ShopId, uuid7
from core.domain.money import Tax
from core.domain.payment import payments_of, to_pay_minor
from core.domain.people import Role
from core.domain.rights import START, Right, StaffRole
from core.domain.search import Facts, end_keys, index_keys
from core.domain.tax_table import of_one_rate
from core.store import ledger, migrate, orders, shops
from core.store.backups import check
from core.store.engine.database import Database, make_engine
from core.store.sql import partitions
from core.store.tables import metadata
from tests.support import databases


def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "new.db"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        parts = {name for table in partitions.TABLES for name in partitions.of(connection, table)}
        options = {"include_name": lambda name, kind, _parents: kind != "table" or name not in parts}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    migrated = _schema(engine)
    engine.dispose()
    engine = make_engine(databases.url(tmp_path / "created.db"))
    metadata.create_all(engine)
    created = _schema(engine)
    engine.dispose()
    assert created == migrated, "triggers and partial indexes too"


def test_checks_are_called_what_the_tables_call_them(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "new.db"))
    migrate.upgrade(engine, "0007")
    wanted = {
        (table.name, str(check.name))
        for table in metadata.tables.values()
        for check in table.constraints
        if isinstance(check, sqlalchemy.CheckConstraint)
    }
    assert _checks(engine) == wanted
    if engine.dialect.name == "postgresql":  # as it was when 0001 said it twice
        with engine.connect() as connection:
            for table, name in wanted:
                connection.exec_driver_sql(f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO ck_{table}_{name}")
    migrate.upgrade(engine)
    assert _checks(engine) == wanted
    engine.dispose()


def _checks(engine: sqlalchemy.Engine) -> set[tuple[str, str]]:
    inspector = sqlalchemy.inspect(engine)
    return {
        (table, str(check["name"]))
        for table in {*metadata.tables} & {*inspector.get_table_names()}
        for check in inspector.get_check_constraints(table)
    }


def test_the_devices_of_before_displays_are_terminals(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0002")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
        connection.exec_driver_sql("INSERT INTO devices (shop_id, id, created_at) VALUES ('s', 'POS1', 0)")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, kind, secret_hash FROM devices").fetchall()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("POS1", "terminal", None)]


_ORDER_OF_BEFORE = (
    "INSERT INTO orders VALUES ('{id}', 's', 'POS1-{n}', 'counter', 'confirmed', 1, {version}, 'pickup', '{tender}', "
    "'{payment}', 'EUR', 0, 0, 0, {n}, {n}, NULL, '', '', '', '', '')"
)


def test_what_was_paid_before_payments_had_a_history_has_no_author(tmp_path: Path) -> None:
    """Wherever it lies: the months of histories are there for both."""
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0008")
    this_month, long_ago = uuid7(), "old"
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
        for n, (order_id, version, tender, payment) in enumerate(
            ((this_month, 4, "card", "refunded"), (long_ago, 2, "cash", "paid"), ("none", 1, "cash", "unpaid")), 1
        ):
            sql = _ORDER_OF_BEFORE.format(id=order_id, n=n, version=version, tender=tender, payment=payment)
            connection.exec_driver_sql(sql)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT order_id, number, version, kind, tender, at, by_id, by_name, device, reason FROM ledger"
        ).fetchall()
        found = {each.rule: each.count for each in check.invariants(connection)}
        sessions = connection.exec_driver_sql("SELECT DISTINCT drawer FROM ledger").scalars().all()
        assert sessions == [""], "what was booked before drawers were counted is in no session"
        assert {*partitions.of(connection, "ledger")} == {
            name.replace("status_history", "ledger") for name in partitions.of(connection, "status_history")
        }
        for verb in ("DELETE FROM ledger", "UPDATE ledger SET by_name = 'Kim'"):
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
                connection.exec_driver_sql(verb)
            connection.rollback()
    engine.dispose()
    assert {tuple(row) for row in rows} == {
        (this_month, 1, 4, "payment", "card", 1, "", "", "", ""),
        (this_month, 2, 4, "credit", "", 1, "", "", "", ""),
        (this_month, 3, 4, "refund", "card", 1, "", "", "", ""),
        (long_ago, 1, 2, "payment", "cash", 2, "", "", "", ""),
    }
    assert found["payments"] == 0


_STEPS = (
    # version, source, target, tender: what release 0.1.0 could record, one after the other
    (1, None, "paid", "cash"),
    (2, "paid", "unpaid", "cash"),
    (3, "unpaid", "unpaid", "card"),
    (4, "unpaid", "paid", "card"),
    (5, "paid", "paid", "cash"),
    (6, "paid", "refunded", "cash"),
)
_BOOKED = (
    (1, 1, "payment", 500, "cash", 1, 0),
    (2, 2, "payment", -500, "cash", 0, 1),
    (3, 2, "plan", 0, "cash", 0, 0),
    (4, 3, "plan", 0, "card", 0, 0),
    (5, 4, "payment", 500, "card", 2, 0),
    (6, 5, "payment", -500, "card", 0, 2),
    (7, 5, "payment", 500, "cash", 3, 0),
    (8, 6, "credit", -500, "", 0, 0),
    (9, 6, "refund", -500, "cash", 0, 0),
)


@pytest.mark.parametrize("steps", range(1, len(_STEPS) + 1))
def test_a_payment_history_becomes_the_ledger_that_its_acts_would_have_made(tmp_path: Path, steps: int) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0008")
    last = _STEPS[steps - 1]
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
        sql = _ORDER_OF_BEFORE.format(id="a", n=1, version=steps, tender=last[3], payment="unpaid")
        connection.exec_driver_sql(sql.replace("0, 0, 0,", "500, 0, 500,"))
    migrate.upgrade(engine, "0019")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE orders SET payment = '{last[2]}'")
        for version, source, target, tender in _STEPS[:steps]:
            was = f"'{source}'" if source else "NULL"
            connection.exec_driver_sql(
                f"INSERT INTO payment_history VALUES ('a', {version}, {was}, '{target}', '{tender}', {version}, "
                f"'why {version}', 'kim', 'Kim', 'cashier', 'POS1', NULL)"
            )
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT number, version, kind, amount_minor, tender, payment, corrects FROM ledger ORDER BY number"
        ).fetchall()
        authors = connection.exec_driver_sql("SELECT DISTINCT version, at, reason, by_name, device FROM ledger").all()
        found = {each.rule: each.count for each in check.invariants(connection)}
    database = Database(databases.url(tmp_path / "old.db"))
    changes = database.read_blocking(lambda transaction: ledger.changes(transaction, OrderId("a"), 500))
    database.close()
    engine.dispose()
    assert [tuple(row) for row in rows] == [each for each in _BOOKED if each[1] <= steps]
    assert {tuple(row) for row in authors} == {
        (version, version, f"why {version}", "Kim", "POS1") for version in range(1, steps + 1)
    }
    assert found["payments"] == 0
    assert [(each.version, each.source, each.target, each.tender) for each in changes] == list(_STEPS[:steps])


def test_payments_of_before_are_whole_sales(tmp_path: Path) -> None:
    """Their rows say all, and a part can be paid of one that was not paid."""
    url = databases.url(tmp_path / "old.db")
    engine = make_engine(url)
    migrate.upgrade(engine, "0024")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_rate_bp, tax_included, time_zone, country, menu_version, "
            "epoch, timeline, seq, created_at) VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', '', 1, 'epoch', '', 0, 0)"
        )
        for n, (order_id, payment) in enumerate((("paid", "paid"), ("unpaid", "unpaid")), 1):
            connection.exec_driver_sql(
                "INSERT INTO orders (id, shop_id, number, channel, status, is_open, version, fulfilment, tender, "
                "payment, currency, subtotal_minor, tax_minor, total_minor, placed_at, updated_at, refunded_minor, "
                "customer_name, customer_phone, address, note, reason) VALUES "
                f"('{order_id}', 's', 'P-00000{n}', 'counter', 'ready', 1, 1, 'pickup', 'cash', '{payment}', 'EUR', "
                "500, 0, 500, 0, 0, 0, '', '', '', '', '')"
            )
        connection.exec_driver_sql(
            "INSERT INTO ledger (order_id, number, version, kind, amount_minor, tender, payment, corrects, line_id, "
            "quantity, tax_minor, at, reason, by_id, by_name, by_role, device) "
            "VALUES ('paid', 1, 1, 'payment', 500, 'cash', 1, 0, '', 0, 0, 1, '', 'kim', 'Kim', 'cashier', 'POS1')"
        )
    migrate.upgrade(engine)
    with engine.connect() as connection:
        in_parts = connection.exec_driver_sql("SELECT DISTINCT in_parts FROM orders").scalars().all()
        in_part = connection.exec_driver_sql("SELECT in_part FROM ledger").scalars().all()
        found = {each.rule: each.count for each in check.invariants(connection)}
    engine.dispose()
    assert (list(in_parts), list(in_part)) == ([0], [0])
    assert found["payments"] == found["parts"] == found["corrections"] == 0
    database = Database(url)
    paid, unpaid = database.read_blocking(
        lambda transaction: [orders.get(transaction, OrderId(each)) for each in ("paid", "unpaid")]
    )
    database.close()
    assert paid is not None
    assert unpaid is not None
    assert [each.amount_minor for each in payments_of(paid)] == [500]
    assert (to_pay_minor(unpaid), unpaid.payments) == (500, ())


def test_open_orders_of_before_have_waited_since_they_came_to_their_status(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0008")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
        for n, order_id in enumerate(("open", "closed"), 1):
            connection.exec_driver_sql(
                _ORDER_OF_BEFORE.format(id=order_id, n=n, version=3, tender="cash", payment="paid")
            )
            for version, at in ((1, 10), (2, 40)):
                connection.exec_driver_sql(
                    "INSERT INTO status_history VALUES "
                    f"('{order_id}', {version}, NULL, 'ready', {at}, '', '', '', '', '', NULL)"
                )
        connection.exec_driver_sql("UPDATE orders SET is_open = 0 WHERE id = 'closed'")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, moved_at FROM orders ORDER BY id").fetchall()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("closed", None), ("open", 40)]


def test_an_account_of_before_is_looked_after_where_its_customer_first_ordered(tmp_path: Path) -> None:
    """Online, by the customer; what somebody took at a counter under their name says nothing."""
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0010")
    order = (
        "INSERT INTO orders VALUES ('{0}', '{1}', 'X-{0}', '{2}', 'completed', 0, 1, 'pickup', 'cash', 'paid', 'EUR', "
        "0, 0, 0, {3}, {3}, '{4}', '', '', '', '', '')"
    )
    with engine.connect() as connection:
        for shop_id in ("a", "b"):
            connection.exec_driver_sql(
                f"INSERT INTO shops VALUES ('{shop_id}', 'Shop', 'EUR', 0, 1, 'UTC', 1, '{shop_id}', 0, 0)"
            )
        for customer in ("ada", "grace", "hedy"):
            connection.exec_driver_sql(
                f"INSERT INTO customers VALUES ('{customer}', 'X', 'x', '{customer}', NULL, '', 0, 0, NULL)"
            )
        for of in (("1", "b", "counter", 1, "ada"), ("2", "a", "online", 2, "ada"), ("3", "b", "online", 3, "ada")):
            connection.exec_driver_sql(order.format(*of))
        connection.exec_driver_sql(order.format("4", "b", "counter", 1, "grace"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        homes = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT id, home_shop_id FROM customers")}
    engine.dispose()
    assert homes == {"ada": "a", "grace": None, "hedy": None}


def test_with_one_shop_it_looks_after_every_account_of_before(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0010")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('a', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'a', 0, 0)")
        connection.exec_driver_sql("INSERT INTO customers VALUES ('ada', 'X', 'x', '1', NULL, '', 0, 0, NULL)")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT home_shop_id FROM customers").fetchall()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("a",)]


def test_a_series_that_was_sent_beyond_what_can_be_counted_goes_on_from_where_it_was(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0009")
    series = {"POS1": 999_999_999_999, "POS2": 1_000_000_000_000, "POS10": 12, "ONLINE": 999_999_999}
    numbers = ("POS1-000064", "POS1-999999999999", "POS10-000070", "POS1-0000007", "POS2-1000000000000")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_rate_bp, tax_included, time_zone, menu_version, epoch, seq, "
            "created_at) VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)"
        )
        for name, last in series.items():
            connection.exec_driver_sql(f"INSERT INTO number_series VALUES ('s', '{name}', {last})")
        for n, number in enumerate(numbers):
            sql = _ORDER_OF_BEFORE.format(id=f"id{n}", n=n, version=1, tender="cash", payment="unpaid")
            connection.exec_driver_sql(sql.replace(f"'POS1-{n}'", f"'{number}'"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT series, last FROM number_series").fetchall()
        found = {each.rule: each.count for each in check.invariants(connection)}
    engine.dispose()
    assert {row[0]: row[1] for row in rows} == {"POS1": 64, "POS2": 0, "POS10": 12, "ONLINE": 999_999_999}
    assert found["numbers"] == 1, "POS10 would give 70 again, and that is still found"


def _schema(engine: sqlalchemy.Engine) -> dict[str, str]:
    """Indexes and triggers; not those of single months, which come and go."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_SCHEMA[engine.dialect.name]).fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows}


_SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    "postgresql": "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' "
    "AND tablename <> 'alembic_version' AND tablename !~ '_[0-9]{4}_[0-9]{2}$' "
    "UNION ALL SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger "
    "WHERE NOT tgisinternal AND tgrelid::regclass::text !~ '_[0-9]{4}_[0-9]{2}$'",
}


@pytest.mark.postgresql_only("SQLite compares bytes by itself")
def test_text_is_compared_as_bytes(tmp_path: Path) -> None:
    """Whatever the language of the database: `B` comes before `a`, as cursors and pages rely on."""
    engine = make_engine(databases.url(tmp_path / "new.db"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        others = connection.exec_driver_sql(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
        ).fetchall()
        ordered = connection.exec_driver_sql("SELECT 'a' < 'B', 'a' < 'B' COLLATE \"C\"").one()
    engine.dispose()
    assert others == []
    if not ordered[0]:
        pytest.skip("this server knows no language that would sort otherwise")
    assert not ordered[1]


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "new.db"))
    migrate.upgrade(engine)
    before = _schema(engine)
    migrate.upgrade(engine)
    assert _schema(engine) == before
    engine.dispose()


def test_there_is_one_line_of_migrations() -> None:
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert migrate.revisions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def dying(*arguments: Any) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    engine = make_engine(databases.url(tmp_path / "new.db"))
    monkeypatch.setattr(command, "upgrade", dying)
    with pytest.raises(KeyboardInterrupt):
        migrate.upgrade(engine)
    assert _schema(engine) == {}
    monkeypatch.undo()
    migrate.upgrade(engine)
    assert "ix_orders_history" in _schema(engine)
    engine.dispose()


def test_the_one_rate_of_before_is_what_the_tax_table_says_of_the_standard_category(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0024")
    with engine.begin() as connection:
        for shop_id, rate_bp, included in (("a", 825, 0), ("b", 0, 1)):
            connection.exec_driver_sql(
                "INSERT INTO shops (id, name, currency, tax_rate_bp, tax_included, time_zone, country, menu_version, "
                f"epoch, timeline, seq, created_at) VALUES ('{shop_id}', 'Shop', 'USD', {rate_bp}, {included}, 'UTC', "
                f"'US', 1, 'epoch {shop_id}', '', 0, 0)"
            )
        connection.exec_driver_sql(
            "INSERT INTO orders (id, shop_id, number, channel, status, is_open, version, fulfilment, tender, payment, "
            "currency, subtotal_minor, tax_minor, total_minor, placed_at, updated_at, customer_name, customer_phone, "
            "address, note, reason) VALUES ('o', 'a', 'POS1-000001', 'counter', 'ready', 1, 1, 'pickup', 'cash', "
            "'unpaid', 'USD', 1000, 83, 1083, 1, 1, '', '', '', '', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO order_lines (order_id, position, item_id, name, quantity, unit_price_minor, total_minor, "
            "modifiers, note) VALUES ('o', 0, 'bowl', 'Bowl', 1, 1000, 1000, '[]', '')"
        )
    migrate.upgrade(engine)
    engine.dispose()
    database = Database(databases.url(tmp_path / "old.db"))
    found = database.read_blocking(lambda transaction: [shops.get(transaction, ShopId(shop_id)) for shop_id in "ab"])
    order = database.read_blocking(lambda transaction: orders.get(transaction, OrderId("o")))
    database.close()
    assert [shop.taxes for shop in found if shop] == [of_one_rate(8_250), of_one_rate(0)]
    assert [shop.tax for shop in found if shop] == [Tax(825, included=False), Tax(0, included=True)]
    assert order is not None
    assert (order.tax_minor, order.total_minor) == (83, 1083), "as it was"
    assert (order.tax_date, [line.taxes for line in order.lines]) == (None, [()])
    assert (order.discount, order.discount_minor, [line.amount_minor for line in order.lines]) == (None, 0, [1000])


def test_orders_of_before_are_found_by_their_words(tmp_path: Path) -> None:
    """And customers by their names as they are compared now. More of them than are read at once."""
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0020")
    names = ("Ömer Ünal", "Жанна", "O'Brien", "", "7")
    facts = [Facts(f"POS1-{n:06}", names[n % 5], f"4930{n:04}", "dine_in") for n in range(1, 4_006)]
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_rate_bp, tax_included, time_zone, menu_version, epoch, seq, "
            "created_at) VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)"
        )
        insert_order = sqlalchemy.text(
            "INSERT INTO orders (id, shop_id, number, channel, status, is_open, version, fulfilment, tender, payment, "
            "currency, subtotal_minor, tax_minor, total_minor, placed_at, updated_at, customer_name, customer_phone, "
            "address, note, reason) VALUES (:number, 's', :number, 'counter', 'ready', 1, 1, :fulfilment, 'cash', "
            "'unpaid', 'EUR', 1, 0, 1, :at, :at, :name, :phone, '', '', '')"
        )
        insert_customer = sqlalchemy.text(
            "INSERT INTO customers (id, name, name_key, phone, password_hash, order_count, created_at) "
            "VALUES (:number, :name, :key, :phone, '', 0, 0)"
        )
        rows = [  # two of the same microsecond
            {**each._asdict(), "at": 1_000_000 + n // 2, "key": each.name.casefold()} for n, each in enumerate(facts)
        ]
        connection.execute(insert_order, rows)
        connection.execute(insert_customer, rows)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        kept = [tuple(row) for row in connection.exec_driver_sql("SELECT word, placed_at FROM order_words")]
        keys = {tuple(row) for row in connection.exec_driver_sql("SELECT name, name_key FROM customers")}
        found = {each.rule: each.count for each in check.invariants(connection)}
    engine.dispose()
    at_once = {(word, 1_000_000 + n // 2) for n, each in enumerate(facts) for word in index_keys(each)}
    assert set(kept) == at_once | {(key, 0) for each in facts for key in end_keys(each.phone)}
    assert {"womer", "n000001", "e4005 49304005", "p49304005", "wtable"} <= {word for word, _ in kept}
    assert keys == set(zip(names, ("omer unal", "жанна", "obrien", "", "7"), strict=True))
    assert (found["words"], found["forgotten"]) == (0, 0)


def test_everybody_may_after_an_upgrade_what_they_could_before(tmp_path: Path) -> None:
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0034")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_included, time_zone, menu_version, epoch, seq, created_at) "
            "VALUES ('s', 'Shop', 'EUR', 1, 'UTC', 1, 'epoch', 0, 0)"
        )
    migrate.upgrade(engine)
    engine.dispose()
    database = Database(databases.url(tmp_path / "old.db"))
    found = database.read_blocking(lambda transaction: shops.roles(transaction, ShopId("s")))
    database.close()
    assert found == START


def test_whoever_may_give_a_discount_may_change_a_service_charge(tmp_path: Path) -> None:
    limited, none = Right(Act.DISCOUNT, 10_000), Right(Act.REFUND)
    before = (StaffRole(Role.CASHIER, (limited, none)), StaffRole(Role.MANAGER, (none,)))
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0042")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_included, time_zone, menu_version, epoch, seq, created_at, "
            "roles) VALUES ('s', 'Shop', 'EUR', 1, 'UTC', 1, 'epoch', 0, 0, "
            f"'{msgspec.json.encode(before).decode()}')"
        )
    migrate.upgrade(engine)
    engine.dispose()
    database = Database(databases.url(tmp_path / "old.db"))
    cashier, manager = database.read_blocking(lambda transaction: shops.roles(transaction, ShopId("s")))
    database.close()
    assert {Right(Act.SERVICE), limited, none} <= set(cashier.rights)
    assert Right(Act.SERVICE) not in manager.rights


def test_whoever_worked_at_a_pos_may_record_by_hand_what_a_card_terminal_did(tmp_path: Path) -> None:
    before = (StaffRole(Role.CASHIER, ()), StaffRole(Role.MANAGER, (Right(Act.REFUND, 500),)))
    engine = make_engine(databases.url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0048")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO shops (id, name, currency, tax_included, time_zone, menu_version, epoch, seq, created_at, "
            "roles) VALUES ('s', 'Shop', 'EUR', 1, 'UTC', 1, 'epoch', 0, 0, "
            f"'{msgspec.json.encode(before).decode()}')"
        )
    migrate.upgrade(engine)
    with engine.connect() as connection:
        until = connection.exec_driver_sql("SELECT changes_until FROM shops").scalar_one()
    engine.dispose()
    database = Database(databases.url(tmp_path / "old.db"))
    roles = database.read_blocking(lambda transaction: shops.roles(transaction, ShopId("s")))
    database.close()
    assert [each.rights for each in roles] == [
        (Right(Act.RECORD_CARD),),
        (Right(Act.REFUND, 500), Right(Act.RECORD_CARD)),
    ]
    assert until == "never", "its POSs may be of an earlier release"
