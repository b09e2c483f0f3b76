"""Serial ports by pyserial: the only import of it. Ports are opened for this program alone."""

from __future__ import annotations

import errno
import logging
import os
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Final

import serial
from serial.tools import list_ports

from devices.errors import DeviceBusy, LinkFailed, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, Transport
from devices.links.rule import RULES_FILE

_SLICE_S: Final = 0.02
_CLOSE_S: Final = 1.0
"""Closing takes no time, but for bytes that the device does not take: Linux waits 30 s then for it to do so."""
_BUSY: Final = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)
_CLOSED: Final = (serial.SerialException, OSError, TypeError, termios.error)
"""pyserial meets a port that was closed under it with any of these."""
log = logging.getLogger(__name__)


class SerialBus:
    """USB serial ports with their ids, and the ports that the operator named as cradles (path → profile)."""

    def __init__(self, cradles: Mapping[str, str]) -> None:
        self._cradles = dict(cradles)
        self._opened: dict[str, SerialLink] = {}

    def scan(self) -> Sequence[AttachedDevice]:
        """Ports without USB ids are left out unless they are named: bridges are shared by unrelated gadgets."""
        named = [path for path in self._cradles if Path(path).exists()]
        real = {os.path.realpath(path) for path in named}
        cradles = [AttachedDevice(p, Transport.SERIAL, named_profile=self._cradles[p]) for p in named]
        others = [
            AttachedDevice(
                port.device,
                Transport.SERIAL,
                port.vid,
                port.pid,
                product=port.product or "",
                bus_serial=port.serial_number or "",
            )
            for port in list_ports.comports()
            if port.vid is not None and os.path.realpath(port.device) not in real
        ]
        return (*cradles, *others)

    def open(self, device: AttachedDevice, baud_rate: int) -> SerialLink:
        """Open the port, 8N1 without flow control.

        Raises PermissionDenied, DeviceBusy, LinkLost, and LinkTimeout while its device keeps it from being closed.
        """
        before = self._opened.get(device.path)
        if before is not None and before.is_closing(_CLOSE_S):
            raise LinkTimeout(device.path, waited_s=_CLOSE_S)
        self._opened[device.path] = SerialLink(device.path, baud_rate)
        return self._opened[device.path]


class SerialLink:
    """An open port."""

    def __init__(self, path: str, baud_rate: int) -> None:
        self._path = path
        try:
            self._port = serial.Serial(path, baud_rate, timeout=_SLICE_S, exclusive=True)
        except _CLOSED as error:
            raise _not_opened(path, getattr(error, "errno", None)) from None
        self._closing = Thread(target=self._close, name=f"close {path}", daemon=True)

    @property
    def path(self) -> str:
        return self._path

    def write(self, data: bytes, timeout_s: float) -> None:
        log.debug("%s: write %d bytes", self._path, len(data))
        try:
            self._port.write_timeout = timeout_s
            written = self._port.write(data)
        except serial.SerialTimeoutException:
            raise LinkTimeout(self._path, waited_s=timeout_s) from None
        except _CLOSED:
            raise LinkLost(self._path) from None
        if written != len(data):
            raise LinkLost(self._path)

    def read(self, size: int, timeout_s: float) -> bytes:
        deadline = monotonic() + timeout_s
        while True:
            data = self._read_now(size)
            if data:
                log.debug("%s: read %d bytes", self._path, len(data))
                return data
            if monotonic() >= deadline:
                raise LinkTimeout(self._path, waited_s=timeout_s)

    def drop_input(self) -> None:
        try:
            self._port.reset_input_buffer()
        except _CLOSED:
            raise LinkLost(self._path) from None

    def close(self) -> None:
        if self._closing.ident is None:
            self._closing.start()
        self.is_closing(_CLOSE_S)

    def is_closing(self, wait_s: float) -> bool:
        """Whether it was given back and, after so long, is not free yet."""
        if self._closing.is_alive():
            self._closing.join(wait_s)
        return self._closing.is_alive()

    def _close(self) -> None:
        try:
            self._port.close()
        except _CLOSED:
            log.debug("%s: was gone when it was closed", self._path)

    def _read_now(self, size: int) -> bytes:
        """What is there, after waiting one slice for the first byte."""
        try:
            data = self._port.read(1)
            if data and size > 1:
                data += self._port.read(min(size - 1, self._port.in_waiting))
        except _CLOSED:
            raise LinkLost(self._path) from None
        return bytes(data)


def _not_opened(path: str, number: int | None) -> LinkFailed:
    if number == errno.EACCES:
        return PermissionDenied(path, RULES_FILE)
    if number in _BUSY:
        return DeviceBusy(path)
    return LinkLost(path)
