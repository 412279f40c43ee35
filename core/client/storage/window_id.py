"""The id of a window: one file, in one place. A copy of the file, or one that was put back from a backup, gets another
id, since its number series was counted on elsewhere (docs/adr/0044). One that was put back in its own place is detected
by its mark (`core.client.storage.mark`)."""

from core.client.storage.local_store import LocalStore, place_of
from core.client.storage.mark import Mark
from core.domain.ids import uuid7

_SESSION = "session"


def of(store: LocalStore) -> str:
    """The id of the window whose file this is, made on first use.

    A file that was copied, put back, or has lost the end of its log, or its mark, gets a new id: session and number
    series remain the other window's.
    """
    place = place_of(store.path)
    with store.transaction() as db:
        held = db.execute("SELECT id, place, commits FROM window").fetchone()
        made = uuid7()
        if held is not None and held[1] == place and _is_newest(held[0], held[2], made):
            known: str = held[0]
            return known
        db.execute("INSERT OR REPLACE INTO window (one, id, place) VALUES (1, ?, ?)", (made, place))
        if held is not None:
            db.execute("DELETE FROM sealed WHERE name = ?", (_SESSION,))
            db.execute("DELETE FROM number_series")
        return made


def held_by(store: LocalStore) -> str | None:
    """The id stored in the file, whether or not it is still valid; None for none."""
    with store.reading() as db:
        row = db.execute("SELECT id FROM window").fetchone()
    return row[0] if row else None


def _is_newest(window: str, commits: int, made: str) -> bool:
    """Whether the file is as new as its mark. True where this machine keeps no marks, if there can be none for
    `made`."""
    known = Mark(window).read()
    if known is not None or not commits:  # one of an earlier release
        return commits >= (known or 0)
    mark = Mark(made)
    try:
        return not mark.keep(0)
    finally:
        mark.close()
