"""A device with a serial console behind a pty, so that the real pyserial talks to it.

A pty has no modem lines: the gadget's DTR is up while a program has the pty open, which is what Linux does with a
real port that is opened and closed.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from devices.errors import LinkLost
from devices.links import AttachedDevice, Transport
from devices.links.serial import SerialLink
from tests.rig.usb.plan import AcmInterface, ConsoleGadget, UsbPlan

_LOOK_AGAIN_S: Final = 0.002
"""For an opening, and for what the device says unasked: there is no event for either."""
_NOTICE_S: Final = 0.1
_PIECE_BYTES: Final = 64
"""A bulk packet at full speed."""


class ConsolePort:
    """One USB socket with one device, plugged or not. Safe between threads.

    Every plugging makes a new pty with a thread behind it. `on_bytes` is called with the number of bytes that
    crossed, both ways, since the program opened the port. `paced`: bytes cross no faster than the plan says.
    """

    def __init__(self, plan: UsbPlan, *, paced: bool = False, plugged: bool = True) -> None:
        (self.interface,) = (part for part in plan.interfaces if isinstance(part, AcmInterface))
        self.plan = plan
        self.paced = paced
        self.on_bytes: Callable[[int], None] = lambda _number: None
        self._lock = threading.Lock()
        self._pty: _Pty | None = None
        if plugged:
            self.plug()

    @property
    def attached(self) -> AttachedDevice | None:
        """What the bus tells of it, or None while it is out."""
        pty = self._pty
        if pty is None:
            return None
        return AttachedDevice(
            path=pty.path,
            transport=Transport.SERIAL,
            vendor_id=self.plan.vendor_id,
            product_id=self.plan.product_id,
            product=self.plan.product,
            bus_serial=self.plan.serial,
        )

    def notice_closing(self) -> None:
        """Let the far end see that nobody has the port open; a real port's DTR falls in that moment."""
        pty = self._pty
        if pty is not None:
            pty.closed.wait(_NOTICE_S)

    @property
    def byte_s(self) -> float:
        """How long a byte takes."""
        return 1 / self.interface.bytes_per_s if self.paced else 0.0

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if self._pty is None:
                self._pty = _Pty(self)

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            pty, self._pty = self._pty, None
        if pty is not None:
            pty.close()
        self.plan.lose_power()


class ConsoleBus:
    """devices.links.Bus over such ports, opened by the product's own serial link."""

    def __init__(self, ports: Iterable[ConsolePort]) -> None:
        self._ports = tuple(ports)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports if (device := port.attached) is not None]

    def open(self, device: AttachedDevice, baud_rate: int) -> SerialLink:
        """Open the pty. Raises LinkLost, DeviceBusy."""
        for port in self._ports:
            if port.attached == device:
                port.notice_closing()
                return SerialLink(device.path, baud_rate)
        raise LinkLost(device.path)


class _Pty:
    """A pty and the thread that serves its far end."""

    def __init__(self, port: ConsolePort) -> None:
        self._port = port
        self._gadget: ConsoleGadget = port.interface.gadget
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._open = False
        self._quiet = False
        self.closed = threading.Event()
        self.closed.set()
        self._crossed = 0
        self._waiting = b""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"console {port.plan.serial}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and the pty. May be called from the thread itself."""
        self._closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        try:
            while not self._closing.is_set():
                pause_ms = 1000 * _LOOK_AGAIN_S if self._quiet else 0
                self._turn(dict(poller.poll(pause_ms)).get(self._master, 0))
        finally:
            os.close(self._master)

    def _turn(self, events: int) -> None:
        """Look once at both directions; wait a little while nobody has the port open, or nobody reads."""
        is_open = not events & select.POLLHUP
        if is_open != self._open:
            self._open, self._crossed, self._waiting = is_open, 0, b""
            self._gadget.set_dtr(raised=is_open)
            if is_open:
                self.closed.clear()
            else:
                self.closed.set()
        came = os.read(self._master, _PIECE_BYTES) if events & select.POLLIN else b""
        if came:
            self._take_time(len(came))
            self._gadget.take_bytes(came)
        went = self._give() if is_open else 0
        if came or went:
            self._crossed += len(came) + went
            self._port.on_bytes(self._crossed)
        elif self._waiting or not is_open:
            self._closing.wait(_LOOK_AGAIN_S)
        self._quiet = is_open and not (came or went or self._waiting)

    def _give(self) -> int:
        """How many bytes the host's side took: none while nobody reads them there."""
        self._waiting = self._waiting or self._gadget.next_bytes(_PIECE_BYTES)
        if not self._waiting:
            return 0
        self._take_time(len(self._waiting))
        try:
            went = os.write(self._master, self._waiting)
        except BlockingIOError:
            return 0
        self._waiting = self._waiting[went:]
        return went

    def _take_time(self, count: int) -> None:
        if self._port.byte_s:
            time.sleep(count * self._port.byte_s)
