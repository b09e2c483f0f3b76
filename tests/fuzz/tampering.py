"""A device whose answers are tampered with as a fuzzer says: real ones come through until one is to be another."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from devices.errors import LinkLost, LinkTimeout
from devices.framing import FrameReader, ReportReader, to_frame, to_reports
from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.ccid.reader import CcidReader
from tests.rig.usb.plan import CcidInterface, ConsoleGadget, FeatureGadget, ReportGadget

Alter = Callable[[bytes], bytes]
_KINDS: Final = 6
_PATH: Final = "fuzzed"


class Tampering:
    """Each record of the input: how many answers come through first, how the next is altered, a length, bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = self._take(1)[0] % 32 if data else 0

    def __call__(self, answer: bytes) -> bytes:
        """The answer that the driver gets. Raises LinkTimeout where it gets none."""
        if not self._data:
            return answer
        if self._left:
            self._left -= 1
            return answer
        kind, length = self._take(1)[0] % _KINDS, self._take(1)[0]
        piece = self._take(length)
        self._left = self._take(1)[0] % 32
        return _altered(kind, answer, piece)

    def _take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken or b"\0"


def _altered(kind: int, answer: bytes, piece: bytes) -> bytes:
    match kind:
        case 0:
            return piece
        case 1:
            return bytes(a ^ b for a, b in zip(answer, piece.ljust(len(answer), b"\0"), strict=False))
        case 2:
            return answer[: piece[0] % (len(answer) + 1)]
        case 3:
            return answer + piece
        case 4:
            at = piece[0] % (len(answer) + 1)
            return answer[:at] + piece[1:] + answer[at:]
        case _:
            raise LinkTimeout(_PATH, waited_s=0.0)


class VirtualTime:
    """Nobody waits: asking for the time takes a millisecond, and sleeping takes none."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        """Seconds."""
        self.now_s += 0.001
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """It is later."""
        self.now_s += seconds


@contextmanager
def virtual_time() -> Iterator[VirtualTime]:
    """In every module of the station."""
    virtual = VirtualTime()
    changed = [
        (module, name, getattr(module, name))
        for key, module in list(sys.modules.items())
        if key.startswith("devices.")
        for name in ("monotonic", "sleep")
        if hasattr(module, name)
    ]
    for module, name, _ in changed:
        setattr(module, name, getattr(virtual, name))
    try:
        yield virtual
    finally:
        for module, name, real in changed:
            setattr(module, name, real)


class Link:
    """What all have in common."""

    path = _PATH

    def close(self) -> None:
        """Nothing to give back."""


class CardLink(Link):
    """BulkLink to a reader; messages come as `alter` gives them."""

    def __init__(self, interface: CcidInterface, alter: Alter) -> None:
        self.class_descriptor = ccid_descriptor(interface)
        self._reader = CcidReader(interface)
        self._alter = alter
        self._waiting: deque[bytes] = deque()

    def write(self, data: bytes, timeout_s: float) -> None:
        self._reader.take(data, self._waiting.append)

    def read(self, size: int, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        data = self._alter(self._waiting.popleft())
        if len(data) > size:
            raise LinkLost(self.path)
        return data

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        raise LinkLost(self.path)

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        """ABORT stops nothing."""


class FeatureReports(Link):
    """FeatureLink: the size of a report is the host's."""

    def __init__(self, gadget: FeatureGadget, alter: Alter) -> None:
        self._gadget, self._alter = gadget, alter

    def send_feature(self, number: int, data: bytes) -> None:
        self._gadget.set_feature(data)

    def get_feature(self, number: int, size: int) -> bytes:
        return self._alter(self._gadget.get_feature()).ljust(size, b"\0")[:size]


class Reports(Link):
    """ReportLink of 64 bytes."""

    report_size = 64

    def __init__(self, gadget: ReportGadget, alter: Alter) -> None:
        self._gadget, self._alter = gadget, alter

    def send(self, report: bytes) -> None:
        self._gadget.take_report(report)

    def receive(self, timeout_s: float) -> bytes:
        report = self._gadget.next_report()
        if report is None:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        return self._alter(report).ljust(self.report_size, b"\0")[: self.report_size]


class FobReports(Link):
    """ReportLink to what answers whole messages."""

    report_size = 64

    def __init__(self, answer: Alter, alter: Alter) -> None:
        self._answer, self._alter = answer, alter
        self._reader = ReportReader()
        self._waiting: deque[bytes] = deque()

    def send(self, report: bytes) -> None:
        message = self._reader.feed(report)
        if message is not None:
            self._waiting += to_reports(_framed(self._answer(message)))

    def receive(self, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        return self._alter(self._waiting.popleft()).ljust(self.report_size, b"\0")[: self.report_size]


class FobBytes(Link):
    """The same in a cradle."""

    def __init__(self, answer: Alter, alter: Alter) -> None:
        self._answer, self._alter = answer, alter
        self._reader = FrameReader()
        self._waiting = b""

    def write(self, data: bytes, timeout_s: float) -> None:
        for message in self._reader.feed(data):
            self._waiting += self._alter(to_frame(_framed(self._answer(message))))

    def read(self, size: int, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def drop_input(self) -> None:
        self._waiting = b""


class ConsoleBytes(Link):
    """StreamLink to a shell, whose work takes virtual time."""

    def __init__(self, gadget: ConsoleGadget, alter: Alter, virtual: VirtualTime) -> None:
        self._gadget, self._alter, self._virtual = gadget, alter, virtual
        gadget.set_dtr(raised=True)

    def write(self, data: bytes, timeout_s: float) -> None:
        self._gadget.take_bytes(data)

    def read(self, size: int, timeout_s: float) -> bytes:
        until_s = self._virtual.now_s + timeout_s
        while self._virtual.now_s < until_s:
            data = self._gadget.next_bytes(size)
            if data:
                return self._alter(data)[:size] or b"\0"
            self._virtual.sleep(0.01)
        raise LinkTimeout(self.path, waited_s=timeout_s)

    def drop_input(self) -> None:
        while self._gadget.next_bytes(4096):
            pass


def _framed(message: bytes) -> bytes:
    """No frame carries less than 2 or more than 1024 bytes."""
    return message[:1024].ljust(2, b"\0")
