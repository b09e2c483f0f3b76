"""A device with a smart-card reader, in process: devices' BulkLink on one side, the emulation on the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Final

from devices.errors import LinkLost, LinkTimeout
from devices.links import AttachedDevice, Transport
from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.ccid.reader import CcidReader
from tests.rig.usb.plan import CcidInterface, UsbPlan
from tests.rig.wire.socket import Socket
from tests.rig.wire.visits import Visits

PACKET_S: Final = 0.0005
"""A bulk transfer at full speed: the host controller comes by twice in a frame."""
_TURN_S: Final = 1.0
"""Longer than any card is busy without asking for time."""


class CcidPort(Socket["CcidLink"]):
    """One USB socket with one device. `paced`: transfers, which are its reports, take their time."""

    def __init__(self, plan: UsbPlan, *, paced: bool = False, plugged: bool = True) -> None:
        (self.interface,) = (part for part in plan.interfaces if isinstance(part, CcidInterface))
        self.plan = plan
        self.paced = paced
        self.reader = CcidReader(self.interface)
        super().__init__(plugged=plugged)

    def _shows(self, times_plugged: int) -> Iterable[AttachedDevice]:
        """Ids and interface, never a text."""
        yield AttachedDevice(
            path=f"rig-usb:{id(self):x}:{times_plugged}",
            transport=Transport.USB,
            vendor_id=self.plan.vendor_id,
            product_id=self.plan.product_id,
            interface=self.interface.number,
        )

    def _connect(self, device: AttachedDevice) -> CcidLink:
        return CcidLink(self, device.path)

    def _lose_host(self) -> None:
        self.reader.lose_power()
        self.plan.lose_power()


class CcidLink:
    """devices' BulkLink to an emulated reader. For one thread, as a real one.

    The card works in a thread of its own while it asks for more time; otherwise it is done when `write` returns.
    """

    def __init__(self, port: CcidPort, path: str) -> None:
        self._port = port
        self._path = path
        self._waiting: deque[bytes] = deque()
        self._visits = Visits(PACKET_S if port.paced else 0.0)
        self._transfers = 0
        self._gone = False
        self._turn_over = True
        self._news = threading.Condition()

    @property
    def path(self) -> str:
        """The node's name."""
        return self._path

    @property
    def class_descriptor(self) -> bytes:
        """What follows the interface's own descriptor."""
        return ccid_descriptor(self._port.interface)

    def write(self, data: bytes, timeout_s: float) -> None:
        """One OUT transfer. Raises LinkLost."""
        del timeout_s
        self._await_visit()
        with self._news:
            self._here()
            self._turn_over = False
            threading.Thread(target=self._work, args=(data,), daemon=True).start()
            self._news.wait_for(lambda: self._turn_over or self._gone, timeout=_TURN_S)
        self._crossed()

    def read(self, size: int, timeout_s: float) -> bytes:
        """The next IN transfer. Raises LinkTimeout, LinkLost."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._gone, timeout=timeout_s)
            self._here()
            if not self._waiting:
                raise LinkTimeout(self._path, waited_s=timeout_s)
            data = self._waiting.popleft()
        self._await_visit()
        self._crossed()
        if len(data) > size:
            # more than was asked for: the host controller calls it an overflow
            raise LinkLost(self._path)
        return data

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        """These readers stall GET_CLOCK_FREQUENCIES and GET_DATA_RATES."""
        del request, value, size, timeout_s
        raise LinkLost(self._path)

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        """ABORT is taken and stops nothing."""
        del request, value, data, timeout_s
        self._here()

    def close(self) -> None:
        """Give the node back."""
        self.lose()
        self._port.closed(self)

    def lose(self) -> None:
        """The device is out."""
        with self._news:
            self._gone = True
            self._news.notify_all()

    def _work(self, message: bytes) -> None:
        self._port.reader.take(message, self._send)
        self._end_turn()

    def _send(self, message: bytes) -> None:
        with self._news:
            self._waiting.append(message)
        self._end_turn()

    def _end_turn(self) -> None:
        with self._news:
            self._turn_over = True
            self._news.notify_all()

    def _here(self) -> None:
        if self._gone:
            raise LinkLost(self._path)

    def _await_visit(self) -> None:
        time.sleep(max(0.0, self._visits.next_s() - time.monotonic()))

    def _crossed(self) -> None:
        self._transfers += 1
        self._port.report_crossed(self._transfers)
