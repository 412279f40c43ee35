"""Add an endpoint that a window calls: how many orders of the shop are open."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add an endpoint"
MOST: Final = 6

_REPLY: Final = '''class OpenOrders(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders of the shop are open."""

    count: int


'''
_ROW: Final = """OPEN_ORDERS: Final = Route(
    "pos_open_orders",
    "GET",
    "/api/pos/open-orders/",
    Who.STAFF,
    "How many orders are open",
    reply=OpenOrders,
)
"""
_HANDLER: Final = """async def open_orders(call: Call[Nothing, Nothing]) -> OpenOrders:
    query, shop_id = OrderQuery(open=True, limit=1), call.principal.shop_id
    page = await call.services.database.search(lambda transaction: orders.search(transaction, shop_id, query))
    return OpenOrders(count=page.total)


"""
_TEST: Final = '''"""How many orders are open, as a till asks."""

from contextlib import closing

from core.client.http.api import HttpApi
from core.protocol import routes
from core.protocol.requests import StaffSignIn
from tests.integration.conftest import Place
from tests.support import shop


def test_a_till_is_told_how_many_orders_are_open(place: Place) -> None:
    with closing(HttpApi(place.server.url)) as api:
        api.staff_sign_in(StaffSignIn(staff="Kim", pin=shop.CASHIER_PIN, device=shop.DEVICE))
        before = api.call(routes.OPEN_ORDERS()).count
        order = place.ada.place()
        assert api.call(routes.OPEN_ORDERS()).count == before + 1
        for to in ("confirmed", "preparing", "ready", "completed"):
            order = place.kim.move(order, to).json()
        assert api.call(routes.OPEN_ORDERS()).count == before
'''


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    replies, routes = "core/protocol/replies.py", "core/protocol/routes.py"
    examples, handlers = "core/server/endpoints/examples.py", "core/server/routes/pos.py"
    before = "class CustomerList(msgspec.Struct, frozen=True, kw_only=True):\n"
    copy.replace(replies, before, _REPLY + before)
    for path in (routes, examples):
        copy.insert(path, "    Health,\n", "    OpenOrders,\n")
    copy.replace(routes, "NOTE_EXPORT: Final = Route(\n", f"{_ROW}NOTE_EXPORT: Final = Route(\n")
    copy.replace(examples, "EXPORTED: Final =", "OPEN_ORDERS: Final = OpenOrders(count=12)\nEXPORTED: Final =")
    copy.replace(handlers, "import CustomerList, OrderDetails", "import CustomerList, OpenOrders, OrderDetails")
    copy.replace(handlers, "async def exported(", f"{_HANDLER}async def exported(")
    exported = "    Endpoint(routes.NOTE_EXPORT, exported"
    endpoint = "    Endpoint(routes.OPEN_ORDERS, open_orders, example_reply=examples.OPEN_ORDERS),\n"
    copy.replace(handlers, exported, endpoint + exported)
    copy.write("tests/integration/orders/test_open_orders.py", _TEST)
    copy.insert("CHANGELOG.md", "### Added\n", "- `GET /api/pos/open-orders/` says how many orders are open.\n")
