"""The cashier's window's settings: section `[pos]` of the settings file."""

from typing import Annotated

from msgspec import Meta
from typing_extensions import override

from core.client.settings import Interval, WindowSettings
from core.client.terminals.line import terminal_at

Minutes = Annotated[float, Meta(gt=0, le=1440)]


class PosSettings(WindowSettings, frozen=True, kw_only=True):
    """The settings of one till."""

    device: Annotated[
        str, Meta(min_length=1, max_length=20, description="This POS's name: the series of its order numbers.")
    ] = "POS1"
    board_refresh: Annotated[bool, Meta(description="Whether board and history ask for news by themselves.")] = True
    board_refresh_s: Annotated[Interval, Meta(description="Seconds between two looks at the shown orders.")] = 10.0
    idle_lock_s: Annotated[
        float, Meta(ge=0, le=86_400, description="Seconds without a touch until the POS locks; 0: never.")
    ] = 300.0
    slow_after_min: Annotated[Minutes, Meta(description="Minutes after which an order is shown as slow.")] = 8.0
    late_after_min: Annotated[Minutes, Meta(description="Minutes after which an order is shown as late.")] = 14.0
    second_screen: Annotated[bool, Meta(description="Whether a second screen shows the guest the basket.")] = False
    card_terminal: Annotated[
        str,
        Meta(
            max_length=100,
            description="The card terminal: `by-hand`, or HOST:PORT of one that speaks our lines, as the simulator. "
            "Empty: cards are recorded like other payments.",
        ),
    ] = ""
    undo_s: Annotated[float, Meta(ge=0.2, le=60, description="Seconds for which a step can be taken back.")] = 5.0

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.late_after_min < self.slow_after_min:
            raise ValueError("late_after_min must not be less than slow_after_min")
        terminal_at(self.card_terminal)
