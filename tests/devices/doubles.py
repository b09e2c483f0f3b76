"""Small stand-ins for links: one that knows a recorded conversation, and one that says anything at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from devices.errors import LinkTimeout
from devices.framing import FrameReader, ReportReader, to_frame, to_reports


class RecordedReports:
    """A HID fob that answers each recorded request with its recorded response, matched on the request."""

    path = "recorded"
    report_size = 64

    def __init__(self, conversation: Mapping[bytes, bytes]) -> None:
        self.conversation = dict(conversation)
        self.requests: list[bytes] = []
        self.closed = False
        self._reader = ReportReader()
        self._waiting: list[bytes] = []

    def send(self, report: bytes) -> None:
        assert len(report) == self.report_size
        request = self._reader.feed(report)
        if request is not None:
            self.requests.append(request)
            self._waiting += to_reports(self.conversation[request])

    def receive(self, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        return self._waiting.pop(0)

    def close(self) -> None:
        self.closed = True


class RecordedBytes:
    """The same in a serial cradle; `noise` comes before every response."""

    path = "recorded"

    def __init__(self, conversation: Mapping[bytes, bytes], noise: bytes = b"") -> None:
        self.conversation = dict(conversation)
        self.requests: list[bytes] = []
        self.closed = False
        self._noise = noise
        self._reader = FrameReader()
        self._waiting = bytearray()

    def write(self, data: bytes, timeout_s: float) -> None:
        for request in self._reader.feed(data):
            self.requests.append(request)
            self._waiting += self._noise + to_frame(self.conversation[request])

    def read(self, size: int, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return bytes(data)

    def drop_input(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self.closed = True


class AnyReports:
    """A device that answers with whatever reports it is given, then is silent."""

    path = "garbage"
    report_size = 64

    def __init__(self, reports: Iterator[bytes]) -> None:
        self._reports = reports

    def send(self, report: bytes) -> None:
        assert len(report) == self.report_size

    def receive(self, timeout_s: float) -> bytes:
        for report in self._reports:
            return report
        raise LinkTimeout(self.path, waited_s=timeout_s)

    def close(self) -> None:
        pass


class AnyBytes:
    """The same on a serial port."""

    path = "garbage"

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def write(self, data: bytes, timeout_s: float) -> None:
        assert data

    def read(self, size: int, timeout_s: float) -> bytes:
        for chunk in self._chunks:
            return chunk[:size] or b"\0"
        raise LinkTimeout(self.path, waited_s=timeout_s)

    def drop_input(self) -> None:
        pass

    def close(self) -> None:
        pass
