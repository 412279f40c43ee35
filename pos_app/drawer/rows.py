"""The rows of the drawer's page: the entries of a session, the sessions of all POSs, and the reports."""

from typing import Final

import msgspec
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.domain.drawers import DrawerAct, DrawerEntry, DrawerSession
from core.protocol.drawers import SignedReport
from core.ui.rows import ROW, RowsModel
from core.ui.text import _, allowed_text, clock, date, drawer_act_label, money
from core.ui.theme import Theme
from core.ui.widgets.painting import LEADING, TRAILING, paint_line
from pos_app.drawer.dialogs import difference_text
from pos_app.drawer.paper import title_of

Index = QModelIndex | QPersistentModelIndex
_STRONG: Final = ("strong", QFont.Weight.DemiBold)
_SMALL: Final = ("small", QFont.Weight.Normal)
_OUT: Final = frozenset({DrawerAct.PAID_OUT, DrawerAct.DROP, DrawerAct.TIP_OUT})


class Line(msgspec.Struct, frozen=True):
    """A row as text. `about` is its report or session, or None."""

    key: str
    title: str
    detail: str
    amount: str
    about: SignedReport | DrawerSession | None = None


def of_session(session: DrawerSession, currency: str) -> list[Line]:
    """The entries of a session, newest first."""
    lines = [_of_entry(place, entry, currency) for place, entry in enumerate(session.entries)]
    return lines[::-1]


def _of_entry(place: int, entry: DrawerEntry, currency: str) -> Line:
    parts = filter(None, (clock(entry.done_at), entry.by, allowed_text(entry.approver), entry.reason))
    minor = -entry.amount_minor if entry.act in _OUT else entry.amount_minor
    shown = money(minor, currency) if entry.act is not DrawerAct.NO_SALE else ""
    return Line(str(place), drawer_act_label(entry.act), " · ".join(parts), shown)


def of_sessions(sessions: tuple[DrawerSession, ...]) -> list[Line]:
    """A row for each session of each POS."""
    return [_of_session(each) for each in sessions]


def _of_session(session: DrawerSession) -> Line:
    opened = session.opened
    detail = f"{date(opened.done_at)} {clock(opened.done_at)} · {opened.by}"
    state = _("Open") if session.is_open else f"Z {session.z_number}" if session.z_number else _("Closed")
    return Line(session.id, session.device, detail, state, session)


def of_reports(reports: tuple[SignedReport, ...]) -> list[Line]:
    """A row for each Z and each supplement."""
    return [_of_report(each) for each in reports]


def _of_report(signed: SignedReport) -> Line:
    report, cash = signed.report, signed.report.cash
    counted = cash.difference_minor if cash is not None else None
    detail = f"{date(report.closed_at or report.made_at)} · {report.closed_by}"
    if counted is not None and not report.supplement:
        detail += f" · {difference_text(counted, report.currency)}"
    amount = money(report.turnover_minor, report.currency)
    return Line(f"{report.device}/{report.place}", title_of(report), detail, amount, signed)


class LineDelegate(QStyledItemDelegate):
    """Two lines of words, and an amount at the end."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, max(self._theme.touch_px, self._theme.lines_px(2) + self._theme.px(18)))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line: Line = index.data(ROW)
        theme, rtl = self._theme, option.direction is Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        frame = QRectF(option.rect).adjusted(3, 2, -3, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(theme.colour("brand"), theme.focus_px) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("brand_soft" if chosen and focused else "surface"))
        painter.drawRoundedRect(frame, theme.radius("button"), theme.radius("button"))
        inner = frame.adjusted(theme.px(14), theme.px(7), -theme.px(14), -theme.px(7))
        wide = QFontMetricsF(theme.font(*_STRONG)).horizontalAdvance(line.amount) + theme.px(4)
        beside = inner.width() - wide - theme.px(10)
        x = inner.right() - beside if rtl else inner.left()
        half = inner.height() / 2
        words = QRectF(x, inner.top(), beside, half)
        strong, ink = theme.font(*_STRONG), theme.colour("text")
        paint_line(painter, words, line.title, strong, ink, LEADING)
        paint_line(painter, words.translated(0, half), line.detail, theme.font(*_SMALL), theme.colour("muted"), LEADING)
        end = QRectF(inner.left() if rtl else inner.right() - wide, inner.top(), wide, inner.height())
        paint_line(painter, end, line.amount, strong, ink, TRAILING)
        painter.restore()


class LinesModel(RowsModel[Line]):
    @override
    def value(self, row: Line, role: int) -> str | None:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(each for each in (row.title, row.detail, row.amount) if each)
        return None
