"""The common part of the customer's and the cashier's order pages."""

from typing import Any, Generic, TypeVar

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.menu import Menu
from core.ui.ordering.basket_model import BasketModel
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.placing import Placing
from core.ui.ordering.view import OrderingView
from core.ui.refresh import Refresher
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice

P = TypeVar("P", bound=Placing[Any])


class OrderingPage(QWidget, Generic[P]):
    """The menu is refreshed while the page is shown. Without the window's `notice` it has its own."""

    def __init__(
        self,
        theme: Theme,
        presenter: P,
        form: HandoverForm,
        checkout: CheckoutPane,
        notice: Notice | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        presenter.setParent(self)
        self._presenter = presenter
        self._ordering = presenter.ordering
        self._form = form
        self._checkout = checkout
        self.notice = notice or Notice(theme)
        self.view = OrderingView(self._ordering, theme, checkout, self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        if notice is None:
            column.addWidget(self.notice)
        column.addWidget(self.view, 1)
        presenter.refused.connect(self._on_order_refused)
        presenter.address_missing.connect(form.complain_of_address)
        form.changed.connect(self._on_form_changed)
        self._on_form_changed()

    @property
    def basket(self) -> BasketModel:
        return self._ordering.basket

    @property
    def refresher(self) -> Refresher:
        """The refresher of the menu."""
        return self._ordering.menu

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """Use a new menu."""
        self._ordering.set_menu(menu)

    @Slot()
    def _on_form_changed(self) -> None:
        self._ordering.basket.set_fulfilment(self._form.fulfilment.value)

    @Slot(object)
    def _on_order_refused(self, error: ClientError) -> None:
        if self._ordering.basket.basket.troubled is not None:
            self.view.show_basket()
        self.notice.show_error(error)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ordering.menu.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ordering.menu.stop()
        super().hideEvent(event)
