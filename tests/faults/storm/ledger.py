"""What was asked and what was answered, kept beside the system: the books are checked against it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from time import monotonic
from typing import Any

from tests.faults.storm.plan import FaultKind


class Act(StrEnum):
    """What was asked; its value is what the audit log calls it."""

    VERIFY = "verify"
    ACTIVATE = "activate"
    RELEASE = "release"
    ISSUE_SOFT = "issue_soft"
    ISSUE_HARD = "reserve_fob"
    END = "end_credential"
    LIFT = "lift_suspension"
    SET_UP = "set_up"


JUDGED = frozenset({Act.VERIFY, Act.ACTIVATE, Act.RELEASE})


class Code(StrEnum):
    """What the code was, as whoever typed it knows."""

    RIGHT = "right"
    WRONG = "wrong"
    REPEATED = "repeated"
    OF_AN_ENDED_TOKEN = "of an ended token"


@dataclass
class Attempt:
    """One request, however often it was sent under its idempotency key.

    `status` is None where no answer came the last time; `sent` is False where it surely never left then.
    `unanswered`: it was sent some time, and nobody knows what became of it.
    `meanwhile`: every fault that was in force at any time between `begun_s` and `ended_s`.
    """

    number: int
    customer: int
    client_id: str
    act: Act
    code: Code | None = None
    otp: str = field(default="", repr=False)
    credential_id: str = ""
    step: int = 0
    key: str | None = None
    begun_s: float = 0.0
    ended_s: float = 0.0
    sent: bool = True
    unanswered: bool = False
    status: int | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: frozenset[FaultKind] = frozenset()
    throughout: frozenset[FaultKind] = frozenset()

    @property
    def is_accepted(self) -> bool:
        """The server said that it was done."""
        if self.act in JUDGED:
            return self.status == 200 and self.answer.get("outcome") == "accepted"
        return self.status in (200, 201)

    @property
    def is_judged_wrong(self) -> bool:
        """The server judged the code and said no."""
        return self.act in JUDGED and self.status == 200 and self.answer.get("outcome") == "refused"

    @property
    def is_unknown(self) -> bool:
        """Nobody was told what became of it. That nothing was decided says nothing of an earlier sending."""
        unsure = {"in_progress", "outcome_unknown"}
        if self.unanswered and self.status in (None, HTTPStatus.SERVICE_UNAVAILABLE):
            return True
        return self.sent and (self.status in (None, 500, 502) or self.answer.get("error") in unsure)


@dataclass
class Trouble:
    """A fault as it happened: begun, over, and when its place worked again."""

    kind: FaultKind
    begun_s: float
    over_s: float | None = None
    well_s: float | None = None

    @property
    def recovery_s(self) -> float | None:
        """From its end until its place worked again."""
        return None if self.over_s is None or self.well_s is None else self.well_s - self.over_s


class Ledger:
    """Attempts and troubles. Safe between threads."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.troubles: list[Trouble] = []
        self._lock = threading.Lock()

    def begin(self, attempt: Attempt) -> Attempt:
        """Note that it is asked now."""
        with self._lock:
            attempt.begun_s = monotonic()
            self.attempts.append(attempt)
        return attempt

    def end(self, attempt: Attempt) -> None:
        """Note that no more is waited for."""
        with self._lock:
            attempt.ended_s = monotonic()
            begun, ended = attempt.begun_s, attempt.ended_s
            met = [one for one in self.troubles if one.begun_s <= ended and (one.well_s or ended) >= begun]
            attempt.meanwhile = frozenset(one.kind for one in met)
            whole = [one for one in met if one.begun_s <= begun and (one.over_s is None or one.over_s >= ended)]
            attempt.throughout = frozenset(one.kind for one in whole)

    def trouble(self, kind: FaultKind) -> Trouble:
        """It begins now."""
        with self._lock:
            found = Trouble(kind, monotonic())
            self.troubles.append(found)
            return found
