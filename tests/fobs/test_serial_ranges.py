"""A box of fobs by its range: what is known of each number, the gaps, and taking them into stock all or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.errors import BadInput
from provisioning.jobs.take_range import TakeRangeCommand, take_range
from provisioning.rules.serial_range import serial_range
from provisioning.rules.states import FobState
from provisioning.store.queries.custody import custody
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.queries.serial_ranges import Run, RunKind, runs
from provisioning.store.tables import Fob
from tests.fixtures.people import add_fob
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob
from tests.staff import rows

PROFILE = "kagiya-fob"
BOX = serial_range("KF0000001", "KF0000010")


@pytest.fixture(autouse=True)
def _shipped(case: Case) -> None:
    """The fob in the drawer is of a kind that the server knows."""
    rows.change(case.services, Fob, case.fob.id, profile=PROFILE, numbering=PROFILE)


def known(case: Case, serial: str, institution_id: str = "dual") -> Fob:
    """Another such fob."""
    fob = add_fob(case.services, serial, institution_id)
    rows.change(case.services, Fob, fob.id, profile=PROFILE, numbering=PROFILE)
    return fob


def command(case: Case, counted: int, missing: frozenset[str] = frozenset()) -> TakeRangeCommand:
    """Take the box into stock at 本店."""
    return TakeRangeCommand("dual", "本店", PROFILE, BOX, case.teller, counted, missing)


def shown(case: Case, institution_id: str = "dual") -> tuple[Run, ...]:
    """What the page shows of the box."""
    return runs(case.services.store, institution_id, PROFILE, BOX)


def test_a_box_is_taken_and_its_gaps_are_seen(case: Case) -> None:
    known(case, "KF0000005", "other")
    rows.move_fob_row(case.services, known(case, "KF0000002"), FobState.IN_USE)
    assert take_range(case.services, command(case, 6, frozenset({"KF0000009"})), case.now) == 6
    assert shown(case) == (
        Run(RunKind.OWN, "KF0000001", "KF0000001", 1, FobState.IN_STOCK, "本店"),
        Run(RunKind.OWN, "KF0000002", "KF0000002", 1, FobState.IN_USE, "本店"),
        Run(RunKind.OWN, "KF0000003", "KF0000004", 2, FobState.IN_STOCK, "本店"),
        Run(RunKind.FOREIGN, "KF0000005", "KF0000005", 1),
        Run(RunKind.OWN, "KF0000006", "KF0000008", 3, FobState.IN_STOCK, "本店"),
        Run(RunKind.GAP, "KF0000009", "KF0000009", 1),
        Run(RunKind.OWN, "KF0000010", "KF0000010", 1, FobState.IN_STOCK, "本店"),
    )
    taken = fob_by_serial(case.services.store, "dual", "KF0000007")
    assert (taken.model, taken.firmware, taken.battery_percent) == ("KF-1", "", None)
    (move,) = custody(case.services.store, "dual", taken.id).moves
    assert (move.from_state, move.to_state, move.actor_name) == (None, FobState.IN_STOCK, "窓口 花子")


def test_what_a_fob_tells_is_noted_when_it_is_first_plugged_in(case: Case) -> None:
    take_range(case.services, command(case, 9), case.now)
    case.desk.fobs.append(PlainFob("KF0000007", PROFILE))
    case.desk.poll()
    told = fob_by_serial(case.services.store, "dual", "KF0000007")
    assert (told.model, told.firmware) == ("Kagiya Fob", "1.0.0")
    assert (told.battery_percent, told.clock_offset_s) == (90, -4)
    assert fob_by_serial(case.services.store, "dual", "KF0000008").firmware == ""


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"counted": 8}, "counted"),
        ({"missing": frozenset({"KF0000011"})}, "missing"),
        ({"missing": frozenset({"KF0000001"})}, "missing"),
        ({"profile": "no-such"}, "profile"),
        ({"wanted": serial_range("KF0000001", "KF0000001")}, "highest"),
    ],
)
def test_a_box_that_does_not_agree_is_not_taken(case: Case, changed: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        take_range(case.services, replace(command(case, 9), **changed), case.now)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert shown(case)[1] == Run(RunKind.GAP, "KF0000002", "KF0000010", 9)
