"""The context of the customer's window."""

from typing import TypeAlias

from core.ui.context import WindowContext
from customer_view.settings import CustomerSettings

CustomerContext: TypeAlias = WindowContext[CustomerSettings]
