"""Add an endpoint that a window calls, with a parameter of a new name: how many items of a category are sold."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add an endpoint"
MOST: Final = 6

_REPLY: Final = '''class CategorySold(msgspec.Struct, frozen=True, kw_only=True):
    """The number of items of a category, and of those that are sold."""

    items: int
    available: int


'''
_ROW: Final = """CATEGORY_SOLD: Final = Route(
    "menu_category",
    "GET",
    "/api/pos/categories/{category_id}/",
    Who.STAFF,
    "How many items of a category are sold",
    reply=CategorySold,
    refusals=(404,),
)
"""
_HANDLER: Final = """async def category(call: Call[Nothing, Nothing]) -> CategorySold:
    offer = await load_offer(call)
    found = next((each for each in offer.menu.categories if each.id == call.parameter), None)
    if found is None:
        raise problems.not_found("category")
    return CategorySold(items=len(found.items), available=sum(item.available for item in found.items))


"""
_TEST: Final = '''"""How many items of a category are sold, as a till asks."""

from contextlib import closing

import pytest

from core.client.errors import NotFound
from core.client.http.api import HttpApi
from core.protocol import routes
from core.protocol.replies import CategorySold
from core.protocol.requests import StaffSignIn
from tests.integration.conftest import Place
from tests.support import shop


def test_a_till_is_told_how_many_items_of_a_category_are_sold(place: Place) -> None:
    with closing(HttpApi(place.server.url)) as api:
        api.staff_sign_in(StaffSignIn(staff="Kim", pin=shop.CASHIER_PIN, device=shop.DEVICE))
        assert api.call(routes.CATEGORY_SOLD("sides")) == CategorySold(items=2, available=1)
        with pytest.raises(NotFound):
            api.call(routes.CATEGORY_SOLD("desserts"))
'''


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    replies, routes = "core/protocol/replies.py", "core/protocol/routes.py"
    examples, handlers = "core/server/endpoints/examples.py", "core/server/routes/menu.py"
    before = "class CustomerList(msgspec.Struct, frozen=True, kw_only=True):\n"
    copy.replace(replies, before, _REPLY + before)
    for path in (routes, examples, handlers):
        copy.add_import(path, "core.protocol.replies", "CategorySold")
    copy.replace(routes, "TICKETS: Final = Route(\n", f"{_ROW}TICKETS: Final = Route(\n")
    sold = "CATEGORY_SOLD: Final = CategorySold(items=12, available=11)\n"
    copy.replace(examples, "\nAVAILABILITY: Final =", f"\n{sold}AVAILABILITY: Final =")
    copy.replace(handlers, "async def load_offer(", f"{_HANDLER}async def load_offer(")
    last = "    Endpoint(routes.SET_AVAILABLE, availability, examples.CHANGE_AVAILABILITY, examples.AVAILABILITY),\n"
    copy.insert(handlers, last, "    Endpoint(routes.CATEGORY_SOLD, category, example_reply=examples.CATEGORY_SOLD),\n")
    copy.write("tests/integration/menu/test_category_sold.py", _TEST)
    added = "- `GET /api/pos/categories/{category_id}/` says how many items of a category are sold.\n"
    copy.insert("CHANGELOG.md", "### Added\n", added)
