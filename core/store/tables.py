"""The server's tables.

Columns hold integers, text and bytes only, so a row is what the driver returns: instants are whole microseconds since
1970 UTC, booleans are 0 or 1, money is minor units. Whatever a shop owns is keyed by `shop_id`; customers belong to the
chain.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *more: Any, **options: Any) -> Column[str]:
    return Column(name, Text, *more, nullable=options.pop("nullable", False), **options)


def _int(name: str, *more: Any, **options: Any) -> Column[int]:
    return Column(name, Integer, *more, nullable=options.pop("nullable", False), **options)


def _big(name: str, *more: Any, **options: Any) -> Column[int]:
    """An integer that may exceed 32 bits: minor units, microseconds, `seq`."""
    return Column(name, BigInteger, *more, nullable=options.pop("nullable", False), **options)


def _key(name: str, *more: Any) -> Column[str]:
    return Column(name, Text, *more, primary_key=True, nullable=False)


_AS_BYTES: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text of which ranges are ranges of bytes."""


def _order_id() -> Column[str]:
    """The key of tables that are partitioned by month on PostgreSQL (`core.store.sql.partitions`)."""
    return Column("order_id", _AS_BYTES, ForeignKey("orders.id"), primary_key=True, nullable=False)


_BY_MONTH: Final = "RANGE (order_id)"


def _shop() -> Column[str]:
    return _text("shop_id", ForeignKey("shops.id"))


def _index_where(name: str, *columns: str, where: str) -> Index:
    """A partial index."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


shops: Final = Table(
    "shops",
    metadata,
    _key("id"),
    _text("name"),
    _text("currency"),
    _int("tax_included"),
    _text("taxes", server_default=text("'[]'")),  # JSON: the tax table
    _text("discounts", server_default=text("'[]'")),  # JSON: those that are given at one press
    _text("roles", server_default=text("''")),  # JSON: who may do what; empty: `core.domain.rights.START`
    _text("tenders", server_default=text("'[]'")),  # JSON: all of them, in the order of a till's keys
    _text("roundings", server_default=text("'[]'")),  # JSON: how amounts in coins are rounded, the newest first
    _text("changes_until", server_default=text("'never'")),  # `core.domain.menu.ChangesUntil`
    _text("drawers", server_default=text("'device'")),  # `core.domain.menu.DrawerUse`
    _text("services", server_default=text("'[]'")),  # JSON: what is charged for service, the newest first
    _text("time_zone"),
    _text("country", server_default=text("''")),  # ISO 3166-1 alpha-2: whose phone numbers need no country code
    _int("menu_version"),
    _text("epoch"),
    _text("timeline", server_default=text("''")),  # of the database server that the epoch is of; '' with a file
    _big("seq"),  # the last event's; updated in the writing transaction, so commit order is seq order
    _big("created_at"),
    # The key that windows seal data to is derived from it; it is in the database, so that backups have it.
    Column("secret", LargeBinary),  # never null: but no column is added without a default, and this has none
)

devices: Final = Table(
    "devices",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("id"),  # a terminal's number series: POS1
    _text("kind", server_default=text("'terminal'")),
    _text("secret_hash", nullable=True),  # None: a terminal that was made with the shop and never paired
    _big("created_at"),
    _big("paired_at", nullable=True),
    _big("revoked_at", nullable=True),
    _big("contact_at", nullable=True),  # the last, and what was known of it then
    _big("position", nullable=True),  # the seq up to which it had received events
    _text("app_version", server_default=text("''")),
    _text("window_id", server_default=text("''")),  # of the window that counted a terminal's series last
    _big("removed_at", nullable=True),  # not listed any more; the row stays, as its number series does
)

pairing_codes: Final = Table(
    "pairing_codes",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True, nullable=False),
    _shop(),
    _text("device_id"),
    _text("kind"),
    _big("expires_at"),
    UniqueConstraint("shop_id", "device_id"),  # a newer code ends the older
)

number_series: Final = Table(
    "number_series",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("series"),
    _big("last"),
)

staff: Final = Table(
    "staff",
    metadata,
    _key("id"),
    _shop(),
    _text("name"),
    _text("name_key"),  # case-folded: one person a name, however it is typed
    _text("role"),
    _text("pin_hash"),
    _big("created_at"),
    _big("disabled_at", nullable=True),
    _big("removed_at", nullable=True),  # disabled for good, and not listed any more
    UniqueConstraint("shop_id", "name_key"),
)

customers: Final = Table(
    "customers",
    metadata,
    _key("id"),
    _text("name"),
    _text("name_key"),  # `core.domain.search.name_key`
    _text("phone", unique=True),  # as `core.domain.phones.normal` has it; digits alone from earlier releases
    _text("email", nullable=True, unique=True),  # lower case
    _text("password_hash"),
    _big("order_count"),  # kept by the placing transaction, so a history's total needs no counting
    _big("created_at"),
    _big("disabled_at", nullable=True),
    _text("home_shop_id", nullable=True),  # whose admins look after the account; none: the operator's alone
    Index(None, "name_key"),
)

menu_categories: Final = Table(
    "menu_categories",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("id"),
    _int("position"),
    _text("name"),
    _text("colour", server_default=text("''")),
)

menu_items: Final = Table(
    "menu_items",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("id"),
    _text("category_id"),
    _int("position"),
    _text("name"),
    _text("description"),
    _big("price_minor"),
    _int("available"),
    _text("tax_category", server_default=text("''")),
    _text("picture", server_default=text("''")),
    ForeignKeyConstraint(["shop_id", "category_id"], ["menu_categories.shop_id", "menu_categories.id"]),
)

menu_groups: Final = Table(
    "menu_groups",
    metadata,
    _key("shop_id"),
    _key("item_id"),
    _key("id"),
    _int("position"),
    _text("name"),
    _int("least"),
    _int("most", nullable=True),
    ForeignKeyConstraint(["shop_id", "item_id"], ["menu_items.shop_id", "menu_items.id"]),
)

menu_modifiers: Final = Table(
    "menu_modifiers",
    metadata,
    _key("shop_id"),
    _key("item_id"),
    _key("group_id"),
    _key("id"),
    _int("position"),
    _text("name"),
    _big("price_minor"),
    _int("is_default", server_default=text("0")),
    ForeignKeyConstraint(
        ["shop_id", "item_id", "group_id"], ["menu_groups.shop_id", "menu_groups.item_id", "menu_groups.id"]
    ),
)

pictures: Final = Table(
    "pictures",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("id"),  # a hash of the content
    _big("kept_at"),
    Column("content", LargeBinary, nullable=False),
)

past_menus: Final = Table(
    "past_menus",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    Column("last_version", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("categories", LargeBinary, nullable=False),  # JSON: what was sold, and for how much, up to that version
    _big("replaced_at"),
    _text("taxes", server_default=text("''")),  # JSON: how it was priced; empty where an earlier release replaced it
)

orders: Final = Table(
    "orders",
    metadata,
    _key("id"),
    _shop(),
    _text("number"),
    _text("channel"),
    _text("status"),
    _int("is_open"),
    _int("version"),
    _text("fulfilment"),
    _text("tender"),
    _text("payment"),
    _int("in_parts"),  # whether the ledger says more of its payment than this row
    _text("currency"),
    _big("subtotal_minor"),
    _big("tax_minor"),
    _big("total_minor"),
    _big("placed_at"),
    _big("updated_at"),
    _big("given_minor", nullable=True),  # the cash handed over, if any
    _big("refunded_minor"),  # what was given back of what was paid
    _big("moved_at", nullable=True),  # the status's; NULL for what had ended before it was kept
    _text("customer_id", ForeignKey("customers.id"), nullable=True),
    _text("customer_name"),
    _text("customer_phone"),
    _text("address"),
    _text("note"),
    _text("reason"),
    _text("discount", server_default=text("''")),  # JSON: the whole order's; empty for none
    _big("discount_minor", server_default=text("0")),  # what all discounts took off
    _text("service", server_default=text("''")),  # JSON: the service charge; empty: none
    _big("service_minor", server_default=text("0")),  # what that comes to
    _text("tax_date", nullable=True),  # ISO 8601: of its rates; NULL for what an earlier release priced
    _text("follows", server_default=text("''")),  # the number of an order of an earlier day, in whose place it is
    _int("amendments", server_default=text("0")),  # how often it was changed after it was placed
    _text("changed", server_default=text("''")),  # JSON: what that made of its lines since its status began
    _text("change_request", server_default=text("''")),  # JSON: what its customer has asked for last; empty for nothing
    UniqueConstraint("shop_id", "number"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("total_minor >= 0", name="total"),
    Index("ix_orders_history", "customer_id", "placed_at", "id"),
    Index("ix_orders_shop", "shop_id", "placed_at", "id"),
    # The order board's: as small as the number of open orders.
    _index_where("ix_orders_open", "shop_id", "placed_at", "id", where="is_open = 1"),
    # Recently closed orders; written once an order, when it closes.
    _index_where("ix_orders_closed", "shop_id", "updated_at", where="is_open = 0"),
    _index_where("ix_orders_called_off", "shop_id", "updated_at", where="status IN ('cancelled', 'rejected')"),  # few
)

order_words: Final = Table(
    "order_words",
    metadata,
    # No references: an order has a dozen of these, and its own row has them checked.
    Column("shop_id", _AS_BYTES, primary_key=True, nullable=False),
    Column("word", _AS_BYTES, primary_key=True, nullable=False),  # `core.domain.search.index_keys`
    Column("placed_at", BigInteger, primary_key=True, nullable=False, autoincrement=False),  # the order's
    sqlite_with_rowid=False,
)

order_lines: Final = Table(
    "order_lines",
    metadata,
    _order_id(),
    Column("position", Integer, primary_key=True, nullable=False),
    _text("item_id"),
    _text("name"),
    _int("quantity"),
    _big("unit_price_minor"),
    _big("total_minor"),
    _text("modifiers"),  # JSON: as sold, never searched by
    _text("note"),
    _int("refunded_quantity"),
    _big("refunded_minor"),  # with its tax
    _big("refunded_tax_minor"),
    _text("tax_category", server_default=text("''")),
    _text("taxes", server_default=text("'[]'")),  # JSON: its rates, and what they came to
    _text("discount", server_default=text("''")),  # JSON: its own; empty for none
    _big("discount_minor", server_default=text("0")),  # what that took off
    _big("order_discount_minor", server_default=text("0")),  # its part of the order's
    _big("service_minor", server_default=text("0")),  # its share of the service charge
    CheckConstraint("quantity >= 1", name="quantity"),
    sqlite_with_rowid=False,  # an order's lines lie together, found by their key alone
    postgresql_partition_by=_BY_MONTH,
)

status_history: Final = Table(
    "status_history",
    metadata,
    _order_id(),
    Column("version", Integer, primary_key=True, nullable=False),  # the order's, that this change made
    _text("source", nullable=True),
    _text("target"),
    _big("at"),
    _text("reason"),
    _text("by_id"),
    _text("by_name"),
    _text("by_role"),
    _text("device"),
    _big("client_at", nullable=True),
    _text("approver_id", server_default=text("''")),  # who allowed it, where `by`'s own role does not
    _text("approver_name", server_default=text("''")),
    sqlite_with_rowid=False,
    postgresql_partition_by=_BY_MONTH,
)

ledger: Final = Table(
    "ledger",
    metadata,
    _order_id(),
    Column("number", Integer, primary_key=True, nullable=False),  # running, from 1, in an order
    _int("version"),  # the order's, that the change made which the entry belongs to
    _text("kind"),
    _big("amount_minor"),
    _text("tender"),
    _int("payment"),  # the running number of the payment; 0 for none
    _int("corrects"),  # the payment that is taken back; 0 for none
    _text("line_id"),  # of a credit: the line that it is for; empty for the whole order
    _int("quantity"),  # of a credit: the items of the line that are taken back
    _big("tax_minor"),  # of a credit or a charge: the tax in it
    # not 0: not to be counted as a sale or a refund of its own (`core.domain.sale.ledger.Entry.in_part`)
    _int("in_part"),
    _text("reference"),  # of a payment: a voucher's number, a slip's; of a charge: the taxes of its line
    _big("discount_minor", server_default=text("0")),  # of a charge: how much more discounts take off
    _big("service_minor", server_default=text("0")),  # of a charge or credit: what of it is service charge
    _big("at"),
    _text("reason"),
    _text("by_id"),  # empty, as all of whom, in what was so before payments had a history
    _text("by_name"),
    _text("by_role"),
    _text("device"),
    _big("client_at", nullable=True),
    _text("drawer", server_default=text("''")),  # the drawer session in which it was done; empty for none
    _text("approver_id", server_default=text("''")),  # who allowed it, where `by`'s own role does not
    _text("approver_name", server_default=text("''")),
    Index("ix_ledger_at", "at"),
    _index_where("ix_ledger_charges", "order_id", "number", where="kind = 'charge'"),  # few, of amended orders
    _index_where("ix_ledger_drawer", "drawer", where="drawer <> ''"),
    sqlite_with_rowid=False,
    postgresql_partition_by=_BY_MONTH,
)

amendments: Final = Table(
    "amendments",
    metadata,
    _key("order_id", ForeignKey("orders.id")),
    Column("version", Integer, primary_key=True, nullable=False, autoincrement=False),  # the order's, that it made
    _big("total_minor"),  # what the order had come to
    Column("before", LargeBinary, nullable=False),  # JSON: the order that it replaced
    _big("at"),
    _text("reason"),
    _text("by_id"),
    _text("by_name"),
    _text("by_role"),
    _text("approver_id", server_default=text("''")),  # who allowed it, where `by`'s own role does not
    _text("approver_name", server_default=text("''")),
    _text("device"),
    _big("client_at", nullable=True),
)

change_requests: Final = Table(
    "change_requests",
    metadata,
    _key("order_id", ForeignKey("orders.id")),
    Column("version", Integer, primary_key=True, nullable=False, autoincrement=False),  # the order's, that it made
    _text("state"),  # `core.domain.order.RequestState`: what was done
    Column("request", LargeBinary, nullable=False),  # JSON: a `core.domain.order.ChangeRequest`, as it was then
    _big("at"),
    _text("by_id"),
    _text("by_name"),
    _text("by_role"),
    _text("device"),
    _big("client_at", nullable=True),
)

drawer_entries: Final = Table(
    "drawer_entries",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("device"),
    Column("place", Integer, primary_key=True, nullable=False, autoincrement=False),  # running, from 1, in a till
    _text("drawer_session_id"),
    _text("act"),  # `core.domain.drawers.DrawerAct`
    _big("amount_minor"),
    _text("denominations"),  # JSON: as counted
    _text("reason"),
    _big("at"),
    _big("client_at", nullable=True),
    _text("by_id"),
    _text("by_name"),
    _text("by_role"),
    _text("op_id"),
    _text("approver_id", server_default=text("''")),  # who allowed it, where `by`'s own role does not
    _text("approver_name", server_default=text("''")),
    _text("owner_id", server_default=text("''")),  # whose drawer it is; empty: the till's
    Index(None, "drawer_session_id", "place"),
)

z_reports: Final = Table(
    "z_reports",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("device"),
    Column("place", Integer, primary_key=True, nullable=False, autoincrement=False),  # running, from 1, in a till
    _int("number"),  # the Z's
    _int("supplement"),  # its number; 0 for the Z itself
    _text("drawer_session_id"),
    _big("at"),
    Column("content", LargeBinary, nullable=False),  # JSON: a `core.protocol.drawers.ZReport`, as it was hashed
    _text("hash"),  # by a key that is not in the database, over content, which has the hash before
    UniqueConstraint("shop_id", "drawer_session_id", "supplement"),
)

day_sums: Final = Table(
    "day_sums",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    Column("began_us", BigInteger, primary_key=True, nullable=False, autoincrement=False),  # the business day's
    _big("ended_us"),
    _text("claim"),  # whoever adds it up: one that was deleted meanwhile is not filled in
    _text("form"),  # `core.store.day_sums.form`
    Column("content", LargeBinary, nullable=True),  # JSON: `core.store.day_sums.Sums`; null while it is added up
)

held_baskets: Final = Table(
    "held_baskets",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    _key("id"),
    _int("is_gone"),  # it is kept for a while, without content, for what arrives late
    _big("at"),  # when it was held; of one that is gone, since when
    _text("content"),  # JSON: a `core.domain.held_baskets.HeldBasket`
    Index(None, "is_gone", "at"),
)

events: Final = Table(
    "events",
    metadata,
    _key("shop_id", ForeignKey("shops.id")),
    Column("seq", BigInteger, primary_key=True, nullable=False, autoincrement=False),
    _text("event_id", unique=True),
    _text("customer_id", nullable=True),  # who may see it besides the shop's staff
    _big("at"),
    Column("payload", LargeBinary, nullable=False),
    _index_where("ix_events_customer", "shop_id", "customer_id", "seq", where="customer_id IS NOT NULL"),
)

operations: Final = Table(
    "operations",
    metadata,
    _key("subject"),
    _key("key"),
    Column("request_hash", LargeBinary, nullable=False),
    _int("status"),
    Column("reply", LargeBinary, nullable=False),
    _big("created_at"),
    Index(None, "created_at"),
)

sessions: Final = Table(
    "sessions",
    metadata,
    _key("id"),
    _text("subject"),
    _text("role"),
    _text("name"),
    _text("shop_id", ForeignKey("shops.id")),
    _text("device_id", nullable=True),
    _big("created_at"),
    _big("revoked_at", nullable=True),
    _text("window_id", server_default=text("''")),  # empty: a client that counts no numbers, or of an older release
    Index(None, "subject"),
    _index_where("ix_sessions_device", "shop_id", "device_id", where="device_id IS NOT NULL"),
    _index_where("ix_sessions_revoked", "revoked_at", where="revoked_at IS NOT NULL"),
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    _key("session_id", ForeignKey("sessions.id")),
    Column("generation", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _big("expires_at"),
    _big("used_at", nullable=True),
    Index(None, "expires_at"),
)

wrong_tries: Final = Table(
    "wrong_tries",
    metadata,
    _key("scope"),  # whose, as a hash: what was typed for a name may be anything
    _key("origin"),  # the paired terminal it was tried at; empty for anywhere else
    _text("tried_at"),  # JSON: the instants, oldest first
    _big("last_at"),
    Index(None, "last_at"),
)

SECURITY_LOG_DAYS_LEAST: Final = 90
"""How long every entry of the security log is kept, at least."""

security_log: Final = Table(
    "security_log",
    metadata,
    _key("id"),
    _big("at"),
    _text("shop_id"),  # no reference: an entry outlives what it is about
    _text("event"),  # `core.protocol.security.SecurityEvent`
    _text("by_id"),
    _text("by_name"),
    _text("by_role"),
    _text("device"),
    _text("address"),
    _text("about"),
    Index(None, "shop_id", "at"),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

for _table in (order_lines, status_history, ledger):
    event.listen(
        _table,
        "after_create",
        DDL(f"CREATE TABLE {_table.name}_default PARTITION OF {_table.name} DEFAULT").execute_if(  # type: ignore[no-untyped-call]
            dialect="postgresql"
        ),
    )


HISTORIES: Final = (status_history, ledger)
"""Append-only tables of orders, which lie by month."""
JOURNALS: Final = (drawer_entries, z_reports)
"""Append-only tables of tills."""
APPEND_ONLY: Final = (*HISTORIES, *JOURNALS, amendments, change_requests)
"""Each has triggers that refuse updates and deletes."""


def history_guards(history: str, table: str) -> tuple[str, ...]:
    """PostgreSQL's triggers on `table`, which is `history` or a partition of it. Each partition needs its own:
    statement triggers are not inherited."""
    return tuple(
        f"CREATE TRIGGER {history}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {history}_is_append_only()"
        for verb in ("update", "delete", "truncate")
    )


def guards(history: str, *, is_partitioned: bool) -> dict[str, tuple[str, ...]]:
    """The triggers of an append-only table that is new, by dialect."""
    refused = f"{history.replace('_', ' ')} is append-only"
    return {
        "sqlite": tuple(
            f"CREATE TRIGGER {history}_no_{verb} BEFORE {verb.upper()} ON {history} "
            f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            for verb in ("update", "delete")
        ),
        "postgresql": (
            (
                f"CREATE FUNCTION {history}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
                f"EXCEPTION '{refused}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            ),
            *history_guards(history, history),
            *(history_guards(history, f"{history}_default") if is_partitioned else ()),
        ),
    }


for _history in APPEND_ONLY:
    for _dialect, _statements in guards(_history.name, is_partitioned=_history in HISTORIES).items():
        for _statement in _statements:
            event.listen(
                _history,
                "after_create",
                DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
            )


_LEAST_AGE_US: Final = (SECURITY_LOG_DAYS_LEAST - 1) * 86_400 * 1_000_000
"""A day less, as the clocks of a server and its database differ."""

SECURITY_LOG_GUARDS: Final = {
    "sqlite": (
        (
            "CREATE TRIGGER security_log_no_update BEFORE UPDATE ON security_log "
            "BEGIN SELECT RAISE(ABORT, 'the security log is append-only'); END"
        ),
        (
            "CREATE TRIGGER security_log_no_delete BEFORE DELETE ON security_log "
            f"WHEN OLD.at > (julianday('now') - 2440587.5) * 86400000000 - {_LEAST_AGE_US} "
            "BEGIN SELECT RAISE(ABORT, 'the security log is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION security_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF TG_OP = 'DELETE' THEN "
            f"IF OLD.at <= CAST(extract(epoch FROM clock_timestamp()) AS bigint) * 1000000 - {_LEAST_AGE_US} "
            "THEN RETURN OLD; END IF; END IF; "
            "RAISE EXCEPTION 'the security log is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        ),
        (
            "CREATE TRIGGER security_log_no_change BEFORE UPDATE OR DELETE ON security_log "
            "FOR EACH ROW EXECUTE FUNCTION security_log_is_append_only()"
        ),
        (
            "CREATE TRIGGER security_log_no_truncate BEFORE TRUNCATE ON security_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION security_log_is_append_only()"
        ),
    ),
}
"""Triggers that refuse updates of entries, and deletes of those younger than that."""

for _dialect, _statements in SECURITY_LOG_GUARDS.items():
    for _statement in _statements:
        event.listen(
            security_log,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
