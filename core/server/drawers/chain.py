"""The chain of a till's reports: each has a keyed hash over its bytes, in which the hash before is. The key is not in
the database, so whoever rewrites it with a database's rights cannot make hashes that fit.

Taking the newest reports away leaves a chain that fits. So what was added is noted in a file beside the keys, too.
"""

import contextlib
import hmac
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.decoding import decode
from core.domain.ids import DeviceId, ShopId
from core.protocol.drawers import ReportCheck, ReportFault, ZReport
from core.store import events, z_reports
from core.store.sql.statements import Transaction
from core.store.z_reports import Kept

_RESTORED: Final = "The database was put back to an older state since this report was made."


class Note(msgspec.Struct, frozen=True):
    """A report that was added to a chain, and the history of the shop at that time."""

    shop: str
    device: str
    place: int
    hash: str
    epoch: str


class Notes:
    """The file of what this server has added. Only ever appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, notes: Iterable[Note]) -> None:
        """Append them, durably. Raises `OSError`."""
        lines = b"".join(msgspec.json.encode(note) + b"\n" for note in notes)
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def of(self, shop_id: ShopId) -> list[Note]:
        """The notes of a shop's chains, oldest first. A line that was cut off by a power cut is left out."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for line in self.path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    found.append(decode(line, Note))
        return [note for note in found if note.shop == shop_id]


def keyed_hash(key: bytes, content: bytes) -> str:
    return hmac.digest(key, content, "sha256").hex()


def check(transaction: Transaction, shop_id: ShopId, key: bytes, notes: Notes) -> ReportCheck:
    """Whether all reports of a shop are as they were made, in their order, and none is missing."""
    chains: dict[str, list[Kept]] = defaultdict(list)
    for kept in z_reports.every(transaction, shop_id):
        chains[kept.device].append(kept)
    faults = [fault for chain in chains.values() for fault in _broken(chain, key)]
    faults += [
        _fault(device, 0, "A session was closed and has no Z: its report was removed.")
        for device in z_reports.closed_without_z(transaction, shop_id)
    ]
    faults += [
        _fault(device, 0, "Entries of the drawer's journal are missing.")
        for device in z_reports.broken_journals(transaction, shop_id)
    ]
    epoch = events.head(transaction, shop_id).epoch
    faults += _unlike(chains, notes.of(shop_id), epoch)
    return ReportCheck(reports=sum(map(len, chains.values())), faults=tuple(faults))


def _broken(chain: list[Kept], key: bytes) -> Iterator[ReportFault]:
    previous, number, sales, refunds = "", 0, 0, 0
    for place, kept in enumerate(chain, 1):
        if kept.place != place:
            yield _fault(kept.device, place, "A report is missing here.")
            return
        if not hmac.compare_digest(keyed_hash(key, kept.content), kept.hash):
            yield _fault(kept.device, place, "It is not as it was made: its hash does not fit what it says.")
            return
        report = kept.report
        if report.previous_hash != previous or not _is_in_place(kept, report):
            yield _fault(kept.device, place, "It does not follow the one before: reports were removed or reordered.")
            return
        number += not kept.supplement
        added = report.grand_sales_minor - sales, report.grand_refunds_minor - refunds
        if added != (report.sales_minor, report.refunds_minor) or (not kept.supplement and kept.number != number):
            yield _fault(kept.device, place, "Its number or its running totals do not go on from the one before.")
            return
        previous, sales, refunds = kept.hash, report.grand_sales_minor, report.grand_refunds_minor


def _is_in_place(kept: Kept, report: ZReport) -> bool:
    says = (report.device, report.place, report.number, report.supplement, report.session)
    return says == (kept.device, kept.place, kept.number, kept.supplement, kept.session)


def _unlike(chains: dict[str, list[Kept]], notes: list[Note], epoch: str) -> Iterator[ReportFault]:
    """The reports that this server has made and that are missing or different now."""
    held = {(kept.device, kept.place): kept.hash for chain in chains.values() for kept in chain}
    newest = {(note.device, note.place): note for note in notes}
    for (device, place), note in newest.items():
        if held.get((device, place)) == note.hash:
            continue
        if note.epoch != epoch:
            yield _fault(device, place, _RESTORED)
        elif (device, place) not in held:
            yield _fault(device, place, "It was made and is not there any more: it was removed.")
        else:
            yield _fault(device, place, "Another report was made: it was exchanged.")


def _fault(device: str, place: int, says: str) -> ReportFault:
    return ReportFault(device=DeviceId(device), place=place, says=says)
