"""Which window this is: one file, in one place. A copy of the file is another window, and so is one that was put back
from a backup: what it counts was counted on elsewhere (docs/adr/0044)."""

from typing import Final

from core.client.local import LocalStore
from core.domain.ids import uuid7

_SESSION: Final = "session"


def of(store: LocalStore) -> str:
    """The id of the window whose file this is, made when it is first asked for.

    In a file that was copied or put back it is made anew; the session in it is the other window's, and so is the count
    of numbers: both are left to that one.
    """
    place = _place(store)
    with store.transaction() as db:
        held = db.execute("SELECT id, place FROM window").fetchone()
        if held is not None and held[1] == place:
            known: str = held[0]
            return known
        made = uuid7()
        db.execute("INSERT OR REPLACE INTO window VALUES (1, ?, ?)", (made, place))
        if held is not None:
            db.execute("DELETE FROM sealed WHERE name = ?", (_SESSION,))
            db.execute("DELETE FROM number_series")
        return made


def _place(store: LocalStore) -> str:
    """The file system's own number of the file, which no copy shares; where there is none, its path."""
    return str(store.path.stat().st_ino or store.path.resolve())
