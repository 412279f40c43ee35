"""The tour's steps at the windows: a cashier's and a customer's day."""

from typing import Final

from core.admin.demo import shop
from core.admin.demo.processes import Backend, ProcessFailed, Window, until
from core.admin.demo.steps import Album
from core.admin.setup import DEMO_PASSWORD
from core.domain.menu import Menu
from core.server.setup import NewCustomer

_REASON: Final = "We have run out of tortillas"
_TASTES: Final = 2
_MENU_S: Final = 1.0
_PATIENCE_S: Final = 30.0


def play(album: Album, pos: Window, customer: Window, menu: Menu) -> str:
    """All steps, each photographed. Returns the number of the customer's first order that is ready. Requires only that
    this customer has one. Raises `StepFailed`."""
    step = album.step
    with step("a customer signs in and sees their orders", customer, "customer-my-orders"):
        sign_in(customer, shop.CUSTOMER)
        customer.wait_row("order_list")
    with step("a cashier signs in by PIN and sees the board", pos, "pos-board"):
        sign_in_staff(pos)
        pos.act("state", name="column_pending")

    with step("the customer fills a basket from the menu", customer, "customer-order"):
        before = number_of(customer.rows("order_list")[0])
        customer.click("tab_order")
        fill_basket(customer, menu)
    with step("the customer checks out", customer, "customer-checkout"):
        customer.click("checkout")
        customer.act("state", name="place_order")
    with step("the new order is in My orders at once", customer, "customer-placed"):
        customer.click("place_order")
        number = new_number(customer, besides=before)
    with step("it reaches the board by the board's own refresh", pos, "pos-new-order"):
        pos.wait_row("column_pending", number)
    with step("the cashier confirms it with one press", pos, "pos-confirmed"):
        pos.click_row("column_pending", number, "step")
        pos.wait_row("column_confirmed", number)
    with step("the customer's list follows by its own refresh", customer, "customer-confirmed"):
        customer.wait_row("order_list", f"{number}, Confirmed")
    with step("the tracker follows, step by step", customer, "customer-tracker"):
        for column, word in (("column_confirmed", "Preparing"), ("column_preparing", "Ready")):
            pos.click_row(column, number, "step")
            customer.wait_text("tracker", word)
            customer.wait_row("order_list", f"{number}, {word}")

    with step("a second order is cancelled at the counter, with a reason", pos, "pos-cancel"):
        second = place(customer, menu)
        pos.wait_row("column_pending", second)
        pos.click_row("column_pending", second, "step")
        pos.wait_row("column_confirmed", second)
        choose(pos, "column_confirmed", second, "menu_cancel")
        pos.type("reason", _REASON)
    with step("the customer is told, and told why", customer, "customer-cancelled"):
        pos.click("reason_confirm")
        customer.wait_row("order_list", f"{second}, Cancelled")
        customer.wait_text("status_band", _REASON)

    with step("the cashier takes an order at the counter", pos, "pos-new"):
        pos.click("nav_new")
        fill_basket(pos, menu)
    with step("the payment is asked for in the same window", pos, "pos-payment"):
        pos.click("checkout")
        pos.act("state", name="payment_panel")
    with step("the history finds an order by its number", pos, "pos-history"):
        pos.click("nav_history")
        pos.type("history_search", number)
        pos.key("Return", "history_search")
        pos.wait_row("history_list", number, only=True)  # among others it was there before the answer

    with step("the customer signs out; nothing of them is left on the screen", customer, "customer-signed-out"):
        customer.click("sign_out")
        customer.act("state", name="sign_in_login")
    with step("another customer signs in and sees nothing of the first", customer, "customer-other"):
        sign_in(customer, shop.OTHER_CUSTOMER)
        customer.act("state", name="orders_empty")
    return number


def show_dark(album: Album, pos: Window, customer: Window, number: str) -> None:
    """Both windows once more, in the dark scheme, with an order of the customer's that is ready."""
    with album.step("the board in the dark", pos, "pos-dark"):
        sign_in_staff(pos)
        pos.wait_row("column_ready", number)
    with album.step("My orders in the dark", customer, "customer-dark"):
        sign_in(customer, shop.CUSTOMER)
        customer.click_row("order_list", number)
        customer.wait_text("tracker", "Ready, since")


def push(album: Album, pos: Window, customer: Window, board: Window, menu: Menu) -> None:
    """A move at the till appears on the customer's screen at once, which polls only every 30 s."""
    with album.step("the customer's window is told live", customer, "customer-live"):
        customer.wait_text("connection_chip", "Live")
        number = place(customer, menu)
        for column, word in (("column_pending", "Confirmed"), ("column_confirmed", "Preparing")):
            pos.click_row(column, number, "step")
            customer.wait_row("order_list", f"{number}, {word}")
    with album.step("with push, what the cashier does is there in a blink", customer, "customer-toast"):
        pos.click_row("column_preparing", number, "step")
        customer.wait_row("order_list", f"{number}, Ready")
    with album.step("and its number is called on the status display", board, "board"):
        series, _dash, count = number.rpartition("-")
        board.wait_text("ready", f"{series} {int(count)}")


def go_offline(album: Album, backend: Backend, customer: Window, menu: Menu) -> str:
    """Stop the backend, and let the customer order. Returns the number of the newest order before."""
    with album.step("the backend stops, and the customer's window says so", customer, "customer-offline"):
        newest = number_of(customer.rows("order_list")[0])
        backend.stop()
        customer.wait_text("connection_chip", "Offline")
    with album.step("an order is placed all the same, and waits to be sent", customer, "customer-waiting"):
        customer.click("tab_order")
        fill_basket(customer, menu)
        customer.click("checkout")
        customer.click("place_order")
        customer.wait_row("order_list", "New order, Waiting to send")
        customer.wait_text("connection_chip", "1 waiting to send")
    return newest


def come_back(customer: Window, newest: str) -> None:
    """Check that the waiting order has a number, and exists once."""

    def look() -> None:
        rows = customer.command("state", name="order_list")["rows"]
        waits = any(status_of(row).startswith("Waiting") for row in rows)
        if waits or status_of(rows[0]) != "Placed" or number_of(rows[1]) != newest:
            raise ProcessFailed(f"the list begins with {rows[:3]}, and {newest} was the newest before")

    until(look, _PATIENCE_S)
    customer.wait_text("connection_chip", "Live")


def sign_in(window: Window, person: NewCustomer) -> None:
    window.type("sign_in_login", person.phone)
    window.type("sign_in_password", DEMO_PASSWORD)
    window.click("sign_in_submit")


def sign_in_staff(window: Window) -> None:
    window.type("staff_name", shop.CASHIER.name)
    window.type("pin", shop.CASHIER.pin)
    window.click("sign_in")


def choose(pos: Window, column: str, number: str, entry: str) -> None:
    """Open a card's menu and choose from it. While a step of that order is still being sent, the menu offers less."""

    def attempt() -> None:
        pos.command("click_row", name=column, containing=number, part="more")
        try:
            until(lambda: pos.command("choose", action=entry), _MENU_S)
        except ProcessFailed:
            pos.command("key", key="Escape")
            raise

    until(attempt, _PATIENCE_S)


def fill_basket(window: Window, menu: Menu) -> None:
    """One dish of each of the first two categories, with every choice that must be made and a few that may."""
    items = list(menu.items().values())
    for wanted, category in enumerate(menu.categories[:2], start=1):
        dish = next(item for item in category.items if item.available)
        window.click_row_number("menu_tiles", items.index(dish))  # names may be alike, or parts of each other
        if window.either("item_dialog", "basket_lines", rows=wanted) == "item_dialog":
            for group in dish.groups:
                for modifier in group.modifiers[: max(group.least, min(_TASTES, group.most or _TASTES))]:
                    window.click(f"choice_{modifier.id}")
            window.click("item_add")


def place(customer: Window, menu: Menu) -> str:
    """Order something; gives the number of the order."""
    before = number_of(customer.rows("order_list")[0])
    customer.click("tab_order")
    fill_basket(customer, menu)
    customer.click("checkout")
    customer.click("place_order")
    return new_number(customer, besides=before)


def new_number(window: Window, besides: str) -> str:
    """The number of the order that was just placed, the first in the list; `besides` is the previous newest one."""

    def look() -> str:
        newest = window.command("state", name="order_list")["rows"][0]
        number = number_of(newest)
        if number == besides or "-" not in number or status_of(newest) != "Placed":
            raise ProcessFailed(f"the newest order is {newest!r}, none that was placed just now")
        return number

    return until(look, _PATIENCE_S)


def status_of(row: str) -> str:
    """The status in an order's row, ignoring the names of dishes."""
    return row.split(", ", maxsplit=2)[1]


def number_of(row: str) -> str:
    """The number of an order in a row of the list."""
    return row.split(",", maxsplit=1)[0]
