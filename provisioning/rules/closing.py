"""A branch's daily closing: which numbers must agree, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from provisioning.rules.custody import COMPARTMENT, Compartment
from provisioning.rules.states import FobState


class FindingKind(StrEnum):
    """What does not agree."""

    # counted otherwise than the books say
    COUNT = "count"
    # the books are not the last closing's and the moves since
    LEDGER = "ledger"
    # in the books, and not among the serials that were read
    MISSING = "missing"
    # read, and not in the branch by the books
    SURPLUS = "surplus"
    # reserved or being written, with no job under way
    NO_JOB = "no_job"
    # written and to be handed over, or in use, with no token
    NO_TOKEN = "no_token"
    # sent by this branch or to it, and for days nobody took it in
    ON_WAY = "on_way"
    # in stock, and carries somebody's token
    HAS_TOKEN = "has_token"


OVERDUE_AFTER: Final = timedelta(days=7)
"""Fobs that are longer on their way between two branches are asked after."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: of a compartment (`expected` and `found` fobs), or of one fob."""

    kind: FindingKind
    compartment: Compartment | None = None
    serial: str = ""
    expected: int | None = None
    found: int | None = None


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """One compartment. `before`: the last closing's books, None for a branch's first closing."""

    compartment: Compartment
    before: int | None
    came: int
    went: int
    books: int
    counted: int


def in_compartments(counts: Mapping[FobState, int]) -> dict[Compartment, int]:
    """Fobs by compartment from fobs by state."""
    totals = dict.fromkeys(Compartment, 0)
    for state, compartment in COMPARTMENT.items():
        totals[compartment] += counts.get(state, 0)
    return totals


def flows(
    moves: Collection[tuple[FobState | None, FobState, int]],
) -> tuple[dict[Compartment, int], dict[Compartment, int]]:
    """How many fobs came into and went out of each compartment; moves within one do neither."""
    came, went = dict.fromkeys(Compartment, 0), dict.fromkeys(Compartment, 0)
    for from_state, to_state, count in moves:
        source = None if from_state is None else COMPARTMENT.get(from_state)
        target = COMPARTMENT.get(to_state)
        if source is target:
            continue
        if source is not None:
            went[source] += count
        if target is not None:
            came[target] += count
    return came, went


def disagreements(lines: Collection[ClosingLine]) -> Iterator[Finding]:
    """Compartments that were counted otherwise, and those whose books do not follow from the last closing."""
    for line in lines:
        if line.counted != line.books:
            yield Finding(FindingKind.COUNT, line.compartment, expected=line.books, found=line.counted)
        if line.before is not None and line.before + line.came - line.went != line.books:
            followed = line.before + line.came - line.went
            yield Finding(FindingKind.LEDGER, line.compartment, expected=followed, found=line.books)
