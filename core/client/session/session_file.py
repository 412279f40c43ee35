"""A session that outlives the process: sealed in the window's own file, gone with sign-out.

What stays is the token by which the server knows this client again. It gives no right and names nobody.

A session is gone on with only while a file beside the window's says that somebody is signed in. A sign-out deletes that
file before anything else: that needs no room, so a session that a full disk keeps in the file is over all the same.
"""

from pathlib import Path

import msgspec

from core.client.device.seal import Seal
from core.client.errors import NotKept
from core.client.sync import operation_table
from core.decoding import decode_reply
from core.domain.ids import OpId
from core.protocol.replies import Tokens

_NAME = "session"
_CLIENT = "client"


class _Kept(msgspec.Struct, frozen=True):
    """Both in one, so that no crash parts them: a refresh whose answer was lost is asked for under the same op id."""

    tokens: Tokens
    op_id: OpId


def read(seal: Seal) -> tuple[Tokens, OpId] | None:
    """Whose session it is, and the op id that its tokens are refreshed under; None when nobody's."""
    _take_over(seal)
    kept = seal.read(_NAME) if _signed_in(seal).exists() else None
    if kept is None:
        return None
    found = decode_reply(kept, _Kept)
    return found.tokens, found.op_id


def keep(seal: Seal, tokens: Tokens | None, op_id: OpId) -> None:
    """As `session.Keep`: on the disk before the tokens are used. Raises `NotKept`; a session that has ended
    is not gone on with even then."""
    if tokens is None:
        _signed_in(seal).unlink(missing_ok=True)
    else:
        _say_signed_in(seal)
    if tokens is not None and tokens.client_token:
        seal.keep(_CLIENT, tokens.client_token.encode())
    if tokens is not None and tokens.sealing_key:
        with seal.store.transaction() as db:
            operation_table.sealing_key(db, tokens.shop, tokens.sealing_key)
    seal.keep(_NAME, None if tokens is None else msgspec.json.encode(_Kept(tokens, op_id)))


def client_token(seal: Seal) -> str:
    """What whoever signed in here last shows to be known again, also after sign-out; empty for nothing."""
    held = seal.read(_CLIENT)
    return held.decode() if held is not None else ""


def _take_over(seal: Seal) -> None:
    """Seal what a window of an earlier release kept as it was, and leave no trace of that in the file."""
    with seal.store.reading() as db:
        row = db.execute("SELECT tokens, refresh_op_id FROM session").fetchone()
    if row is None:
        return
    kept = _Kept(decode_reply(row[0], Tokens), OpId(row[1]))
    _say_signed_in(seal)
    with seal.store.transaction() as db:
        seal.keep(_NAME, msgspec.json.encode(kept))
        db.execute("DELETE FROM session")
    seal.store.wipe()


def _signed_in(seal: Seal) -> Path:
    return seal.store.path.with_suffix(".signed-in")


def _say_signed_in(seal: Seal) -> None:
    file = _signed_in(seal)
    if file.exists():
        return
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise NotKept("This machine's disk is full, or cannot be written to. Tell the admin.") from error
