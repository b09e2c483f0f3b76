"""Dates and times as people in Japan read them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask

from web import current

JAPAN: Final = ZoneInfo("Asia/Tokyo")
_FORMS: Final = {
    "ja": {"day": "{0:%Y}年{0.month}月{0.day}日", "minute": "{0:%Y}年{0.month}月{0.day}日 {0:%H:%M}"},
    "en": {"day": "{0.day} {0:%B} {0:%Y}", "minute": "{0.day} {0:%B} {0:%Y}, {0:%H:%M}"},
}


def set_up_dates(app: Flask) -> None:
    """Filters `day`, `minute`, `clock_time` and `iso` for templates."""
    app.jinja_env.filters.update(day=day, minute=minute, clock_time=clock_time, iso=iso)


def day(instant: datetime) -> str:
    """2026年11月20日 / 20 November 2026."""
    return _FORMS[current.language()]["day"].format(instant.astimezone(JAPAN))


def minute(instant: datetime) -> str:
    """2026年11月20日 20:50 / 20 November 2026, 20:50; times in Japan."""
    return _FORMS[current.language()]["minute"].format(instant.astimezone(JAPAN))


def clock_time(instant: datetime) -> str:
    """20:50, in Japan."""
    return f"{instant.astimezone(JAPAN):%H:%M}"


def iso(instant: datetime) -> str:
    """For the datetime attribute of <time>: with Japan's offset, to the second."""
    return instant.astimezone(JAPAN).isoformat(timespec="seconds")
