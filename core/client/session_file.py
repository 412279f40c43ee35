"""A session that outlives the process: in the window's own file, gone with sign-out."""

import msgspec

from core.client.local import LocalStore
from core.domain.ids import OpId
from core.protocol.replies import Tokens


def read(store: LocalStore) -> tuple[Tokens, OpId] | None:
    """Whose session it is, and the op id that its tokens are refreshed under; None when nobody's."""
    with store.reading() as db:
        row = db.execute("SELECT tokens, refresh_op_id FROM session").fetchone()
    return (msgspec.json.decode(row[0], type=Tokens), OpId(row[1])) if row else None


def keep(store: LocalStore, tokens: Tokens | None, op_id: OpId) -> None:
    """As `core.client.session.Keep`: on the disk before the tokens are used."""
    with store.transaction() as db:
        if tokens is None:
            db.execute("DELETE FROM session")
        else:
            kept = (msgspec.json.encode(tokens), op_id)
            db.execute("INSERT OR REPLACE INTO session VALUES (1, ?, ?)", kept)
