"""A fob in its serial cradle, behind a pty, so that the real pyserial talks to it."""

from __future__ import annotations

import fcntl
import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devices.links import Transport
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire.line import Line
from tests.rig.wire.serial_frames import SerialReader, serial_frame
from tests.rig.wire.socket import ReportHook

BYTE_S: Final = 10 / 115_200
"""One byte on the wire: start bit, eight data bits, stop bit (§3)."""
_SLICE_BYTES: Final = 32
_LOOK_FOR_OPENING_S: Final = 0.01
_SETTLE_S: Final = 0.02
_DRAIN_S: Final = 0.5
_STRAY_BYTES: Final = b"\r\nAT\xff\x00+++"


class SerialPort:
    """One cradle with its fob, at the computer or not. Safe between threads.

    Every plugging makes a new pty with a thread behind it; `node` is a symbolic link to it that is there
    while the cradle is plugged. `byte_s` is 0 to let bytes cross at once.
    """

    def __init__(self, fob: EmulatedFob, node: Path, *, byte_s: float = BYTE_S, plugged: bool = True) -> None:
        self.fob = fob
        self.node = node
        self.byte_s = byte_s
        self.on_report: ReportHook = lambda _number: None
        self._lock = threading.Lock()
        self._cradle: _Cradle | None = None
        if plugged:
            self.plug()

    @property
    def transport(self) -> Transport:
        """Serial."""
        return Transport.SERIAL

    @property
    def plugged(self) -> bool:
        """Whether the computer sees it."""
        return self._cradle is not None

    def plug(self) -> None:
        """Connect the cradle; nothing happens if it is."""
        with self._lock:
            if self._cradle is None:
                self._cradle = _Cradle(self)
                self.node.unlink(missing_ok=True)
                self.node.symlink_to(self._cradle.path)

    def unplug(self) -> None:
        """Pull the cable, whatever is going on; the port disappears."""
        with self._lock:
            cradle, self._cradle = self._cradle, None
            self.node.unlink(missing_ok=True)
        if cradle is not None:
            cradle.close()
        self.fob.lose_host()

    def report_crossed(self, number: int) -> None:
        """Tell whoever listens now."""
        self.on_report(number)


class _Cradle:
    """A pty and the thread that serves its far end. Each opening of the pty is a line of its own."""

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._master, slave = os.openpty()
        self._wake_read, self._wake_write = os.pipe()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"cradle {port.fob.serial}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and the pty. May be called from the thread itself."""
        os.write(self._wake_write, b".")
        self._closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _serve(self) -> None:
        try:
            for line, reader, data, arrived_s in self._arrivals():
                for message in reader.take(data, arrived_s):
                    self._frame(line, message if isinstance(message, bytes) else None)
        finally:
            for descriptor in (self._master, self._wake_read, self._wake_write):
                os.close(descriptor)

    def _arrivals(self) -> Iterator[tuple[Line, SerialReader, bytes, float]]:
        """What the host writes, once its last byte has crossed the wire, and when it began to."""
        line, reader, free_s = self._new_line(), SerialReader(), 0.0
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        poller.register(self._wake_read, select.POLLIN)
        while not self._closing.is_set():
            events = dict(poller.poll())
            if self._wake_read in events:
                return
            if not events[self._master] & select.POLLIN:
                # no program has the port open; there is no event for its being opened
                line, reader = self._new_line(), SerialReader()
                self._closing.wait(_LOOK_FOR_OPENING_S)
                continue
            begun_s = max(free_s, time.monotonic())
            data = os.read(self._master, 4096)
            free_s = begun_s + len(data) * self._port.byte_s
            self._closing.wait(max(0.0, free_s - time.monotonic()))
            yield line, reader, data, begun_s

    def _new_line(self) -> Line:
        return Line(self._port.fob, self._pull_out, self._port.report_crossed)

    def _frame(self, line: Line, message: bytes | None) -> None:
        if self._closing.is_set():
            return
        answer = None if line.silent else line.answer(message)
        line.crossed()
        if answer is None or line.silent or self._closing.is_set():
            return
        stray = _STRAY_BYTES if line.adds_stray() else b""
        self._send(stray + serial_frame(answer, spoil_crc=line.spoils_crc()))
        line.crossed()

    def _pull_out(self) -> None:
        """The cable comes out once what was sent is through: closing a pty drops what nobody has read yet."""
        until_s = time.monotonic() + _DRAIN_S
        self._closing.wait(_SETTLE_S)
        while _unread(self.path) and time.monotonic() < until_s:
            self._closing.wait(0.001)
        self._port.unplug()

    def _send(self, data: bytes) -> None:
        begun_s = time.monotonic()
        for start in range(0, len(data), _SLICE_BYTES):
            piece = data[start : start + _SLICE_BYTES]
            over_s = begun_s + (start + len(piece)) * self._port.byte_s
            if self._closing.wait(max(0.0, over_s - time.monotonic())):
                return
            os.write(self._master, piece)


def _unread(path: str) -> int:
    """Bytes that wait for the program on the pty."""
    slave = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        return int.from_bytes(fcntl.ioctl(slave, termios.FIONREAD, bytes(4)), sys.byteorder)
    finally:
        os.close(slave)
