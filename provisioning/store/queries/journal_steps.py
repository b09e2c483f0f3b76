"""The steps of the programming journal with the instants at which they were committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from provisioning.rules.states import JobKind


class StepName(StrEnum):
    """The journal's steps in order; an ERASE has the first three."""

    RESERVED = "reserved"
    CLAIMED = "claimed"
    WRITTEN = "written"
    PROVED = "proved"
    HANDED_OVER = "handed_over"
    ACTIVATED = "activated"


class StepStatus(StrEnum):
    """Where one step stands. NEVER: the job ended before it."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    FAILED = "failed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class JournalStep:
    """One step; `at` is when it was committed."""

    name: StepName
    status: StepStatus
    at: datetime | None


_OF_KIND: Final = {JobKind.PROGRAM: tuple(StepName), JobKind.ERASE: tuple(StepName)[:3]}


def journal_steps(
    kind: JobKind, instants: Mapping[StepName, datetime | None], *, failed: bool, over: bool
) -> tuple[JournalStep, ...]:
    """Every step of the kind. `failed`: the job ended without success; `over`: nothing more will come of it."""
    names = _OF_KIND[kind]
    done = max((index for index, name in enumerate(names) if instants.get(name) is not None), default=-1)
    waiting = _after(done, len(names), failed=failed, over=over)
    # a step without an instant before one that has it was passed over: the customer was quicker than the teller
    statuses = [StepStatus.DONE] * (done + 1) + waiting
    return tuple(
        JournalStep(name, status, instants.get(name)) for name, status in zip(names, statuses, strict=True)
    )


def _after(done: int, count: int, *, failed: bool, over: bool) -> list[StepStatus]:
    left = count - done - 1
    if not left:
        return []
    if failed:
        return [StepStatus.FAILED] + [StepStatus.NEVER] * (left - 1)
    if over:
        return [StepStatus.NEVER] * left
    return [StepStatus.NOW] + [StepStatus.LATER] * (left - 1)
