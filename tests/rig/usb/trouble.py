"""What can go wrong between a plugged-in device and the host controller, whatever the device is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """CUT: the cable comes out. MUTE: nothing is answered any more. STALL: every transfer is refused."""

    NONE = "none"
    CUT = "cut"
    MUTE = "mute"
    STALL = "stall"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Begins once `after` reports (or bulk transfers) have crossed, both directions, since it was set."""

    kind: TroubleKind = TroubleKind.NONE
    after: int = 0
