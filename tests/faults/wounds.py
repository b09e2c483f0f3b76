"""What happens to whom at one report of a write."""

from __future__ import annotations

import os
import signal
import threading
from enum import StrEnum

from tests.rig.drawer import Port


class Act(StrEnum):
    """CUT: the cable comes out. KILL: SIGKILL to a process."""

    CUT = "cut"
    KILL = "kill"


class Wound:
    """Opens once, when report `report` has crossed in the first job after `arm`."""

    def __init__(self, port: Port, act: Act, report: int, pid: int) -> None:
        self.port = port
        self._act = act
        self._report = report
        self._pid = pid
        self._armed = threading.Event()
        self._open = False
        port.on_report = self._crossed

    def arm(self) -> None:
        """From now on it may happen."""
        self._armed.set()

    def _crossed(self, number: int) -> None:
        if not self._armed.is_set() or self._open or number != self._report:
            return
        self._open = True
        if self._act is Act.CUT:
            self.port.unplug()
        else:
            os.kill(self._pid, signal.SIGKILL)
