"""Which window this is: one file, in one place. A copy of the file is another window, and so is one that was put back
from a backup: what it counts was counted on elsewhere (docs/adr/0044). One that was put back in its own place is found
by its mark (`core.client.storage.mark`)."""

from core.client.storage.local_store import LocalStore, place_of
from core.client.storage.mark import Mark
from core.domain.ids import uuid7

_SESSION = "session"


def of(store: LocalStore) -> str:
    """The id of the window whose file this is, made when it is first asked for.

    In a file that was copied, put back, or has lost the end of its log, it is made anew: the session in it is the other
    window's, and so is the count of numbers. Both are left to that one. Where the mark is gone nobody can tell, and it
    is made anew too.
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
    """The id that the file says, whether or not it still is this window's; None where it says none."""
    with store.reading() as db:
        row = db.execute("SELECT id FROM window").fetchone()
    return row[0] if row else None


def _is_newest(window: str, commits: int, made: str) -> bool:
    """Whether the file is as new as its mark says. Also where this machine keeps no marks: then there can be none for
    `made` either."""
    known = Mark(window).read()
    if known is not None or not commits:  # one of an earlier release
        return commits >= (known or 0)
    mark = Mark(made)
    try:
        return not mark.keep(0)
    finally:
        mark.close()
