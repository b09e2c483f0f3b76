"""How near a key fob's expiry is, and from when it must be spoken of (R33)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Expiry(StrEnum):
    """Where a fob stands before its expiry. FAR also where it has none."""

    FAR = "far"
    WITHIN_90_DAYS = "within_90_days"
    WITHIN_30_DAYS = "within_30_days"
    PAST = "past"


REMINDERS: Final[dict[Expiry, timedelta]] = {
    Expiry.WITHIN_30_DAYS: timedelta(days=30),
    Expiry.WITHIN_90_DAYS: timedelta(days=90),
}
"""So long before the expiry the customer and the branch are reminded; the nearest first."""
FIRST_REMINDER: Final = max(REMINDERS.values())


def expiry(expires_at: datetime | None, now: datetime) -> Expiry:
    """`expires_at` is the first instant at which no code counts any more."""
    if expires_at is None:
        return Expiry.FAR
    if now >= expires_at:
        return Expiry.PAST
    return next((near for near, before in REMINDERS.items() if now >= expires_at - before), Expiry.FAR)
