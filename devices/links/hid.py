"""HID by hidapi: the only import of it. On Linux the wheel's `hidraw` backend, elsewhere `hid`."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import logging
import math
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any, Final

from devices.errors import DeviceBusy, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, Transport
from devices.links.rule import RULES_FILE

REPORT_BYTES: Final = 64
_BACKENDS: Final = ("hidraw", "hid")
_MUTE_S: Final = 1.0
"""Linux itself gives a feature report five seconds."""
log = logging.getLogger(__name__)

_library = threading.RLock()
"""hidapi's listing, opening and closing share one global state; reading and writing do not."""
_opening = threading.Lock()
"""Linux takes over 50 ms for the first opening of a node, and nobody can write to any node meanwhile. Two of them
without a pause between would come between the reports of somebody's message for longer than a fob waits."""
_QUEUE_REPORTS: Final = 64
"""So many reports wait in an open node."""


def backend() -> ModuleType | None:
    """hidapi, or None where it is not installed."""
    for name in _BACKENDS:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


class HidBus:
    """Every HID collection of this machine.

    A node that was opened once stays open until its device goes: even the second opening of one waits until nobody
    writes to any. Others may open it, too; a lock is on it only while a link is open.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[str, _Node] = {}

    def __del__(self) -> None:
        for node in self._kept.values():
            node.retire()

    def scan(self) -> Sequence[AttachedDevice]:
        """One entry per collection; a node with several collections shows several times."""
        hidapi = backend()
        with _library:
            entries: Iterable[dict[str, Any]] = hidapi.enumerate() if hidapi else ()
        found = tuple(_attached(entry) for entry in entries)
        there = {device.path for device in found}
        with self._guard:
            gone = [self._kept.pop(path) for path in [*self._kept] if path not in there]
        for node in gone:
            node.retire()
        return found

    def open(self, device: AttachedDevice, baud_rate: int) -> HidLink:
        """Open the node for this program. Raises PermissionDenied, DeviceBusy, LinkLost."""
        del baud_rate
        with self._guard:
            node = self._kept.get(device.path)
        if node is not None and not node.is_doubtful:
            with contextlib.suppress(LinkLost):
                return HidLink(device.path, node)
        self._forget(device.path)
        opened = _Node(device.path)
        try:
            link = HidLink(device.path, opened)
        except DeviceBusy:
            opened.retire()
            raise
        self._forget(device.path)
        with self._guard:
            self._kept[device.path] = opened
        return link

    def _forget(self, path: str) -> None:
        """Close the old opening first: only the first of all makes Linux ask the device for its reports."""
        with self._guard:
            node = self._kept.pop(path, None)
        if node is not None:
            node.retire()


class _Node:
    """A node that this program has open, for one link at a time. Safe between threads.

    It is doubtful once its device was silent or lost: of one that was out for a moment, and that Linux took for
    the same again, no report comes any more until somebody opens the node for the first time.

    Raises PermissionDenied, DeviceBusy, LinkLost.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._is_taken = self._is_retired = self._was_taken = False
        self.is_doubtful = False
        hidapi = backend()
        if hidapi is None:
            raise LinkLost(path)
        with _opening:
            self._descriptor = _opened(path)
            self.device = hidapi.device()
            try:
                with _library:
                    self.device.open_path(path.encode())
            except OSError:
                os.close(self._descriptor)
                # hidapi says "open failed" whatever the reason was
                raise DeviceBusy(path) if Path(path).exists() else LinkLost(path) from None

    def take(self) -> None:
        """For a link. Raises DeviceBusy, LinkLost."""
        with self._guard:
            if self._is_retired:
                raise LinkLost(self._path)
            if self._is_taken or not self._locked():
                raise DeviceBusy(self._path)
            self._is_taken, was_taken, self._was_taken = True, self._was_taken, True
        if was_taken:
            self._drop_input()

    def _drop_input(self) -> None:
        """Nobody waits any more for what an earlier conversation left."""
        try:
            self.device.set_nonblocking(True)
            left = _QUEUE_REPORTS
            while left and self.device.read(REPORT_BYTES):
                left -= 1
            self.device.set_nonblocking(False)
        except (OSError, ValueError):
            self.is_doubtful = True
            self.give_back()
            raise LinkLost(self._path) from None

    def give_back(self) -> None:
        """The link is closed."""
        with self._guard:
            self._is_taken = False
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._close_if_done()

    def retire(self) -> None:
        """Close it, as soon as no link has it."""
        with self._guard:
            self._is_retired = True
            self._close_if_done()

    def _locked(self) -> bool:
        """hidraw lets everybody in at once: programs of ours keep each other out by a lock on the node."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _close_if_done(self) -> None:
        if self._is_retired and not self._is_taken:
            with _library:
                self.device.close()
            os.close(self._descriptor)


class HidLink:
    """An open node with unnumbered reports of 64 bytes, and feature reports. Without `node`, one of its own."""

    def __init__(self, path: str, node: _Node | None = None) -> None:
        self._path = path
        self._node = node or _Node(path)
        try:
            self._node.take()
        finally:
            if node is None:
                self._node.retire()
        self._device = self._node.device
        self._open = True

    @property
    def path(self) -> str:
        return self._path

    @property
    def report_size(self) -> int:
        return REPORT_BYTES

    def send(self, report: bytes) -> None:
        """`report` is 64 bytes; hidapi wants the report number 0 before them and counts it."""
        log.debug("%s: send %d bytes", self._path, len(report))
        try:
            written = self._device.write(b"\0" + report)
        except (OSError, ValueError):
            raise self._lost() from None
        if written != len(report) + 1:
            raise self._lost()

    def receive(self, timeout_s: float) -> bytes:
        # 0 would mean: wait for ever
        timeout_ms = max(1, math.ceil(timeout_s * 1000))
        try:
            report = bytes(self._device.read(REPORT_BYTES, timeout_ms))
        except (OSError, ValueError):
            raise self._lost() from None
        if not report:
            self._node.is_doubtful = True
            raise LinkTimeout(self._path, waited_s=timeout_s)
        if len(report) != REPORT_BYTES:
            raise self._lost()
        log.debug("%s: received %d bytes", self._path, len(report))
        return report

    def send_feature(self, number: int, data: bytes) -> None:
        """`data` goes out behind the report number."""
        log.debug("%s: set feature report of %d bytes", self._path, len(data))
        began_s = monotonic()
        try:
            written = self._device.send_feature_report(bytes([number]) + data)
        except (OSError, ValueError):
            written = -1
        if written != len(data) + 1:
            raise self._failed(began_s)

    def get_feature(self, number: int, size: int) -> bytes:
        """The report number, which hidapi gives first, is taken off."""
        began_s = monotonic()
        try:
            report = bytes(self._device.get_feature_report(number, size + 1))
        except (OSError, ValueError):
            report = b""
        if len(report) != size + 1:
            raise self._failed(began_s)
        log.debug("%s: got feature report of %d bytes", self._path, size)
        return report[1:]

    def _failed(self, began_s: float) -> LinkTimeout | LinkLost:
        """hidapi tells no reason: a node that is still there after a long wait belongs to a mute device."""
        waited_s = monotonic() - began_s
        if waited_s >= _MUTE_S and Path(self._path).exists():
            self._node.is_doubtful = True
            return LinkTimeout(self._path, waited_s=round(waited_s, 1))
        return self._lost()

    def _lost(self) -> LinkLost:
        """Nobody uses this opening again."""
        self._node.is_doubtful = True
        return LinkLost(self._path)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._node.give_back()


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        raise PermissionDenied(path, RULES_FILE) from None
    except OSError:
        raise LinkLost(path) from None


def _attached(entry: dict[str, Any]) -> AttachedDevice:
    interface = entry["interface_number"]
    return AttachedDevice(
        path=os.fsdecode(entry["path"]),
        transport=Transport.HID,
        vendor_id=entry["vendor_id"],
        product_id=entry["product_id"],
        interface=interface if interface >= 0 else None,
        usage_page=entry["usage_page"],
        usage=entry["usage"],
        product=entry["product_string"] or "",
        bus_serial=entry["serial_number"] or "",
    )
