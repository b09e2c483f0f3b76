"""A smart-card reader on the USB: bulk endpoints to the rig's CCID reader, which works in a thread of its own."""

from __future__ import annotations

import queue
import struct
import threading
from collections import deque
from typing import Final

from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.ccid.reader import HEADER_BYTES, CcidReader
from tests.rig.usb.function import BULK, IN, INTERRUPT, Endpoint, Setup, Wake, interface_descriptor
from tests.rig.usb.plan import CcidInterface, Stalled

_SMART_CARD: Final = 0x0B
_ABORT: Final = 1
_INTERVAL_MS: Final = 24


class CcidFunction:
    """One interface. A card that thinks does not keep the device from answering the host controller."""

    def __init__(self, interface: CcidInterface, first_endpoint: int, wake: Wake) -> None:
        self._interface = interface
        self._reader = CcidReader(interface)
        self._wake = wake
        self._in, self._out = Endpoint(IN | first_endpoint, BULK), Endpoint(first_endpoint, BULK)
        self._changes = Endpoint(IN | first_endpoint + 1, INTERRUPT, 8, _INTERVAL_MS)
        self._heard = b""
        self._messages: queue.Queue[bytes | None] = queue.Queue()
        self._answers: deque[bytes] = deque()
        self._change_told = False
        threading.Thread(target=self._work, name="card", daemon=True).start()

    @property
    def interfaces(self) -> tuple[int, ...]:
        return (self._interface.number,)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        bulk = (self._in, self._out)
        return (*bulk, self._changes) if self._interface.has_interrupt_endpoint else bulk

    @property
    def descriptors(self) -> bytes:
        head = interface_descriptor(self._interface.number, len(self.endpoints), (_SMART_CARD, 0, 0))
        endpoints = b"".join(endpoint.descriptor for endpoint in self.endpoints)
        return head + ccid_descriptor(self._interface) + endpoints

    def is_talk(self, setup: Setup) -> bool:
        del setup
        return False

    def control(self, setup: Setup, data: bytes) -> bytes:
        del data
        if not setup.is_class or setup.request != _ABORT:
            raise Stalled
        return b""

    def take(self, endpoint: Endpoint, data: bytes) -> None:
        del endpoint
        self._heard += data
        while len(self._heard) >= HEADER_BYTES:
            length = HEADER_BYTES + struct.unpack_from("<I", self._heard, 1)[0]
            if len(self._heard) < length:
                return
            self._messages.put(self._heard[:length])
            self._heard = self._heard[length:]

    def give(self, endpoint: Endpoint, size: int) -> bytes | None:
        if endpoint is self._changes:
            return self._slot_change()
        if not self._answers:
            return None
        answer = self._answers.popleft()
        if len(answer) > size:
            self._answers.appendleft(answer[size:])
        return answer[:size]

    def lose_power(self) -> None:
        self._messages.put(None)

    def _slot_change(self) -> bytes | None:
        if self._change_told:
            return None
        self._change_told = True
        return self._reader.slot_change()

    def _work(self) -> None:
        while (message := self._messages.get()) is not None:
            self._reader.take(message, self._send)
        self._reader.lose_power()

    def _send(self, message: bytes) -> None:
        self._answers.append(message)
        self._wake()
