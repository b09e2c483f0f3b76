"""A device with a smart-card reader, in process: devices' BulkLink on one side, the emulation on the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from devices.links import AttachedDevice, Transport
from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.ccid.reader import CcidReader
from tests.rig.usb.plan import CcidInterface, UsbPlan
from tests.rig.wire.visits import Visits

PACKET_S: Final = 0.0005
"""A bulk transfer at full speed: the host controller comes by twice in a frame."""
_TURN_S: Final = 1.0
"""Longer than any card is busy without asking for time."""


class CcidPort:
    """One USB socket with one device, plugged or not. Safe between threads.

    `on_report` is called with the number of each transfer once it has crossed, both directions, since the link was
    opened. `paced`: transfers take their time. The path changes with every plugging, as bus addresses do.
    """

    def __init__(self, plan: UsbPlan, *, paced: bool = False, plugged: bool = True) -> None:
        (self.interface,) = (part for part in plan.interfaces if isinstance(part, CcidInterface))
        self.plan = plan
        self.paced = paced
        self.reader = CcidReader(self.interface)
        self.on_report: Callable[[int], None] = lambda _number: None
        self._lock = threading.Lock()
        self._times_plugged = 0
        self._device: AttachedDevice | None = None
        self._link: CcidLink | None = None
        if plugged:
            self.plug()

    @property
    def attached(self) -> AttachedDevice | None:
        """What the bus tells of it: ids and interface, never a text. None while it is out."""
        return self._device

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if self._device is None:
                self._times_plugged += 1
                self._device = AttachedDevice(
                    path=f"rig-usb:{id(self):x}:{self._times_plugged}",
                    transport=Transport.USB,
                    vendor_id=self.plan.vendor_id,
                    product_id=self.plan.product_id,
                    interface=self.interface.number,
                )

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            self._device = None
            link, self._link = self._link, None
        if link is not None:
            link.lose()
        self.reader.lose_power()
        self.plan.lose_power()

    def open(self, device: AttachedDevice) -> CcidLink:
        """Claim the interface for one program alone. Raises LinkLost, DeviceBusy."""
        with self._lock:
            if self._device != device:
                raise LinkLost(device.path)
            if self._link is not None:
                raise DeviceBusy(device.path)
            self._link = CcidLink(self, device.path)
        return self._link

    def closed(self, link: CcidLink) -> None:
        """The program gave it back; the device does not notice."""
        with self._lock:
            if self._link is link:
                self._link = None


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
        self._port.on_report(self._transfers)


class CcidBus:
    """devices.links.Bus over such ports."""

    def __init__(self, ports: Iterable[CcidPort]) -> None:
        self._ports = tuple(ports)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports if (device := port.attached) is not None]

    def open(self, device: AttachedDevice, baud_rate: int) -> CcidLink:
        """Claim it. Raises LinkLost, DeviceBusy."""
        del baud_rate
        for port in self._ports:
            if port.attached == device:
                return port.open(device)
        raise LinkLost(device.path)
