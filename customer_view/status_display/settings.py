"""The settings of the status display: `[board]` in the settings file."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from core.client.settings import Interval, ScreenSettings
from core.reasons import reason
from core.settings import SECRET, SettingsError


class StatusDisplaySettings(ScreenSettings, frozen=True, kw_only=True):
    """The settings of every screen, and the identity of this display."""

    device: Annotated[
        str, Meta(min_length=1, max_length=20, description="This display's name, as the backend knows it.")
    ] = "BOARD1"
    secret: Annotated[
        str,
        Meta(
            max_length=128,
            description="The code that was made with it; secret_file keeps it out of sight.",
            extra=SECRET,
        ),
    ] = ""
    secret_file: Annotated[str, Meta(description="A file that holds the code and nothing else.")] = ""
    show_names: Annotated[
        bool, Meta(description="Show first names, when the backend allows them ([server] board_names).")
    ] = True
    full_screen: Annotated[bool, Meta(description="Fill the screen. Esc and F11 leave it.")] = True
    refresh_s: Annotated[Interval, Meta(description="Seconds between two looks, whatever is pushed.")] = 10.0

    @property
    def has_code(self) -> bool:
        """Whether one is set, or a file that should have one."""
        return bool(self.secret or self.secret_file)

    def code(self) -> str:
        """The display's secret. Raises `SettingsError` when its file is empty or cannot be read."""
        code = self.secret
        if self.secret_file:
            try:
                code = Path(self.secret_file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"secret_file {self.secret_file} cannot be read: {reason(error)}") from None
        if not code:
            raise SettingsError(f"secret_file {self.secret_file} is empty.")
        return code
