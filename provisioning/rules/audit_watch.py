"""What must not go unnoticed about the audit log: not sealed, not signed, not verified, not whole (R61, R63)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

VERIFY_EVERY: Final = timedelta(days=1)
VERIFY_AGAIN: Final = timedelta(hours=1)
"""After it was found not whole: somebody mends it, and the alarm ends by itself."""
UNSEALED_FOR: Final = timedelta(minutes=5)
UNSIGNED_FOR: Final = timedelta(minutes=30)
UNVERIFIED_FOR: Final = timedelta(hours=26)


class AuditAlarm(StrEnum):
    """Something that an operator has to see to."""

    NOT_SEALED = "not_sealed"
    NOT_SIGNED = "not_signed"
    NOT_VERIFIED = "not_verified"
    NOT_WHOLE = "not_whole"


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """Where the log stands. `oldest_unsealed_at`: of the entries without a place in the tree.

    `unsigned_since`: when what no checkpoint covers began to be sealed; None where this process knows no
    checkpoints, or all is covered. `began_at`: of the first entry there is. `is_whole`: what the last verification
    on schedule found.
    """

    size: int
    began_at: datetime | None
    oldest_unsealed_at: datetime | None
    signed_size: int | None
    unsigned_since: datetime | None
    verified_at: datetime | None
    is_whole: bool | None

    def alarms(self, now: datetime) -> tuple[AuditAlarm, ...]:
        """What is wrong now, the worst last."""
        # a log that just began has not missed a verification
        due_since = self.verified_at or self.began_at
        found = {
            AuditAlarm.NOT_SEALED: _older(self.oldest_unsealed_at, UNSEALED_FOR, now),
            AuditAlarm.NOT_SIGNED: _older(self.unsigned_since, UNSIGNED_FOR, now),
            AuditAlarm.NOT_VERIFIED: _older(due_since, UNVERIFIED_FOR, now),
            # what was signed can only grow: the end was cut off, or an older database put back
            AuditAlarm.NOT_WHOLE: self.is_whole is False or (self.signed_size or 0) > self.size,
        }
        return tuple(alarm for alarm, is_on in found.items() if is_on)

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to verify."""
        every = VERIFY_AGAIN if self.is_whole is False else VERIFY_EVERY
        return self.began_at is not None and (self.verified_at is None or now - self.verified_at >= every)


def _older(instant: datetime | None, than: timedelta, now: datetime) -> bool:
    return instant is not None and now - instant > than
