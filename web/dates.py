"""Dates and times as people in Japan read them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

from flask import Flask

from provisioning.errors import BadInput, InputFault
from provisioning.rules.expiry import expiry
from provisioning.rules.timetable import JST
from web import current
from web.languages import language

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TYPED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS: Final = {
    "ja": {
        "day": "{0:%Y}年{0.month}月{0.day}日",
        "minute": "{0:%Y}年{0.month}月{0.day}日 {0:%H:%M}",
        "second": "{0:%Y}年{0.month}月{0.day}日 {0:%H:%M:%S}",
    },
    "en": {
        "day": "{0.day} {0:%B} {0:%Y}",
        "minute": "{0.day} {0:%B} {0:%Y}, {0:%H:%M}",
        "second": "{0.day} {0:%B} {0:%Y}, {0:%H:%M:%S}",
    },
}


def set_up_dates(app: Flask) -> None:
    """Filters for templates: of moments, of days, of an expiry."""
    app.jinja_env.filters.update(day=day, minute=minute, from_minute=from_minute, clock_time=clock_time, iso=iso)
    app.jinja_env.filters.update(second=second)
    app.jinja_env.filters.update(last_day=last_day, expiry=lambda expires_at: expiry(expires_at, current.now()))


def day(instant: datetime) -> str:
    """2026年11月20日 / 20 November 2026."""
    return _FORMS[language()]["day"].format(instant.astimezone(JST))


def minute(instant: datetime) -> str:
    """2026年11月20日 20:50 / 20 November 2026, 20:50; times in Japan."""
    return _FORMS[language()]["minute"].format(instant.astimezone(JST))


def second(instant: datetime) -> str:
    """2026年11月20日 20:50:07 / 20 November 2026, 20:50:07; times in Japan."""
    return _FORMS[language()]["second"].format(instant.astimezone(JST))


def from_minute(instant: datetime) -> str:
    """As `minute`, of the first whole minute that is not before `instant`: who comes then is not too early."""
    return minute(instant + timedelta(microseconds=(_EPOCH - instant) // _MICROSECOND % 60_000_000))


def clock_time(instant: datetime) -> str:
    """20:50, in Japan."""
    return f"{instant.astimezone(JST):%H:%M}"


def iso(instant: datetime) -> str:
    """For the datetime attribute of <time>: with Japan's offset, to the second."""
    return instant.astimezone(JST).isoformat(timespec="seconds")


def of_a_file(instant: datetime) -> str:
    """20261120, in Japan: for the name of a file."""
    return f"{instant.astimezone(JST):%Y%m%d}"


def last_day(expires_at: datetime) -> str:
    """The last day before an expiry."""
    return day(expires_at - timedelta(microseconds=1))


def typed_day(text: str, field: str) -> date | None:
    """What a date field sends, YYYY-MM-DD; None where nothing was typed. Raises BadInput(field)."""
    if not text:
        return None
    if _TYPED.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise BadInput(field, InputFault.BAD_FORM)
