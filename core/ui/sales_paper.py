"""A report of sales on paper: a table with bars, on as many pages as it needs. A bar is filled or an outline, so that
it can be read without colour."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextLayout,
    QTextOption,
)

from core.protocol.reports import By, SalesReport
from core.ui.days import local, use_zone
from core.ui.preflight import has_display
from core.ui.sales import TITLES, Bar, amount_of, bars, count_of, day_words, figure_of, name_of, worded
from core.ui.text import _, clock, date, figure, isolated, money, use_language

_MARGIN_MM: Final = 14.0
_DPI: Final = 1_200
_PT: Final = _DPI / 72

Style = tuple[float, QFont.Weight]
_TITLE: Final[Style] = (15.0, QFont.Weight.DemiBold)
_HEAD: Final[Style] = (8.0, QFont.Weight.DemiBold)
_BODY: Final[Style] = (9.0, QFont.Weight.Normal)
_STRONG: Final[Style] = (9.0, QFont.Weight.DemiBold)
_SMALL: Final[Style] = (8.0, QFont.Weight.Normal)

_NAME: Final = 0.26
"""The part of the width that names have at most; bars have what figures leave."""
_LEAST_NAME: Final = 60 * _PT
_GAP: Final = 10 * _PT
_AIR: Final = 4 * _PT
"""Above and below a row."""
_LINE: Final = 0.7 * _PT


class _Column(NamedTuple):
    title: str
    text: Callable[[Bar], str]


_kept: Final[list[QGuiApplication]] = []


def for_command(report: SalesReport, before: SalesReport, shop: tuple[str, str], at: datetime, language: str) -> bytes:
    """`pdf` in a process without a window. `shop`: its name and time zone. `language`: as in the windows' settings."""
    if QGuiApplication.instance() is None:
        _kept.append(QGuiApplication(["orderbell", *([] if has_display() else ["-platform", "offscreen"])]))
    QGuiApplication.setLayoutDirection(use_language(language))
    name, zone = shop
    use_zone(zone)
    return pdf(report, before, name, at)


def pdf(report: SalesReport, before: SalesReport, shop_name: str, at: datetime) -> bytes:
    """The pages of a report beside those of a week before, made at an instant. In any thread."""
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    device = QPdfWriter(content)
    metric = QLocale().measurementSystem() is QLocale.MeasurementSystem.MetricSystem
    size = QPageSize(QPageSize.PageSizeId.A4 if metric else QPageSize.PageSizeId.Letter)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    device.setResolution(_DPI)
    device.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Landscape, margins, QPageLayout.Unit.Millimeter))
    device.setTitle(f"{shop_name}: {_(TITLES[report.by])}")
    painter = QPainter(device)
    try:
        _Pages(painter, device, report, before, at).paint(shop_name)
    finally:
        painter.end()
    return bytes(content.data().data())


def _columns(by: By, *, charged: bool) -> Sequence[_Column]:
    """The figures of a row, with what stands above them. `charged`: there was a service charge."""
    often = _("Items") if by.is_of_lines else _("Sales") if by.has_turnover else _("Times")
    first = _("Time") if by is By.STAGE else _("Turnover") if by.has_turnover else _("Amount")
    columns = [
        _Column(first, amount_of),
        _Column(_("A week before"), lambda bar: worded(bar.before_minor, bar)),
        _Column(often, lambda bar: figure(count_of(bar))),
    ]
    if by.has_turnover:
        columns.append(_Column(_("Given back"), lambda bar: money(bar.row.refunds_minor, bar.currency)))
        columns.append(_Column(_("Discounts"), lambda bar: money(bar.row.discounts_minor, bar.currency)))
    if by.has_turnover and (by is By.TAX or not by.is_of_lines):
        columns.append(_Column(_("Tax"), lambda bar: money(bar.row.tax_minor, bar.currency)))
    if by.has_turnover and not by.is_of_lines:
        columns.append(_Column(_("Tips"), lambda bar: money(bar.row.tips_minor, bar.currency)))
    if by.has_turnover and not by.is_of_lines and charged:
        columns.append(_Column(_("Service charges"), lambda bar: money(bar.row.service_minor, bar.currency)))
    return columns


class _Pages:
    """Lengths are in dots of the device; `x` counts from where lines of the language begin."""

    def __init__(
        self, painter: QPainter, device: QPdfWriter, report: SalesReport, before: SalesReport, at: datetime
    ) -> None:
        self._painter, self._device, self._report, self._at = painter, device, report, at
        self._width, self._height = float(device.width()), float(device.height())
        self._rtl = QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft
        painter.setLayoutDirection(QGuiApplication.layoutDirection())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_ink())
        by = report.by
        self._bars = bars(report, before)
        self._total = Bar(report.total, 0.0, figure_of(by)(before.total), 0.0, report.currency, by)
        self._columns = [(each, self._wide(each)) for each in _columns(by, charged=bool(report.total.service_minor))]
        names = [self._metrics(_STRONG).horizontalAdvance(name_of(bar, at)) for bar in self._bars]
        self._name = min(max((*names, _LEAST_NAME)) + _PT, _NAME * self._width)
        self._chart = self._width - self._name - _GAP - sum(width + _GAP for _column, width in self._columns)

    def paint(self, shop_name: str) -> None:
        period = " – ".join(dict.fromkeys(day_words(day, self._at) for day in (self._report.first, self._report.last)))
        heads = (
            self._text(_(TITLES[self._report.by]), _TITLE, self._width),
            self._text(f"{shop_name} · {period}", _BODY, self._width),
        )
        names = [self._text(name_of(bar, self._at), _BODY, self._name) for bar in self._bars]
        total = self._text(_("Total"), _STRONG, self._name)
        top = sum(each.boundingRect().height() for each in heads) + self._head_height + 3 * _AIR
        room = self._height - top - self._line(_SMALL) - 2 * _AIR - _high(total)
        pages = list(_paged([_high(each) for each in names], room)) or [[]]
        for number, rows in enumerate(pages, 1):
            if number > 1:
                self._device.newPage()
            y = self._paint_heads(heads)
            for row in rows:
                self._paint_row(y, self._bars[row], names[row], _BODY)
                y += _high(names[row])
            if number == len(pages):
                self._rule(y)
                self._paint_row(y, self._total, total, _STRONG)
            self._paint_foot(number, len(pages))

    # -- parts

    def _paint_heads(self, heads: Sequence[QTextLayout]) -> float:
        """Paint the head of a page; returns where the rows begin."""
        y = 0.0
        for each in heads:
            self._draw(each, 0.0, y, self._width)
            y += each.boundingRect().height()
        y += _AIR
        self._painter.setFont(_font(_HEAD))
        bottom = y + self._head_height
        for column, x, width in self._placed():
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
            self._painter.drawText(self._rect(x, y, width, self._head_height), int(flags), column.title)
        self._rule(bottom + _AIR)
        return bottom + 2 * _AIR

    def _paint_row(self, y: float, bar: Bar, name: QTextLayout, style: Style) -> None:
        high = _high(name)
        self._draw(name, 0.0, y + _AIR, self._name)
        self._paint_bars(y, self._line(style) + 2 * _AIR, bar)
        self._painter.setFont(_font(style))
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextSingleLine)
        for column, x, width in self._placed():
            words = isolated(column.text(bar), self._painter.layoutDirection())
            self._painter.drawText(self._rect(x, y + _AIR, width, high), flags, words)

    def _paint_bars(self, y: float, high: float, bar: Bar) -> None:
        for share, top, is_filled in ((bar.share, 0.16, True), (bar.before_share, 0.54, False)):
            if share > 0:
                shape = self._rect(self._name + _GAP, y + top * high, max(share * self._chart, _PT), 0.3 * high)
                self._painter.setBrush(Qt.BrushStyle.SolidPattern if is_filled else Qt.BrushStyle.NoBrush)
                self._painter.drawRect(shape)

    def _paint_foot(self, number: int, pages: int) -> None:
        self._painter.setFont(_font(_SMALL))
        line = self._line(_SMALL)
        rect = self._rect(0.0, self._height - line, self._width, line)
        made = _("Made on {when}").format(when=f"{date(local(self._at))} {clock(local(self._at))}")
        legend = _("Filled bar: these days. Outline: a week before.")
        of = _("Page {page} of {pages}").format(page=figure(number), pages=figure(pages))
        self._painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft), f"{legend} {made}")
        self._painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight), of)

    def _rule(self, y: float) -> None:
        self._painter.drawLine(QPointF(0.0, y), QPointF(self._width, y))

    # -- measures

    def _placed(self) -> Iterator[tuple[_Column, float, float]]:
        """Each column, where it begins, and how wide it is."""
        x = self._width
        for column, width in reversed(self._columns):
            x -= width
            yield column, x, width
            x -= _GAP

    def _rect(self, x: float, y: float, width: float, height: float) -> QRectF:
        return QRectF(self._width - x - width if self._rtl else x, y, width, height)

    def _wide(self, column: _Column) -> float:
        """As wide as its widest figure, or the longest word above it."""
        figures, heads = self._metrics(_STRONG), self._metrics(_HEAD)
        shown = [figures.horizontalAdvance(column.text(bar)) for bar in (*self._bars, self._total)]
        return max(*shown, *(heads.horizontalAdvance(word) for word in column.title.split())) + _PT

    @property
    def _head_height(self) -> float:
        heads = self._metrics(_HEAD)
        room = [QRectF(0, 0, width, self._height) for _column, width in self._columns]
        flags = int(Qt.TextFlag.TextWordWrap)
        return max(
            heads.boundingRect(rect, flags, column.title).height()
            for (column, _width), rect in zip(self._columns, room, strict=True)
        )

    def _metrics(self, style: Style) -> QFontMetricsF:
        return QFontMetricsF(_font(style), self._device)

    def _line(self, style: Style) -> float:
        return self._metrics(style).height()

    def _text(self, words: str, style: Style, width: float) -> QTextLayout:
        """Text in as many lines as it needs."""
        laid_out = QTextLayout(words, _font(style), self._device)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(self._painter.layoutDirection())
        begin = Qt.AlignmentFlag.AlignRight if self._rtl else Qt.AlignmentFlag.AlignLeft
        option.setAlignment(begin | Qt.AlignmentFlag.AlignAbsolute)
        laid_out.setTextOption(option)
        laid_out.beginLayout()
        y = 0.0
        while (line := laid_out.createLine()).isValid():
            line.setLineWidth(width)
            line.setPosition(QPointF(0.0, y))
            y += line.height()
        laid_out.endLayout()
        return laid_out

    def _draw(self, words: QTextLayout, x: float, y: float, width: float) -> None:
        words.draw(self._painter, self._rect(x, y, width, 0.0).topLeft())


def _ink() -> QPen:
    """Black, as paper is white in every theme."""
    pen = QPen()
    pen.setWidthF(_LINE)
    return pen


def _font(style: Style) -> QFont:
    size, weight = style
    font = QFont()
    font.setPointSizeF(size)
    font.setWeight(weight)
    return font


def _high(name: QTextLayout) -> float:
    """The height of a row."""
    return name.boundingRect().height() + 2 * _AIR


def _paged(heights: Sequence[float], room: float) -> Iterator[list[int]]:
    """The rows of each page, of those heights."""
    page: list[int] = []
    used = 0.0
    for row, height in enumerate(heights):
        if page and used + height > room:
            yield page
            page, used = [], 0.0
        page.append(row)
        used += height
    if page:
        yield page
