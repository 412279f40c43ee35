"""The pages of the workspace, each made when it is first shown, for a quick start."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.domain.acts import Act, Need
from core.domain.held_baskets import HoldBasket
from core.domain.ids import OrderId
from core.domain.menu import MenuItem
from core.domain.order import Order
from core.domain.people import Role
from core.domain.rights import may, rights_of
from core.protocol.replies import Availability
from core.ui.refresh import Refresher
from core.ui.text import _
from pos_app.alerts.alerts import Alerts
from pos_app.board.page import BoardPage
from pos_app.board.presenter import Board
from pos_app.context import PosContext
from pos_app.order.actions import OrderActions
from pos_app.order.card import Thresholds
from pos_app.workspace import Workspace

if TYPE_CHECKING:
    from pos_app.drawer.page import DrawerPage
    from pos_app.menu.page import MenuPage
    from pos_app.new_order.page import NewOrderPage
    from pos_app.order.behind import Behind


class Pages(QObject):
    """`orders`, `new`, `history`, `menu`, `sync`, `drawer`, for who may see them `reports`, and `pay`, to which others
    lead."""

    failed = Signal(object)
    """A `ClientError`."""
    taken = Signal(object)
    """The `Order` that was taken."""
    basket_made = Signal(object)
    """The `BasketModel` of the New page, once there is one."""
    behind_wanted = Signal(object)
    """The `Behind` of a row of a report that was pressed."""

    def __init__(
        self, context: PosContext, board: Board, actions: OrderActions, alerts: Alerts, workspace: Workspace
    ) -> None:
        super().__init__(workspace)
        self._context = context
        self._board = board
        self._actions = actions
        self._alerts = alerts
        self._workspace = workspace
        self._role = Role.CASHIER
        self._made: dict[str, QWidget] = {}
        self._unsaved: dict[str, list[Callable[[], None]]] = {}
        """By the id of whom it is."""
        context.bridge.roles_changed.connect(self._admit)

    def __iter__(self) -> Iterator[QWidget]:
        """The pages made so far."""
        return iter(self._made.values())

    def page(self, name: str) -> QWidget:
        if name not in self._made:
            make = {"new": self._make_new, "history": self._make_history, "menu": self._make_menu}
            make |= {"sync": self._make_sync, "reports": self._make_reports, "drawer": self._make_drawer}
            make |= {"pay": self._make_pay, "roles": self._make_roles}
            self._made[name] = make.get(name, self._make_board)()
            self._workspace.add_page(name, self._made[name])
        return self._made[name]

    def refresher(self, name: str) -> Refresher:
        """The refresher of a page: its own, or else the board's."""
        return getattr(self._made.get(name), "refresher", self._board.refresher)

    @property
    def board(self) -> BoardPage | None:
        """The board, while it is shown."""
        page = self._made.get("orders")
        return page if isinstance(page, BoardPage) and self._workspace.page == "orders" else None

    def clear(self) -> None:
        """Reset for the next cashier."""
        for page in self:
            clear: Callable[[], None] | None = getattr(page, "clear", None)
            if clear is not None:
                clear()

    def admit(self, role: Role) -> None:
        """Give the pages the rights of the person's role."""
        self._role = role
        self._admit()

    def may(self, act: Act) -> bool:
        """Whether the person who is signed in may do something, as far as this till was told."""
        return may(rights_of(self._context.bridge.roles, self._role), Need(act))

    def hold_back(self) -> bool:
        """Whether something must be settled before leaving. Then it is shown, with a notice."""
        notice = self._workspace.notice
        if self._menu is not None and self._menu.unsaved:
            self._workspace.page_wanted.emit("menu")
            notice.show_message(_("The menu is not saved"), _("Save it, or discard what you have changed."))
            return True
        changed = self._new.changing.order if self._new is not None else None
        if changed is not None:
            self._workspace.page_wanted.emit("new")
            title = _("The change of {number} is not saved").format(number=changed.number)
            notice.show_message(title, _("Save it, or leave the order as it was."))
            return True
        return False

    def keep_unsaved(self, person_id: str, name: str) -> str:
        """Keep what is not saved of who has locked the till, until they sign in again. Gives what there is; empty for
        nothing."""
        changed = self._new.changing.order if self._new is not None else None
        told = (
            [_("{name}'s change of {number}").format(name=name, number=changed.number)] if changed is not None else []
        )
        kept = [self._new.set_aside() if self._new is not None else None]
        if self._menu is not None and self._menu.unsaved:
            told.append(_("{name}'s changes of the menu").format(name=name))
            kept.append(self._menu.editing.set_aside())
        self._unsaved[person_id] = [each for each in kept if each is not None]
        return ", ".join(told)

    def put_back(self, person_id: str) -> None:
        """Put back what `keep_unsaved` has kept, and say so."""
        kept = self._unsaved.pop(person_id, [])
        for each in kept:
            each()
        if kept:
            self.hold_back()

    def set_aside(self, name: str) -> HoldBasket | None:
        """The command that holds the basket of a cashier who leaves, if there is one. `name` is theirs."""
        return self._new.held.set_aside(name) if self._new is not None else None

    def hold(self, asked: HoldBasket, then: Callable[[], object] | None = None) -> None:
        """Hold what `set_aside` has returned, and `then` go on."""
        assert self._new is not None
        self._new.held.holding.hold(asked, then)

    @property
    def _new(self) -> "NewOrderPage | None":
        page = self._made.get("new")
        return cast("NewOrderPage", page) if page is not None else None

    @property
    def _menu(self) -> "MenuPage | None":
        page = self._made.get("menu")
        return cast("MenuPage", page) if page is not None else None

    def refresh(self) -> None:
        """Refresh the shown page."""
        page = self._made.get(self._workspace.page)
        refresh: Callable[[], None] | None = getattr(page, "refresh", None)
        if refresh is not None:
            refresh()

    def seek(self, text: str) -> None:
        """Search the history for `text`."""
        from pos_app.history.page import HistoryPage

        page = self.page("history")
        assert isinstance(page, HistoryPage)
        page.seek(text)

    def seek_behind(self, behind: "Behind") -> None:
        """Find the orders behind a row of a report."""
        from pos_app.history.page import HistoryPage

        page = self.page("history")
        assert isinstance(page, HistoryPage)
        page.seek_behind(behind)

    def choose(self, order_id: OrderId) -> None:
        """Show the decision about an order."""
        from pos_app.sync.page import SyncPage

        page = self.page("sync")
        assert isinstance(page, SyncPage)
        page.choose(order_id)

    def change(self, order: Order) -> None:
        """Open a placed order on the New page."""
        cast("NewOrderPage", self.page("new")).change(order)

    # -- inside

    @Slot()
    def _admit(self) -> None:
        self._workspace.has_roles = self._role is Role.ADMIN
        self._workspace.offer("reports", offered=self.may(Act.REPORTS))
        if self._menu is not None:
            self._menu.admit(admin=self.may(Act.MENU))
        if (drawer := self._made.get("drawer")) is not None:
            cast("DrawerPage", drawer).admit(others=self.may(Act.DRAWERS))

    def _make_board(self) -> QWidget:
        settings = self._context.settings
        thresholds = Thresholds(timedelta(minutes=settings.slow_after_min), timedelta(minutes=settings.late_after_min))
        page = BoardPage(self._context.theme, self._board, thresholds, self._context.now)
        page.wanted.connect(self._actions.do)
        page.menu_wanted.connect(self._actions.open_menu)
        page.noticed.connect(self._alerts.acknowledge)
        return page

    def _make_new(self) -> QWidget:
        from pos_app.new_order.page import NewOrderPage

        page = NewOrderPage(self._context, self._workspace.notice)
        page.taken.connect(self.taken)
        page.payments_wanted.connect(self._actions.take_payments)
        self._actions.paying.ended.connect(page.show_done)
        page.change_wanted.connect(self._actions.amend)
        self._actions.amended.connect(page.changed)
        page.titled.connect(partial(self._workspace.set_title, "new"))
        page.failed.connect(self.failed)

        def show(item: MenuItem, reply: Availability) -> None:
            said = _("{item} is available again") if reply.available else _("{item} is sold out")
            self._workspace.undo.show_message(
                said.format(item=item.name),
                action=_("Undo"),
                act=partial(page.stock.set_available, item, available=not reply.available),
                life_ms=round(self._context.settings.undo_s * 1000),
            )

        page.stock.switched.connect(show)
        self.basket_made.emit(page.basket)
        self._connect_menus(page)
        return page

    def _make_history(self) -> QWidget:
        from pos_app.history.page import HistoryPage

        page = HistoryPage(self._context, self._actions, self._workspace.notice)
        page.failed.connect(self.failed)
        return page

    def _make_pay(self) -> QWidget:
        from pos_app.order.payment_page import PaymentPage

        page = PaymentPage(self._context, self._actions.paying)
        page.receipt_wanted.connect(self._actions.print_wanted)
        return page

    def _make_menu(self) -> QWidget:
        from pos_app.menu.page import MenuPage

        page = MenuPage(self._context, self._workspace.notice, admin=self.may(Act.MENU))
        page.failed.connect(self.failed)
        page.unsaved_changed.connect(self._workspace.set_unsaved)
        self._connect_menus(page)
        return page

    def _connect_menus(self, page: "NewOrderPage | MenuPage") -> None:
        bridge = self._context.bridge
        bridge.menu_changed.connect(page.set_menu)
        bridge.sync_status_changed.connect(page.refresher.confirm)
        if bridge.menu is not None:
            page.set_menu(bridge.menu)
            page.refresher.remember(self._board.refresher.age_s)  # they were kept together
            page.refresher.refresh()

    def _make_sync(self) -> QWidget:
        from pos_app.sync.page import SyncPage

        page = SyncPage(self._context, self._workspace.notice)
        page.payment_wanted.connect(self._actions.paying.decide)
        page.failed.connect(self.failed)
        return page

    def _make_reports(self) -> QWidget:
        from pos_app.reports.page import ReportsPage

        page = ReportsPage(self._context, self._workspace.notice)
        page.failed.connect(self.failed)
        page.opened.connect(self.behind_wanted)
        return page

    def _make_roles(self) -> QWidget:
        from pos_app.roles.page import RolesPage

        page = RolesPage(self._context, self._workspace.notice)
        page.failed.connect(self.failed)
        return page

    def _make_drawer(self) -> QWidget:
        from pos_app.drawer.page import DrawerPage

        page = DrawerPage(self._context)
        page.admit(others=self.may(Act.DRAWERS))
        page.failed.connect(self.failed)
        return page
