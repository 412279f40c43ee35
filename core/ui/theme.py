"""The look: the tokens of `resources/tokens.json` as colours, fonts, sizes and one style sheet."""

import json
from functools import cache
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette

import resources
from core.client.settings import Scheme
from core.domain.status import OrderStatus, look


@cache
def _tokens() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resources.read_text("tokens.json"))
    return loaded


class Theme(QObject):
    """The look of one process: a scheme and a text scale. `changed` is emitted when colours and sizes have changed."""

    changed = Signal()

    def __init__(self, scheme: Scheme = "auto", text_scale: int = 100, *, reduced_motion: bool = False) -> None:
        super().__init__()
        self._wanted: Scheme = scheme
        self._scale = text_scale / 100
        self._reduced_motion = reduced_motion
        self._colours: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, QFont.Weight], QFont] = {}
        self._load()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_desktop_scheme_changed)

    # -- what is chosen

    @property
    def scheme(self) -> str:
        """The scheme in use: light, dark or contrast."""
        if self._wanted != "auto":
            return self._wanted
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return "dark" if dark else "light"

    def choose(self, scheme: Scheme) -> None:
        self._wanted = scheme
        self._load()
        self.changed.emit()

    @property
    def text_scale(self) -> int:
        """The size of all text, in percent."""
        return round(self._scale * 100)

    def choose_text_scale(self, percent: int) -> None:
        if percent != self.text_scale:
            self._scale = percent / 100
            self._fonts.clear()
            self.changed.emit()

    @Slot()
    def _on_desktop_scheme_changed(self) -> None:
        if self._wanted == "auto":
            self.choose("auto")

    def _load(self) -> None:
        self._colours = {name: QColor(value) for name, value in _tokens()["schemes"][self.scheme].items()}

    # -- tokens

    def colour(self, name: str) -> QColor:
        """The colour of a token, such as `brand`, `muted`, `pending_soft`. Raises `KeyError` for an unknown name."""
        return self._colours[name]

    def status_colours(self, status: OrderStatus) -> tuple[QColor, QColor]:
        """A status's ink and its soft ground. Never the only sign: icon and label go with it."""
        name = look(status).colour
        return self.colour(name), self.colour("sunken" if name == "muted" else f"{name}_soft")

    def px(self, length: float) -> int:
        """A length that grows with the text scale."""
        return round(length * self._scale)

    def space(self, step: int) -> int:
        """Steps 0–6: 0, 4, 8, 12, 16, 20, 28 px."""
        return int(_tokens()["space_px"][step])

    def radius(self, name: str) -> int:
        return int(_tokens()["radius_px"][name])

    @property
    def touch_px(self) -> int:
        """The least height of a touch target."""
        return self.px(_tokens()["touch_px"])

    @property
    def focus_px(self) -> int:
        return int(_tokens()["focus_px"]) + (1 if self.scheme == "contrast" else 0)

    def motion_ms(self, name: str) -> int:
        """The duration of an animation: `quick` or `calm`; 0 when motion is reduced."""
        return 0 if self._reduced_motion else int(_tokens()["motion_ms"][name])

    def font(self, role: str = "body", weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """The platform's font, its figures tabular, as `role`: small, body, strong, number, title, hero or board."""
        held = self._fonts.get((role, weight))
        if held is None:
            held = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
            held.setPixelSize(self.px(_tokens()["type_px"][role]))
            held.setWeight(weight)
            held.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[role, weight] = held
        return QFont(held)

    def lines_px(self, count: int) -> int:
        """The height of `count` lines of body text, to reserve room for a message."""
        return count * (QFontMetrics(self.font("body", QFont.Weight.DemiBold)).lineSpacing() + 1)

    # -- what Qt wants

    def palette(self) -> QPalette:
        c = self.colour
        role = QPalette.ColorRole
        palette = QPalette()
        for target, name in (
            (role.Window, "bg"),
            (role.Base, "surface"),
            (role.AlternateBase, "sunken"),
            (role.Button, "surface"),
            (role.ToolTipBase, "text"),
            (role.Highlight, "brand"),
            (role.Accent, "brand"),
            (role.Link, "brand"),
            (role.WindowText, "text"),
            (role.Text, "text"),
            (role.ButtonText, "text"),
            (role.BrightText, "danger"),
            (role.ToolTipText, "surface"),
            (role.HighlightedText, "brand_ink"),
            (role.PlaceholderText, "muted"),
        ):
            palette.setColor(target, c(name))
        for target in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, target, c("muted"))
        return palette

    def style_sheet(self) -> str:
        """The style sheet of standard widgets. Painted ones use tokens directly."""
        values: dict[str, str] = {name: colour.name() for name, colour in self._colours.items()}
        values |= {f"r_{name}": f"{value}px" for name, value in _tokens()["radius_px"].items()}
        values |= {f"f_{name}": f"{self.px(value)}px" for name, value in _tokens()["type_px"].items()}
        values |= {"touch": f"{self.touch_px - 2}px", "focus": f"{self.focus_px}px"}
        # The wider border of the focus takes its pixels from the content's height, so that nothing below moves.
        values |= {"held": f"{self.touch_px - 2 * self.focus_px}px", "tall": f"{self.touch_px + 4}px"}
        sheet = resources.read_text("style.qss") + "".join(
            f'QLabel[colour="{name}"] {{ background: @{name}_soft; color: @{name}; }}\n'
            for name in self._colours
            if f"{name}_soft" in self._colours
        )
        for name in sorted(values, key=len, reverse=True):
            sheet = sheet.replace(f"@{name}", values[name])
        return sheet
