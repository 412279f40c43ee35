"""Pictures of items over HTTP: kept by who may change the menu, fetched by everybody, by the hash of their bytes."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.domain.menu import Category, Menu
from core.domain.pictures import picture_id
from core.protocol import routes
from core.protocol.requests import ReplaceMenu
from core.server.endpoints.examples import KEEP_PICTURE
from core.store import pictures
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.support import shop

GREY = KEEP_PICTURE.content
ID = picture_id(GREY)
ADDRESS = "/api/admin/pictures/"


def keep(caller: Caller, content: bytes = GREY) -> Any:
    return caller.post(ADDRESS, {"content": b64encode(content).decode()})


def menu(place: Place) -> Menu:
    return msgspec.json.decode(place.nobody.get("/api/menu/").content, type=Menu)


def put(place: Place, picture: str) -> Any:
    """The menu with this picture of the bowl."""
    mains, sides = shop.MENU.categories
    items = tuple(
        msgspec.structs.replace(each, picture=picture) if each.id == shop.BOWL else each for each in mains.items
    )
    categories: tuple[Category, ...] = (msgspec.structs.replace(mains, items=items), sides)
    wanted = ReplaceMenu(version=menu(place).version, categories=categories)
    return place.alex.call("PUT", "/api/admin/menu/", msgspec.to_builtins(wanted))


def shown(place: Place) -> str:
    return menu(place).items()[shop.BOWL].picture


@pytest.fixture(autouse=True)
def without(place: Place) -> Iterator[None]:
    yield
    assert put(place, "none").status_code == 200


def test_a_picture_is_kept_named_by_the_menu_and_fetched_by_everybody(place: Place) -> None:
    reply = keep(place.alex)
    assert (reply.status_code, reply.json()) == (200, {"id": ID})
    assert keep(place.alex).json() == {"id": ID}, "the same again is no other"
    assert put(place, ID).status_code == 200
    assert shown(place) == ID
    for caller in (place.nobody, place.ada, place.kim):
        fetched = caller.get(f"/api/menu/pictures/{ID}/")
        assert fetched.status_code == 200
        assert routes.PICTURE.read(fetched.content).content == GREY
        assert fetched.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = caller.get(f"/api/menu/pictures/{ID}/", headers={"If-None-Match": fetched.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert place.nobody.get(f"/api/menu/pictures/{'0' * 32}/").status_code == 404
    assert place.nobody.get("/api/menu/").headers["cache-control"] == "no-store"


def test_who_may_not_change_the_menu_keeps_none(place: Place) -> None:
    for caller, status in ((place.nobody, 401), (place.ada, 403), (place.kim, 403), (place.max, 200)):
        assert keep(caller).status_code == status


def test_what_is_no_small_plain_jpeg_is_refused(place: Place) -> None:
    exif = GREY[:2] + b"\xff\xe1\x00\x08Exif\x00\x00" + GREY[2:]
    for content in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", exif, GREY + b"?"):
        reply = keep(place.alex, content)
        assert (reply.status_code, reply.json().get("field")) == (422, "content"), content
    assert keep(place.alex, GREY[:-2] + b"\0" * 200_000 + GREY[-2:]).status_code == 413


def test_a_menu_names_only_what_is_kept(place: Place) -> None:
    for wrong in ("0" * 32, "../../etc/passwd", "A" * 32):
        assert put(place, wrong).status_code == 422
    assert shown(place) == ""


def test_a_window_that_sends_no_pictures_takes_none_away(place: Place) -> None:
    keep(place.alex)
    assert put(place, ID).status_code == 200
    version = menu(place).version
    assert put(place, "").status_code == 200
    assert (shown(place), menu(place).version) == (ID, version)
    assert put(place, "none").status_code == 200
    assert shown(place) == ""


def test_what_no_item_has_goes_after_a_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(place.alex)
    assert put(place, ID).status_code == 200
    monkeypatch.setattr(pictures, "UNUSED_US", -1)
    assert place.alex.post(f"/api/pos/menu/{shop.BOWL}/availability/", {"available": True}, key="k" * 20).ok
    assert place.nobody.get(f"/api/menu/pictures/{ID}/").status_code == 200
    assert put(place, "none").status_code == 200
    assert place.nobody.get(f"/api/menu/pictures/{ID}/").status_code == 404


def test_another_shops_pictures_are_theirs(place: Place) -> None:
    keep(place.alex)
    assert place.sam.get(f"/api/menu/pictures/{ID}/").status_code == 404
