"""A model of one customer's credentials and fob in plain Python, written from the domain, not from the code."""

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


@dataclass(eq=False)
class One:
    """One credential, on the fob or in an app."""

    on_fob: bool
    activate_by: datetime
    state: C = C.ISSUED
    resume: C | None = None
    ended_how: EndedHow | None = None
    failures: int = 0
    last_minute: int = -1

    @property
    def is_open(self) -> bool:
        """It has not ended."""
        return self.state is not C.ENDED

    def is_overdue(self, now: datetime) -> bool:
        """Never activated, and the last day is over."""
        never = self.state in (C.ISSUED, C.SET_UP) or (self.state is C.SUSPENDED and self.resume is C.SET_UP)
        return never and now >= self.activate_by

    def count(self) -> None:
        """One more wrong code; the last one suspends."""
        self.failures += 1
        if self.failures == LIMIT:
            self.state, self.resume = C.SUSPENDED, self.state

    def lift(self) -> None:
        """Back to where it was."""
        assert self.resume is not None
        self.state, self.resume, self.failures = self.resume, None, 0


@dataclass
class Life:
    """What must be true. `current` is None before the first issuance and may have ended; a `successor` is open.

    `replaces`: a token in use may get a successor beside it.
    """

    now: datetime
    replaces: bool = False
    current: One | None = None
    successor: One | None = None
    released_day: int | None = None
    fob: F = F.IN_STOCK

    @property
    def open_ones(self) -> list[One]:
        """The current one first."""
        return [one for one in (self.current, self.successor) if one is not None and one.is_open]

    @property
    def minute(self) -> int:
        """The step a right clock shows."""
        return int(self.now.timestamp()) // 60

    @property
    def japan_day(self) -> int:
        """Days since 1970 in Japan."""
        return (self.now + JAPAN).toordinal()

    def has_room(self) -> bool:
        """No token, or one in use that may get a successor."""
        if self.current is None or not self.current.is_open:
            return True
        return self.replaces and self.current.state is C.ACTIVE and self.successor is None

    def may_issue(self) -> bool:
        """The waiting rule: not on the day of a release."""
        return self.released_day is None or self.japan_day > self.released_day

    def issue(self, *, on_fob: bool) -> One:
        """A new credential, in the slot that is free."""
        one = One(on_fob, self.now + ACTIVATE_WITHIN)
        if self.current is not None and self.current.is_open:
            self.successor = one
        else:
            self.current = one
        if on_fob:
            self.fob = F.RESERVED
        return one

    def end(self, one: One, how: EndedHow) -> None:
        """For ever; and what that means for the other one."""
        one.state, one.resume, one.ended_how = C.ENDED, None, how
        if one.on_fob:
            self.fob = F.LOST if how is EndedHow.LOST else FOB_AFTER_END[self.fob]
        if one is self.successor:
            self.successor = None
            return
        waiting, self.successor = self.successor, None
        if how is EndedHow.RELEASED:
            self.released_day = self.japan_day
            if waiting is not None:
                self.end(waiting, EndedHow.CANCELLED)
        elif waiting is not None:
            self.current = waiting

    def asked(self, use: Use) -> One | None:
        """Whose codes count for this use."""
        if use is Use.ACTIVATE and self.successor is not None:
            return self.successor
        return self.current if self.current is not None and self.current.is_open else None

    def type_code(self, use: Use, *, right: bool) -> Reason | None:
        """What typing the present code of the token that is asked, or a wrong one, must answer; None: accepted."""
        one = self.asked(use)
        if one is None:
            expired = self.current is not None and self.current.ended_how is EndedHow.EXPIRED
            return Reason.EXPIRED if expired else Reason.NOT_ACTIVE
        refused = self._before_comparing(one, use)
        if refused is not None:
            return refused
        if not right:
            one.count()
            return Reason.WRONG
        if self.minute <= one.last_minute:
            return Reason.USED
        one.last_minute, one.failures = self.minute, 0
        if use is Use.ACTIVATE:
            self._put_in_use(one)
        if use is Use.RELEASE:
            self.end(one, EndedHow.RELEASED)
        return None

    def _put_in_use(self, one: One) -> None:
        one.state = C.ACTIVE
        if one is self.successor and self.current is not None:
            self.end(self.current, EndedHow.REPLACED)
        if one.on_fob:
            self.fob = F.IN_USE

    def _before_comparing(self, one: One, use: Use) -> Reason | None:
        beside = self.current if one is self.successor else None
        if beside is not None and beside.state is C.SUSPENDED:
            return Reason.SUSPENDED
        if one.state is C.SUSPENDED:
            return Reason.SUSPENDED
        if one.state is C.SET_UP and one.is_overdue(self.now):
            return Reason.EXPIRED
        if use is Use.ACTIVATE and one.state is C.ACTIVE:
            return Reason.USED
        needed = C.SET_UP if use is Use.ACTIVATE else C.ACTIVE
        return None if one.state is needed else Reason.NOT_ACTIVE
