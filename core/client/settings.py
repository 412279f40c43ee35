"""The settings of every window; each window adds its own."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.client.http.trust import check_address
from core.client.storage.local_store import default_path
from core.logs import NOWHERE

Interval = Annotated[float, Meta(ge=0.2, le=86_400)]
Scheme = Literal["auto", "light", "dark", "contrast"]


class ServerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The backend's address, and how to trust it."""

    server_url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^/\s]+\Z",
            description="Address of the backend, without a path.",
            examples=["https://192.168.1.5:8765"],
        ),
    ] = "http://127.0.0.1:8765"
    ca_file: Annotated[
        str, Meta(description="The only certificate authority to believe (PEM); empty: the public ones.")
    ] = ""
    allow_plain_http: Annotated[
        bool, Meta(description="Let http:// leave this machine: PINs and orders can be read on the way.")
    ] = False

    def __post_init__(self) -> None:
        check_address(self.server_url, self.ca_file, allow_plain_http=self.allow_plain_http)


class ScreenSettings(ServerAddress, frozen=True, kw_only=True):
    """Adds appearance and language."""

    theme: Annotated[Scheme, Meta(description="auto follows the desktop; or light, dark, contrast.")] = "auto"
    text_scale: Annotated[int, Meta(ge=100, le=200, description="Size of all text, in percent.")] = 100
    language: Annotated[
        str, Meta(max_length=20, description="Language as en, es, ar, …; empty follows the desktop.")
    ] = ""
    half: Annotated[
        Literal["", "left", "right"],
        Meta(description="The half of the screen it opens in; empty: where the desktop puts it."),
    ] = ""
    reduced_motion: Annotated[bool, Meta(description="Change without animating.")] = False
    push: Annotated[bool, Meta(description="Hear of changes the moment they happen; else only by asking.")] = True
    sounds: Annotated[bool, Meta(description="Play a sound for every change.")] = True
    volume: Annotated[int, Meta(ge=0, le=100, description="How loud sounds are, in percent.")] = 70
    keyring: Annotated[
        bool,
        Meta(description="Keep the key to what this window has to itself in the system's keyring; else in a file."),
    ] = True
    remote: Annotated[bool, Meta(description="Take commands on standard input, as the unattended tour gives them.")] = (
        False
    )
    data_dir: Annotated[
        str, Meta(description="Where this window keeps its file; empty: the user's data directory.")
    ] = ""
    log_dir: Annotated[
        str, Meta(description="Where the log is kept in files too; empty: logs beside this window's file; -: in none.")
    ] = ""
    debug: Annotated[bool, Meta(description="Log debug lines too.")] = False

    def file_of(self, window: str) -> Path:
        """The path of the file of a window of this kind (`pos`, `customer`, `board`)."""
        return Path(self.data_dir, f"{window}.db") if self.data_dir else default_path(window)

    def log_path(self, window: str) -> Path | None:
        """The file of the window's log."""
        if self.log_dir == NOWHERE:
            return None
        return (Path(self.log_dir) if self.log_dir else self.file_of(window).parent / "logs") / f"{window}.log"


class WindowSettings(ScreenSettings, frozen=True, kw_only=True):
    """Adds the settings of windows with a user."""

    toasts: Annotated[bool, Meta(description="Show a toast for every change.")] = True
