"""A model of one customer's credential and fob in plain Python, written from the domain, not from the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning.jobs.judge_code import Use
from provisioning.rules.states import CredentialState as C
from provisioning.rules.states import EndedHow
from provisioning.rules.states import FobState as F
from provisioning.rules.verdict import Reason

LIMIT = 5
ACTIVATE_WITHIN = timedelta(days=30)
JAPAN = timedelta(hours=9)

FOB_AFTER_END = {
    F.RESERVED: F.IN_STOCK,
    F.PROGRAMMING: F.RETURNED,
    F.PROGRAMMED: F.RETURNED,
    F.HANDED_OVER: F.HANDED_OVER,
    F.IN_USE: F.HANDED_OVER,
}


@dataclass
class Life:
    """What must be true. `state` is None before the first issuance."""

    now: datetime
    state: C | None = None
    resume: C | None = None
    ended_how: EndedHow | None = None
    released_day: int | None = None
    fob: F = F.IN_STOCK
    failures: int = 0
    last_minute: int = -1
    activate_by: datetime | None = None

    @property
    def is_open(self) -> bool:
        """A credential exists and has not ended."""
        return self.state not in (None, C.ENDED)

    @property
    def minute(self) -> int:
        """The step a right clock shows."""
        return int(self.now.timestamp()) // 60

    @property
    def japan_day(self) -> int:
        """Days since 1970 in Japan."""
        return (self.now + JAPAN).toordinal()

    @property
    def overdue(self) -> bool:
        """Never activated, and the last day is over."""
        never = self.state in (C.ISSUED, C.SET_UP) or (self.state is C.SUSPENDED and self.resume is C.SET_UP)
        return never and self.activate_by is not None and self.now >= self.activate_by

    def may_issue(self) -> bool:
        """The waiting rule: not on the day of a release."""
        return self.released_day is None or self.japan_day > self.released_day

    def issue(self) -> None:
        """A new credential in the slot."""
        self.state, self.resume, self.ended_how = C.ISSUED, None, None
        self.fob, self.failures, self.last_minute = F.RESERVED, 0, -1
        self.activate_by = self.now + ACTIVATE_WITHIN

    def end(self, how: EndedHow) -> None:
        """For ever."""
        self.state, self.resume, self.ended_how = C.ENDED, None, how
        self.fob = F.LOST if how is EndedHow.LOST else FOB_AFTER_END[self.fob]
        if how is EndedHow.RELEASED:
            self.released_day = self.japan_day

    def type_code(self, use: Use, *, right: bool) -> Reason | None:
        """What typing the token's present code, or a wrong one, must answer; None is accepted."""
        refused = self._before_comparing(use)
        if refused is not None:
            return refused
        if not right:
            self._count()
            return Reason.WRONG
        if self.minute <= self.last_minute:
            return Reason.USED
        self.last_minute, self.failures = self.minute, 0
        if use is Use.ACTIVATE:
            self.state, self.fob = C.ACTIVE, F.IN_USE
        if use is Use.RELEASE:
            self.end(EndedHow.RELEASED)
        return None

    def lift(self) -> None:
        """Back to where it was."""
        self.state, self.resume, self.failures = self.resume, None, 0

    def _before_comparing(self, use: Use) -> Reason | None:
        if not self.is_open:
            return Reason.EXPIRED if self.ended_how is EndedHow.EXPIRED else Reason.NOT_ACTIVE
        if self.state is C.SUSPENDED:
            return Reason.SUSPENDED
        if self.state is C.SET_UP and self.overdue:
            return Reason.EXPIRED
        if use is Use.ACTIVATE and self.state is C.ACTIVE:
            return Reason.USED
        needed = C.SET_UP if use is Use.ACTIVATE else C.ACTIVE
        return None if self.state is needed else Reason.NOT_ACTIVE

    def _count(self) -> None:
        self.failures += 1
        if self.failures == LIMIT:
            self.state, self.resume = C.SUSPENDED, self.state
