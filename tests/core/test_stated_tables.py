"""The tables of permissions and of moves, stated a second time and read another way: who changes one changes both.

A table is a row for each thing, and `x` where it may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from provisioning.rules.permissions import PERMITTED, WHOLE_INSTITUTION, StaffAct, StaffRole, allows
from provisioning.rules.states import (
    CREDENTIAL_MOVES,
    FOB_MOVES,
    JOB_MOVES,
    SEEDLESS,
    CredentialState,
    FobState,
    JobState,
)

PERMISSIONS = """
                teller approver auditor administrator
see_customers      x      x        x          .
issue              x      x        .          .
end                x      x        .          .
lift               x      x        .          .
mend_passwords     x      x        .          .
mend_drift         x      x        .          .
take_papers        x      x        .          .
resend_mail        x      x        .          .
keep_stock         x      x        .          x
see_stock          x      x        x          x
enrol_station      .      .        .          x
manage_staff       .      .        .          x
approve            .      x        .          .
show_address       x      x        .          .
see_audit          .      .        x          .
"""
CREDENTIALS = """
            issued set_up active suspended ended
issued         .      x      .       .       x
set_up         .      .      x       x       x
active         .      .      .       x       x
suspended      .      x      x       .       x
ended          .      .      .       .       .
"""
JOBS = """
            queued writing written proved failed abandoned
queued         .      x       .      .      .       x
writing        .      .       x      .      x       x
written        .      .       .      x      x       x
proved         .      .       .      .      .       .
failed         .      .       .      .      .       .
abandoned      .      .       .      .      .       .
"""
FOBS = """
             in_stock in_transit reserved programming programmed handed_over in_use returned retired lost broken
in_stock         .        x         x          .          .           .        .       .        x      x     x
in_transit       x        .         .          .          .           .        .       .        .      x     .
reserved         x        .         .          x          x           .        .       .        x      x     x
programming      .        .         x          .          x           .        .       x        x      x     x
programmed       .        .         .          .          .           x        x       x        x      x     x
handed_over      .        .         .          x          .           .        x       x        x      x     x
in_use           .        .         .          .          .           x        .       x        x      x     x
returned         x        .         .          .          .           .        .       .        x      x     x
retired          .        .         .          .          .           .        .       .        .      .     .
lost             .        .         .          .          .           .        .       x        x      .     .
broken           .        .         .          .          .           .        .       .        x      .     .
"""


def stated(table: str) -> dict[tuple[str, str], bool]:
    """By row and column."""
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return {(row[0], column): mark == "x" for row in rows for column, mark in zip(head, row[1:], strict=True)}


@pytest.mark.parametrize(
    ("table", "moves", "states"),
    [
        (CREDENTIALS, CREDENTIAL_MOVES, CredentialState),
        (JOBS, JOB_MOVES, JobState),
        (FOBS, FOB_MOVES, FobState),
    ],
)
def test_moves_are_as_stated(
    table: str, moves: Mapping[StrEnum, frozenset[StrEnum]], states: type[StrEnum]
) -> None:
    found = {(begin.value, end.value): end in moves[begin] for begin in states for end in states}
    assert found == stated(table)
    assert all(moves[begin] <= set(states) for begin in states)


def test_permissions_are_as_stated() -> None:
    assert {(act.value, role.value): allows(role, act) for act in StaffAct for role in StaffRole} == stated(
        PERMISSIONS
    )
    assert set(PERMITTED) == set(StaffRole)


def test_who_sees_every_branch_and_where_a_fob_keeps_no_seed() -> None:
    assert {StaffRole.AUDITOR, StaffRole.ADMINISTRATOR} == WHOLE_INSTITUTION
    assert {FobState.RETURNED, FobState.RETIRED, FobState.LOST, FobState.BROKEN} == SEEDLESS
