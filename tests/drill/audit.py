"""After a drill: what every client was promised, against what its file and the server's database say."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from core.domain.order import Order
from core.server.auth.keys import read, report_key
from core.server.drawers.chain import Notes
from core.store.backups import check
from core.store.engine.database import make_engine
from tests.support import books


class Findings(msgspec.Struct, kw_only=True):
    """Counts over one drill. All after `acknowledged` have to be 0."""

    accepted: int = 0
    acknowledged: int = 0
    asked: int = 0
    """In conflict or refused: shown to a person, who gave it up."""
    lost: int = 0
    doubled: int = 0
    misattributed: int = 0
    """Sent, shown or kept as somebody else's."""
    reordered: int = 0
    misbooked: int = 0
    """Rules of `orderbell db check` that the server's database breaks."""
    unbalanced: int = 0
    """What disagrees among orders, ledger, drawers, taxes and Zs, or between a till's own sums and those."""
    diverged: int = 0
    stale: int = 0
    """Old news that was told as new."""
    notes: list[str] = []

    @property
    def clean(self) -> bool:
        wrong = (self.lost, self.doubled, self.misattributed, self.reordered, self.misbooked, self.diverged, self.stale)
        return not any((*wrong, self.unbalanced))


class _Server:
    def __init__(self, url: str, keys: Path | None) -> None:
        chain = (report_key(read(keys)), Notes(keys.with_name("z-reports.jsonl"))) if keys is not None else ()
        engine = make_engine(url)
        with engine.connect() as connection:
            ask = connection.exec_driver_sql
            self.orders = {
                row[0]: tuple(row[1:]) for row in ask("SELECT id, version, status, payment, number FROM orders")
            }
            self.events = Counter(
                each.get("order_id") or each.get("order", {}).get("id")
                for each in (msgspec.json.decode(payload) for (payload,) in ask("SELECT payload FROM events"))
            )
            self.replies: dict[str, Order] = {
                key: msgspec.json.decode(reply, type=Order)
                for key, reply in ask("SELECT key, reply FROM operations ORDER BY created_at")
                if b'"number"' in reply
            }
            self.subjects = defaultdict(set)
            """As whose the server knows each operation."""
            for key, subject in ask("SELECT key, subject FROM operations"):
                self.subjects[key].add(subject)
            self.makers: dict[tuple[str, int], str] = {}
            """Which operation made which version of which order; one that found it so made nothing."""
            for key, order in self.replies.items():
                self.makers.setdefault((order.id, order.version), key)
            self.broken = [each for each in check.invariants(connection) if each.count]
            self.drawer_places: dict[str, list[int]] = defaultdict(list)
            """Where in its till's journal each operation of a drawer is: once."""
            for key, place in ask("SELECT op_id, place FROM drawer_entries"):
                self.drawer_places[key].append(place)
            self.cash: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
            """The cash that each version of each order has moved, by drawer session."""
            rows = ask(
                "SELECT order_id, version, drawer, sum(amount_minor) FROM ledger WHERE tender = 'cash' "
                "AND kind IN ('payment', 'change', 'refund') GROUP BY order_id, version, drawer"
            )
            for order_id, version, drawer, amount in rows:
                self.cash[order_id, version][drawer] = int(amount)
            self.baskets: dict[str, bool] = {
                basket_id: bool(gone) for basket_id, gone in ask("SELECT id, is_gone FROM held_baskets")
            }
            """Whether each is gone."""
            self.disagreeing = books.differences(connection, *chain)
        engine.dispose()


def audit(database_url: str, clients: dict[Path, Iterable[dict[str, Any]]], keys: Path | None = None) -> Findings:
    """`clients` are the clients' files and what each process said; `keys`: the server's key file, by which its reports
    are checked as well. Everything must have ended."""
    found, server = Findings(), _Server(database_url, keys)
    _doubled(found, server)
    found.unbalanced += len(server.disagreeing)
    found.notes += server.disagreeing
    for each in server.broken:
        found.misbooked += each.count
        found.notes.append(f"{each.rule}: {', '.join(each.examples)}")
    for path, said in clients.items():
        accepted = [line["accepted"] for line in said if "accepted" in line]
        found.accepted += len(accepted)
        found.asked += len({line["operation"] for line in said if "asked" in line})
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute("SELECT op_id, order_id, state, outcome FROM operations ORDER BY position").fetchall()
            subjects: dict[str, str] = dict(db.execute("SELECT op_id, subject FROM operations"))
            moved = db.execute(
                "SELECT op_id, order_id, drawer, cash_minor FROM operations WHERE drawer <> ''"
            ).fetchall()
            facts = dict(db.execute("SELECT name, value FROM facts WHERE name GLOB 'basket/*'"))
            held = [msgspec.json.decode(row, type=Order) for (row,) in db.execute("SELECT row FROM orders")]
        _misattributed(found, server, said, subjects, path.stem)
        _lost(found, server, accepted, {row[0]: row for row in rows}, path.stem)
        _reordered(found, server, rows, subjects, path.stem)
        _diverged(found, server, held, path.stem)
        _counted_otherwise(found, server, moved, path.stem)
        _unlike_baskets(found, server, said, facts, {row[0] for row in rows if row[2] == "done"}, path.stem)
        _stale(found, said, path.stem)
    return found


def _doubled(found: Findings, server: _Server) -> None:
    """Every version of every order was made by one operation, and told by one event."""
    versions = defaultdict(set)
    for reply in server.replies.values():
        versions[reply.id].add(reply.version)
    for order_id, (version, *_rest, number) in server.orders.items():
        extra = (version - len(versions[order_id])) + abs(server.events[order_id] - version)
        if extra:
            found.doubled += 1
            found.notes.append(f"{number}: version {version}, made by {sorted(versions[order_id])}")
    numbers = Counter(row[-1] for row in server.orders.values())
    found.doubled += sum(count - 1 for count in numbers.values())
    for key, places in server.drawer_places.items():
        if len(places) > 1:
            found.doubled += 1
            found.notes.append(f"{key} is at {places} of its till's journal")


def _lost(found: Findings, server: _Server, accepted: list[str], rows: dict[str, Any], who: str) -> None:
    for op_id in accepted:
        row = rows.get(op_id)
        state, outcome = (row[2], row[3]) if row else ("missing", "")
        if state == "done":
            found.acknowledged += 1
        is_of_order = row is not None and "/" not in row[1]
        there = op_id in server.replies if is_of_order else op_id in server.subjects
        if row is not None and row[1].startswith("drawer/"):
            there = op_id in server.drawer_places
        if state not in ("done", "discarded") or (outcome in ("applied", "duplicate") and not there):
            found.lost += 1
            found.notes.append(f"{who}: {op_id} is {state} {outcome}")


def _misattributed(
    found: Findings, server: _Server, said: Iterable[dict[str, Any]], subjects: dict[str, str], who: str
) -> None:
    """Who accepted it is who it is of in the file and at the server, and nobody was shown another's order."""
    for line in said:
        if "accepted" in line:
            op_id, by = line["accepted"], line["by"]
            if server.subjects[op_id] - {by} or subjects.get(op_id, by) != by:
                found.misattributed += 1
                theirs = server.subjects[op_id] | {subjects.get(op_id, by)}
                found.notes.append(f"{who}: {op_id} of {by} is of {theirs}")
        if "stranger" in line:
            found.misattributed += 1
            found.notes.append(f"{who}: {line['by']} was shown {line['stranger']}")


def _reordered(found: Findings, server: _Server, rows: list[Any], subjects: dict[str, str], who: str) -> None:
    """What one person did to one order at one client, they did in that order. What waits when they leave is sent when
    they are back, and whoever is there meanwhile neither sees it nor waits for it: theirs may come first."""
    reached: dict[tuple[str, str], int] = {}
    for op_id, order_id, state, _outcome in rows:
        reply = server.replies.get(op_id)
        made = reply.version if reply is not None and server.makers[order_id, reply.version] == op_id else 0
        if state == "done" and (made := made or max(server.drawer_places.get(op_id, [0]))):
            theirs = subjects[op_id], order_id
            if made < reached.get(theirs, 0):
                found.reordered += 1
                found.notes.append(f"{who}: {op_id} made version {made} of {order_id} after {reached[theirs]}")
            reached[theirs] = made


def _diverged(found: Findings, server: _Server, held: list[Order], who: str) -> None:
    for order in held:
        theirs = server.orders.get(order.id)
        if theirs is None or theirs[:3] != (order.version, order.status, order.payment):
            found.diverged += 1
            found.notes.append(f"{who}: has {order.number} at {order.version} {order.status}, the server {theirs}")


def _counted_otherwise(found: Findings, server: _Server, moved: list[Any], who: str) -> None:
    """The cash by which a till has said what should be in its drawer is the cash that was booked there."""
    made = {key: (order_id, version) for (order_id, version), key in server.makers.items()}
    for op_id, order_id, drawer, cash_minor in moved:
        if op_id in made:
            booked = server.cash.get(made[op_id], {})
            if {key: amount for key, amount in booked.items() if amount} != (
                {drawer: cash_minor} if cash_minor else {}
            ):
                found.unbalanced += 1
                found.notes.append(f"{who}: {op_id} of {order_id} moved {cash_minor} in {drawer}, booked is {booked}")


def _unlike_baskets(
    found: Findings, server: _Server, said: Iterable[dict[str, Any]], kept: dict[str, bytes], done: set[str], who: str
) -> None:
    """What was held is held or gone, what was ordered is gone, and each till shows the baskets that there are."""
    for line in said:
        if line.get("accepted") in done:
            if "held" in line and line["held"] not in server.baskets:
                found.lost += 1
                found.notes.append(f"{who}: basket {line['held']} is missing")
            if not server.baskets.get(line.get("basket", ""), True):
                found.doubled += 1
                found.notes.append(f"{who}: basket {line['basket']} was ordered or dropped, and is still held")
    if who in ("client-0", "client-1"):
        shown = {key.removeprefix("basket/") for key, value in kept.items() if not msgspec.json.decode(value)["gone"]}
        held = {basket_id for basket_id, gone in server.baskets.items() if not gone}
        for basket_id in shown ^ held:
            found.diverged += 1
            found.notes.append(f"{who}: basket {basket_id} is {'not ' * (basket_id in shown)}held by the server")


def _stale(found: Findings, said: Iterable[dict[str, Any]], who: str) -> None:
    """What was last known before a night is a night old, until something is heard."""
    for line in said:
        if "young" in line:
            found.stale += 1
            found.notes.append(f"{who}: says that it is {line['young']:.1f} s old after a night")
