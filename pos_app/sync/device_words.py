"""Texts about a device of the shop."""

from datetime import datetime
from typing import Final

from core.protocol.devices import DeviceReport
from core.ui.text import _, age, ngettext

AWAY_S: Final = 60.0
"""A device that was not seen for so long, or is so far behind, is marked."""


def last_seen(report: DeviceReport, now: datetime) -> str:
    """When the server last saw it."""
    if report.last_contact_at is None:
        return _("not heard from yet")
    return _("heard {age} ago").format(age=age((now - report.last_contact_at).total_seconds()))


def behind(report: DeviceReport) -> str:
    """The lag of a device in words; empty when it has no feed."""
    if report.lag_events is None:
        return ""
    if not report.lag_events:
        return _("in step")
    words = ngettext("{count} change behind", "{count} changes behind", report.lag_events)
    return f"{words} · {age(report.lag_s)}" if report.lag_s is not None else words


def is_away(report: DeviceReport, now: datetime) -> bool:
    """Whether it needs attention: it was there, and is not, or is behind."""
    silent = report.last_contact_at is not None and (now - report.last_contact_at).total_seconds() > AWAY_S
    return silent or (report.lag_s or 0.0) > AWAY_S
