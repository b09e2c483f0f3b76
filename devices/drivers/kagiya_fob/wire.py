"""One request, one response, over HID reports or a serial cradle (kagiya-fob.md sections 1 to 3)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from devices.drivers.kagiya_fob.messages import RESPONSE, Command, Status, answer_body
from devices.errors import BadAnswer, FrameDamaged
from devices.framing import FrameReader, ReportReader, report_count, to_frame, to_reports
from devices.links import AnyLink, ReportLink, StreamLink
from devices.links.deadline import Deadline

log = logging.getLogger(__name__)
OnFrame = Callable[[], None]
_READ_BYTES: Final = 512
_LAST_ID: Final = 0xFF


class Carrier(Protocol):
    """Carries whole messages over one kind of link. `on_frame` is called after each report (serial: frame)."""

    def send(self, message: bytes, timeout_s: float) -> None:
        """Send one message."""
        ...

    def receive(self, timeout_s: float) -> bytes:
        """The next whole message. Raises LinkTimeout, LinkLost, FrameDamaged."""
        ...

    def frames(self, message_bytes: int) -> int:
        """How many reports (serial: frames) a message of that length takes."""
        ...

    def close(self) -> None:
        """Give the link back."""
        ...


class ReportCarrier:
    """HID."""

    def __init__(self, link: ReportLink, on_frame: OnFrame) -> None:
        self._link = link
        self._on_frame = on_frame
        self._reader = ReportReader()

    def send(self, message: bytes, timeout_s: float) -> None:
        for report in to_reports(message):
            self._link.send(report)
            self._on_frame()

    def receive(self, timeout_s: float) -> bytes:
        deadline = Deadline(self._link.path, timeout_s)
        message = None
        while message is None:
            report = self._link.receive(deadline.left_s())
            self._on_frame()
            message = self._reader.feed(report)
        return message

    def frames(self, message_bytes: int) -> int:
        return report_count(message_bytes)

    def close(self) -> None:
        self._link.close()


class StreamCarrier:
    """The serial cradle."""

    def __init__(self, link: StreamLink, on_frame: OnFrame) -> None:
        self._link = link
        self._on_frame = on_frame
        self._reader = FrameReader()
        self._waiting: list[bytes] = []

    def send(self, message: bytes, timeout_s: float) -> None:
        self._link.drop_input()
        self._link.write(to_frame(message), timeout_s)
        self._on_frame()

    def receive(self, timeout_s: float) -> bytes:
        deadline = Deadline(self._link.path, timeout_s)
        while not self._waiting:
            self._waiting += self._reader.feed(self._link.read(_READ_BYTES, deadline.left_s()))
        self._on_frame()
        return self._waiting.pop(0)

    def frames(self, message_bytes: int) -> int:
        return 1

    def close(self) -> None:
        self._link.close()


class Wire:
    """Gives requests their ids and takes only the response that belongs."""

    def __init__(self, link: AnyLink, on_frame: OnFrame) -> None:
        self._id = 0
        self._carrier: Carrier
        if isinstance(link, ReportLink):
            self._carrier = ReportCarrier(link, on_frame)
        elif isinstance(link, StreamLink):
            self._carrier = StreamCarrier(link, on_frame)
        else:
            raise TypeError("the fob is reached over HID reports or a serial port")

    def next_id(self) -> int:
        """Take the id of the next request: 1 … 255, round and round."""
        self._id = self._id % _LAST_ID + 1
        return self._id

    def ask(self, command: Command, body: bytes, timeout_s: float) -> bytes:
        """Send a request and return its response's body. Raises LinkFailed, AnswerUnusable."""
        response = self.exchange(bytes([self.next_id(), command]) + body, timeout_s)
        return response[3:]

    def exchange(self, request: bytes, timeout_s: float) -> bytes:
        """Send a whole request and return the whole response, whose status was OK."""
        name = Command(request[1]).name.lower()
        log.debug("%s: request of %d bytes", name, len(request))
        self._carrier.send(request, timeout_s)
        # the fob's time begins when it has the request, however long a busy desk took to send it
        deadline = monotonic() + timeout_s
        while (left_s := deadline - monotonic()) > 0:
            response = self._carrier.receive(left_s)
            if len(response) >= 3 and response[0] in (0, request[0]):
                _check_response(response, request, name)
                return response
        raise BadAnswer(name, "only answers to something else")

    def frames(self, message_bytes: int) -> int:
        """How many reports (serial: frames) a message of that length takes."""
        return self._carrier.frames(message_bytes)

    def close(self) -> None:
        """Give the link back."""
        self._carrier.close()


def _check_response(response: bytes, request: bytes, name: str) -> None:
    if response == bytes([0, RESPONSE, Status.FRAME]):
        raise FrameDamaged("refused by the device")
    if response[:2] != bytes([request[0], request[1] | RESPONSE]):
        raise BadAnswer(name, "answer to another command")
    answer_body(response[2:], name)
