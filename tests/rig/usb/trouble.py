"""What can go wrong between a plugged-in device and the host controller, whatever the device is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """CUT: the cable comes out. MUTE: nothing is answered any more. STALL: every transfer is refused."""

    NONE = "none"
    CUT = "cut"
    MUTE = "mute"
    STALL = "stall"


def at_once() -> bool:
    """For trouble that waits for nothing."""
    return True


@dataclass(frozen=True, slots=True)
class Trouble:
    """Begins once `after` reports (or bulk transfers) have crossed, both directions, since `counts` held.

    `counts` is asked from when the trouble is set until it holds once.
    """

    kind: TroubleKind = TroubleKind.NONE
    after: int = 0
    counts: Callable[[], bool] = at_once
