"""A session that was ended while its server was out of reach ends there too, however long that took."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core import sealing
from core.client.storage.seal import Seal
from core.protocol import routes
from core.protocol.replies import Tokens
from core.protocol.sealed import sign_out_context
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.synced import Screen


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url) as proxy:
        yield proxy


def is_revoked(place: Place, tokens: Tokens) -> bool:
    session_id = tokens.refresh_token.partition(".")[0]
    return place.rows("SELECT revoked_at FROM sessions WHERE id = ?", session_id)[0][0] is not None


def is_told(screen: Screen) -> bool:
    with screen.api._store.reading() as db:
        return bool(db.execute("SELECT count(*) FROM sign_outs").fetchone()[0] == 0)


@pytest.mark.parametrize("role", ["customer", "staff"])
def test_the_server_is_told_after_an_outage_and_a_restart(
    place: Place, proxy: FaultProxy, tmp_path: Path, role: str
) -> None:
    path = tmp_path / "window.db"
    with Screen(proxy.url, path) as screen:
        tokens = screen.customer(shop.ADA) if role == "customer" else screen.staff(shop.KIM)
        screen.until_live()
        proxy.choose = lambda _line: Fault.REFUSE
        screen.sign_out()
    with Screen(proxy.url, path) as screen:
        assert not is_told(screen)
    assert not is_revoked(place, tokens)
    proxy.choose = lambda _line: Fault.NONE
    with Screen(proxy.url, path) as screen:
        screen.until(lambda: is_told(screen))
    assert is_revoked(place, tokens)


def test_the_server_is_told_when_the_outage_ends(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    """Each of two people, also after more tries than a call has; the next person is there already."""
    with Screen(proxy.url, tmp_path / "window.db") as screen:
        left = []
        for person in (shop.ADA, shop.GRACE):
            left.append(screen.customer(person))
            proxy.choose = lambda line: Fault.REFUSE if "sign-out" in line else Fault.NONE
            screen.sign_out()
        met = proxy.met[Fault.REFUSE]
        screen.until(lambda: proxy.met[Fault.REFUSE] > met + 4)
        mine = screen.customer(shop.ADA)
        proxy.choose = lambda _line: Fault.NONE
        screen.until(lambda: is_told(screen))
        assert [is_revoked(place, each) for each in (*left, mine)] == [True, True, False]


def test_nothing_that_is_kept_for_it_is_of_use_here(proxy: FaultProxy, tmp_path: Path) -> None:
    """Not even to whoever has the key by which the window seals what it reads itself."""
    path = tmp_path / "window.db"
    with Screen(proxy.url, path) as screen:
        tokens = screen.customer(shop.ADA)
        proxy.choose = lambda _line: Fault.REFUSE
        screen.sign_out()
        assert not is_told(screen)
    key = Fernet(path.with_suffix(".key").read_text(encoding="ascii"))
    with Screen(proxy.url, path) as screen:
        seal: Seal = screen.api._seal
        with seal.store.reading() as db:
            values = [value for (value,) in db.execute("SELECT value FROM sealed")]
            kept = [value for (value,) in db.execute("SELECT sealed FROM sign_outs")]
    readable = b"".join(file.read_bytes() for file in tmp_path.iterdir()) + b"".join(map(key.decrypt, values))
    assert kept
    assert tokens.refresh_token.encode() not in readable
    assert tokens.access_token.encode() not in readable


def sealed(caller: Caller, token: str, secret: bytes = b"") -> dict[str, str]:
    """The body that the window of `caller` would send for `token`, or one that is sealed to another server's key."""
    shop_id = caller.signed_in["shop"]
    public = base64.b64decode(caller.signed_in["sealing_key"])
    public = sealing.public_key(sealing.private_key(secret)) if secret else public
    content = sealing.seal(token.encode(), public, sign_out_context(shop_id))
    return {"shop": shop_id, "content": base64.b64encode(content).decode()}


def test_what_names_no_session_ends_none(place: Place) -> None:
    path, token = routes.SEALED_SIGN_OUT.path, place.grace.signed_in["refresh_token"]
    another = sealed(place.grace, token) | {"shop": place.world.other_shop}
    nowhere = sealed(place.grace, token) | {"shop": "nowhere"}
    forged = f"{token[:-4]}aaaa"
    for body in (
        *(sealed(place.grace, text) for text in (forged, "", "x", "a.b.c.d", "é.1.x.y")),
        *(sealed(place.grace, token, b"another server's secret, 32 bytes"), another, nowhere),
    ):
        assert place.nobody.post(path, body).status_code == 422
    assert place.grace.get("/api/online/orders/history/").status_code == 200


def test_it_may_be_told_twice(place: Place, proxy: FaultProxy, tmp_path: Path) -> None:
    with Screen(proxy.url, tmp_path / "window.db") as screen:
        tokens = screen.customer(shop.ADA)
        answers = iter((Fault.CUT_AFTER,))
        proxy.choose = lambda line: next(answers, Fault.NONE) if "sign-out" in line else Fault.NONE
        screen.sign_out()
        screen.until(lambda: is_told(screen))
    assert proxy.met[Fault.CUT_AFTER] == 1
    assert is_revoked(place, tokens)
