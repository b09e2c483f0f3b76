"""What the rig page shows of a fob."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devices.links import Transport
from tests.rig.faults import FaultKind


class Light(StrEnum):
    """The fob's small lamp."""

    OFF = "off"
    POWERED = "powered"
    TALKING = "talking"


@dataclass(frozen=True, slots=True)
class FobView:
    """One fob at one moment. `display` is what its screen shows: digits, or nothing."""

    serial: str
    profile: str
    transport: Transport
    firmware: str
    plugged: bool
    light: Light
    display: str
    # seconds until the code changes, and of how many; 0 of 0 without a running code
    seconds_left: int
    period_s: int
    # a counter-based credential: the display is dark until the button is pressed
    has_button: bool
    battery_percent: int
    generation: int
    fault: FaultKind
    fault_report: int
