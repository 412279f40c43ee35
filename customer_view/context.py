"""What the parts of the customer's window share."""

from typing import TypeAlias

from core.ui.context import WindowContext
from customer_view.settings import CustomerSettings

CustomerContext: TypeAlias = WindowContext[CustomerSettings]
