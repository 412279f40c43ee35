"""A session stored over restarts: sealed in the window's own file, deleted at sign-out.

The client token stays, by which the server recognises this client. It grants nothing and names nobody.

A session is resumed only while a marker file exists beside the window's. A sign-out deletes that first, which needs no
disk space, so a session that a full disk keeps in the file is over all the same.
"""

from pathlib import Path

import msgspec

from core.client.errors import NotKept
from core.client.storage import operation_table
from core.client.storage.seal import Seal
from core.decoding import decode_reply
from core.domain.ids import OpId
from core.protocol.replies import Tokens

_NAME = "session"
_CLIENT = "client"


class _Kept(msgspec.Struct, frozen=True):
    """Both together, so that a crash cannot separate them: a refresh whose answer was lost is repeated under the same
    op id."""

    tokens: Tokens
    op_id: OpId


def read(seal: Seal) -> tuple[Tokens, OpId] | None:
    """The tokens of the stored session, and the op id of their refresh; None when there is none."""
    _take_over(seal)
    kept = seal.read(_NAME) if _signed_in(seal).exists() else None
    if kept is None:
        return None
    found = decode_reply(kept, _Kept)
    return found.tokens, found.op_id


def keep(seal: Seal, tokens: Tokens | None, op_id: OpId) -> None:
    """A `session.Keep`: on the disk before the tokens are used. Raises `NotKept`; even then an ended session is not
    resumed."""
    if tokens is None:
        _signed_in(seal).unlink(missing_ok=True)
    else:
        _mark_signed_in(seal)
    if tokens is not None and tokens.client_token:
        seal.keep(_CLIENT, tokens.client_token.encode())
    if tokens is not None and tokens.sealing_key:
        with seal.store.transaction() as db:
            operation_table.sealing_key(db, tokens.shop, tokens.sealing_key)
    seal.keep(_NAME, None if tokens is None else msgspec.json.encode(_Kept(tokens, op_id)))


def client_token(seal: Seal) -> str:
    """The client token of the last person to sign in here, also after sign-out; empty for none."""
    held = seal.read(_CLIENT)
    return held.decode() if held is not None else ""


def _take_over(seal: Seal) -> None:
    """Seal the session of an earlier release, and wipe the unsealed one."""
    with seal.store.reading() as db:
        row = db.execute("SELECT tokens, refresh_op_id FROM session").fetchone()
    if row is None:
        return
    kept = _Kept(decode_reply(row[0], Tokens), OpId(row[1]))
    _mark_signed_in(seal)
    with seal.store.transaction() as db:
        seal.keep(_NAME, msgspec.json.encode(kept))
        db.execute("DELETE FROM session")
    seal.store.wipe()


def _signed_in(seal: Seal) -> Path:
    return seal.store.path.with_suffix(".signed-in")


def _mark_signed_in(seal: Seal) -> None:
    file = _signed_in(seal)
    if file.exists():
        return
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise NotKept("This machine's disk is full, or cannot be written to. Tell the admin.") from error
