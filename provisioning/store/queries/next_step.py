"""What the teller should do next with a programming job: an enum and facts, the words are found in the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provisioning.rules.states import CredentialState, FobState, JobKind, JobState


class NextStep(StrEnum):
    """The one next thing to do, in the order in which a good job goes through them."""

    START_STATION = "start_station"
    PLUG_IN = "plug_in"
    MEND_DEVICE = "mend_device"
    REMOVE_DOUBLE = "remove_double"
    WAIT = "wait"
    TOUCH = "touch"
    PRESS_BUTTON = "press_button"
    ENTER_PIN = "enter_pin"
    TYPE_CODE = "type_code"
    HAND_OVER = "hand_over"
    LET_ACTIVATE = "let_activate"
    FOLLOW_NEXT_ATTEMPT = "follow_next_attempt"
    ERASE_FOB = "erase_fob"
    CHOOSE_AGAIN = "choose_again"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """The job's fob as one connected station sees it; `problem` is empty if it can be written."""

    station: str
    problem: str = ""
    facts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the decision looks at. `wait` is a devices.contract.Wait; `erasable`: its seed is one of ours.

    `proof_due`: a code was read back and is being checked now.
    `stations_connected`: those that may do the job. `seen`: the fob at any of them; a second entry is a double.
    """

    kind: JobKind
    state: JobState
    closed: bool
    serial: str
    fob_state: FobState
    credential_state: CredentialState | None
    failure: str = ""
    proof_due: bool = False
    erasable: bool = True
    next_job_id: str | None = None
    wait: str = ""
    station: str = ""
    stations_connected: tuple[str, ...] = ()
    seen: tuple[SeenDevice, ...] = ()


Step = tuple[NextStep, dict[str, str]]
_HANDS: Final = {"touch": NextStep.TOUCH, "button": NextStep.PRESS_BUTTON, "pin": NextStep.ENTER_PIN}


def next_step(found: Findings) -> Step:
    """The next step and its facts (serial, station, code, count, job_id; and those of a device's problem)."""
    if found.next_job_id is not None:
        return NextStep.FOLLOW_NEXT_ATTEMPT, {"job_id": found.next_job_id, "code": found.failure}
    if found.state is JobState.QUEUED:
        return _queued(found)
    if found.state is JobState.WRITING:
        if found.station in found.stations_connected:
            step = _HANDS.get(found.wait, NextStep.WAIT)
            return step, {"serial": found.serial, "station": found.station}
        return NextStep.START_STATION, {"station": found.station}
    if found.state is JobState.WRITTEN and not found.closed:
        if found.proof_due:
            return NextStep.WAIT, {"serial": found.serial, "station": found.station}
        return NextStep.TYPE_CODE, {"serial": found.serial}
    if found.state is JobState.PROVED:
        return _proved(found)
    return _ended(found)


def _queued(found: Findings) -> Step:
    """Whatever stands between the job and its fob, first things first."""
    if not found.stations_connected:
        return NextStep.START_STATION, {"station": found.station}
    if not found.seen:
        return NextStep.PLUG_IN, {"serial": found.serial}
    if len(found.seen) > 1:
        return NextStep.REMOVE_DOUBLE, {"serial": found.serial, "count": str(len(found.seen))}
    device = found.seen[0]
    facts = {"serial": found.serial, "station": device.station}
    if device.problem:
        return NextStep.MEND_DEVICE, {**(device.facts or {}), **facts, "code": device.problem}
    return NextStep.WAIT, facts


def _proved(found: Findings) -> Step:
    facts = {"serial": found.serial}
    if found.credential_state in (None, CredentialState.ENDED):
        return _erasing(found), facts
    if found.fob_state is FobState.PROGRAMMED:
        return NextStep.HAND_OVER, facts
    if found.credential_state is CredentialState.SET_UP:
        return NextStep.LET_ACTIVATE, facts
    return NextStep.NOTHING, facts


def _ended(found: Findings) -> Step:
    """Failed, abandoned, or an ERASE that is done."""
    facts = {"serial": found.serial, "code": found.failure}
    if found.kind is JobKind.PROGRAM:
        return NextStep.CHOOSE_AGAIN, {**facts, "fob_state": found.fob_state.value}
    return _erasing(found), facts


def _erasing(found: Findings) -> NextStep:
    waits = found.fob_state is FobState.RETURNED and found.erasable
    return NextStep.ERASE_FOB if waits else NextStep.NOTHING
