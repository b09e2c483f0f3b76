"""Waiting rules, exact to the second, in Japan time (which has no summer time). Results are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

JST: Final = timezone(timedelta(hours=9), "JST")
DAY_OPENS: Final = time(8, 10)
NIGHT_BEGINS: Final = time(20, 50)
REVOCATION_WAIT: Final = timedelta(minutes=20)


def reissue_from(released_at: datetime) -> datetime:
    """First instant of the calendar day after a release (manuals 001 and 003, R38)."""
    return _in_japan(released_at, time(0), days_later=1)


def wait_after_revocation(revoked_at: datetime) -> datetime:
    """When reissue and login are possible again after a revocation (manual 004, R36).

    By day 20 minutes later; from 20:50 until 8:10 at the next 8:10.
    """
    moment = revoked_at.astimezone(JST).time()
    if DAY_OPENS <= moment < NIGHT_BEGINS:
        return (revoked_at + REVOCATION_WAIT).astimezone(UTC)
    return _in_japan(revoked_at, DAY_OPENS, days_later=1 if moment >= NIGHT_BEGINS else 0)


def day_ends(day: date) -> datetime:
    """First instant after `day` in Japan."""
    return datetime.combine(day + timedelta(days=1), time(0), JST).astimezone(UTC)


def last_day_before(instant: datetime) -> date:
    """The last calendar day in Japan of which something comes before `instant`."""
    return (instant - timedelta(microseconds=1)).astimezone(JST).date()


def day_begins(instant: datetime) -> datetime:
    """First instant of the calendar day in Japan."""
    return _in_japan(instant, time(0), days_later=0)


def japan_day(instant: datetime) -> str:
    """The calendar day in Japan, YYYY-MM-DD."""
    return instant.astimezone(JST).date().isoformat()


def _in_japan(instant: datetime, moment: time, days_later: int) -> datetime:
    day = instant.astimezone(JST).date() + timedelta(days=days_later)
    return datetime.combine(day, moment, JST).astimezone(UTC)
