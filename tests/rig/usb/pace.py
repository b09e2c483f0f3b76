"""The wire's own time, which the virtual host controller does not take: when a transfer of a device may cross."""

from __future__ import annotations

import time
from typing import Final

from tests.rig.usb.function import INTERRUPT, Endpoint
from tests.rig.wire.ccid_port import PACKET_S
from tests.rig.wire.feature_port import FRAME_S
from tests.rig.wire.visits import Visits

_CONTROL: Final = Endpoint(0, 0)


class Pace:
    """One plugging. Interrupt endpoints are visited once in their interval, the control pipe once in a frame and
    bulk endpoints twice, and one visit carries one transfer, out or in; a serial port's bytes take their rate. All
    that `times` over.
    """

    def __init__(self, times: float) -> None:
        self._times = times
        self._visits: dict[int, Visits] = {}

    def control(self) -> None:
        """Wait until a request on the control pipe may cross."""
        self._await_visit(_CONTROL, FRAME_S)

    def transfer(self, endpoint: Endpoint, size: int) -> None:
        """Wait until `size` bytes may cross there."""
        if endpoint.byte_s:
            time.sleep(size * endpoint.byte_s * self._times)
            return
        self._await_visit(endpoint, endpoint.interval_ms / 1000 if endpoint.kind == INTERRUPT else PACKET_S)

    def _await_visit(self, endpoint: Endpoint, interval_s: float) -> None:
        visits = self._visits.setdefault(endpoint.kind, Visits(interval_s * self._times))
        time.sleep(max(0.0, visits.next_s() - time.monotonic()))
