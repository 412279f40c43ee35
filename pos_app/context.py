"""The context of the cashier's window."""

from typing import TypeAlias

from core.ui.context import WindowContext
from pos_app.settings import PosSettings

PosContext: TypeAlias = WindowContext[PosSettings]
