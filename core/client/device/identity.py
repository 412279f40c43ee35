"""The device identity of this machine: from its pairing, or none."""

from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from core.client.errors import HalfACode, Refused, Unreachable
from core.client.http.api import HttpClient
from core.client.http.trust import check_address, encrypts, fetch_ca
from core.client.operations import Owner
from core.client.settings import ServerAddress
from core.client.storage import operation_table, session_file
from core.client.storage.cache import Cache
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.decoding import decode_reply
from core.domain.ids import DeviceId, OpId, ShopId
from core.domain.people import DeviceKind
from core.protocol import routes
from core.protocol.devices import Pair, Paired, parts
from core.protocol.replies import Tokens
from core.protocol.requests import SignIn, SignUp, StaffSignIn

PORT: Final = 8765
"""The backend's default port."""
_SEALED: Final = "device"
S = TypeVar("S", bound=ServerAddress)
R = TypeVar("R", SignIn, SignUp, StaffSignIn)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The result of pairing this machine. Its secret is sealed: `secret_of`."""

    name: DeviceId
    kind: DeviceKind
    shop: ShopId
    shop_name: str
    server_url: str
    ca: str = ""
    """The shop's own certificate authority (PEM), where it has one."""


def read(store: LocalStore) -> Identity | None:
    with store.reading() as db:
        row = db.execute("SELECT told FROM identity").fetchone()
    return decode_reply(row[0], Identity) if row else None


def at(path: Path) -> Identity | None:
    """The identity in a window's file that is not open. Raises `LocalStoreError`."""
    if not path.exists():
        return None
    with closing(LocalStore(path)) as store:
        return read(store)


def secret_of(seal: Seal) -> str:
    """The device's secret; empty when it is not paired, or its key is lost and it has to be paired again."""
    held = seal.read(_SEALED)
    return held.decode() if held is not None else ""


def owner(store: LocalStore, tokens: Tokens) -> Owner:
    """The person and shop of operations in the session of `tokens`."""
    known = read(store)
    return Owner(tokens.person.id, tokens.shop or (known.shop if known is not None else ""))


def proven(seal: Seal, request: R) -> R:
    """The request with this machine's device id and secret. One that names another device, or a machine without
    identity, leaves it unchanged."""
    known = read(seal.store)
    if known is None or request.device not in ("", known.name):
        return request
    return msgspec.structs.replace(request, device=known.name, device_secret=secret_of(seal), shop=known.shop)


def settled(settings: S, known: Identity | None, path: Path) -> S:
    """The settings of a window on the paired machine `known`. An address set by hand overrides the paired one; device
    and authority are the paired ones."""
    if known is None:
        return settings
    changes: dict[str, str] = {}
    if settings.server_url == ServerAddress().server_url:
        changes["server_url"] = known.server_url
    if known.ca and not settings.ca_file:
        ca_file = ca_file_of(path)
        if not ca_file.exists() or ca_file.read_text(encoding="ascii", errors="replace") != known.ca:
            ca_file.write_text(known.ca, encoding="ascii")  # it was deleted, or never written
        changes["ca_file"] = str(ca_file)
    if "device" in settings.__struct_fields__:
        changes["device"] = known.name
    return msgspec.structs.replace(settings, **changes)


def address(typed: str, code: str) -> str:
    """The server's URL from what people type: `192.168.1.5`, `shop.local:443`, or all of it."""
    text = typed.strip().rstrip("/")
    if "://" in text or not text:
        return text
    scheme = "https" if parts(code)[1] else "http"
    return f"{scheme}://{text}" if urlsplit(f"//{text}").port else f"{scheme}://{text}:{PORT}"


def pair(
    seal: Seal,
    server_url: str,
    code: str,
    key: OpId,
    kind: DeviceKind,
    *,
    allow_plain_http: bool = False,
) -> Identity:
    """Become the device of this `kind` that `code` was made for. The same code may be retried with the same `key`.

    Raises `ClientError`; its `field` is `server_url` or `code`.
    """
    path = seal.store.path
    letters, short = parts(code)
    try:
        check_address(server_url, "", allow_plain_http=allow_plain_http)
    except ValueError:
        if not short and encrypts(server_url):
            raise HalfACode from None
        raise Refused(
            "This address is not encrypted: anybody on the network could read PINs. Use https://.", field="server_url"
        ) from None
    ca, ca_file = fetch_ca(server_url, short) if short else "", ca_file_of(path)
    trying = ca_file.with_suffix(".new")
    if ca:
        trying.write_text(ca, encoding="ascii")
    with closing(HttpClient(server_url, ca_file=str(trying) if ca else "")) as client:
        try:
            paired = client.call(routes.PAIR(body=Pair(code=letters, kind=kind), op_id=key))
        except Unreachable:
            if not short and urlsplit(server_url).scheme == "http" and encrypts(server_url):
                raise HalfACode from None
            raise
    if paired.kind is not kind:  # by a server of the first release, which does not look at it
        trying.unlink(missing_ok=True)
        raise Refused(
            "The code was made for another kind of device. Ask the admin for one for this kind.", field="code"
        )
    known = _become(seal, paired, server_url, ca)
    if ca:
        trying.replace(ca_file)
    return known


def _become(seal: Seal, paired: Paired, server_url: str, ca: str) -> Identity:
    known = Identity(
        name=paired.name,
        kind=paired.kind,
        shop=paired.shop,
        shop_name=paired.shop_name,
        server_url=server_url,
        ca=ca,
    )
    with seal.store.transaction() as db:
        # An open session belongs to the former device, perhaps of another shop. Its waiting operations are kept, and
        # sent to no other shop: see `Owner`.
        session_file.keep(seal, None, OpId(""))
        Cache(seal.store).forget_shop()
        db.execute("INSERT OR REPLACE INTO identity VALUES (1, ?)", (msgspec.json.encode(known),))
        seal.keep(_SEALED, paired.secret.encode())
        if paired.kind is DeviceKind.POS:
            operation_table.series_at(db, paired.name, paired.series_last)
    return known


def ca_file_of(path: Path) -> Path:
    """The path of the authority by which the window of `path` trusts its server."""
    return path.with_suffix(".ca.pem")
