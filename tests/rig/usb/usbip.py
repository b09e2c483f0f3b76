"""The four messages of USB/IP once a device is imported: 48 bytes, big-endian, then the transfer's data.

From the Linux kernel's documentation of the protocol (usbip_protocol).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

HEADER_BYTES: Final = 48
_BASIC: Final = struct.Struct(">IIIII")
_SUBMIT: Final = struct.Struct(">Iiiii8s")
_ANSWER: Final = struct.Struct(">IIIIIiiiii8x")
_UNLINKED: Final = struct.Struct(">IIIIIi24x")


class Message(IntEnum):
    """The command word."""

    SUBMIT = 1
    UNLINK = 2
    SUBMITTED = 3
    UNLINKED = 4


@dataclass(frozen=True, slots=True)
class Submit:
    """The host wants a transfer. `endpoint` has the direction bit; `size` is what the host has room for (IN)."""

    number: int
    endpoint: int
    size: int
    setup: bytes
    data: bytes

    @property
    def is_in(self) -> bool:
        """Device to host."""
        return bool(self.endpoint & 0x80)

    @property
    def is_control(self) -> bool:
        """On the control pipe."""
        return self.endpoint & 0x7F == 0


@dataclass(frozen=True, slots=True)
class Unlink:
    """The host does not want the transfer `whose` any more."""

    number: int
    whose: int


def receive(connection: socket.socket) -> Submit | Unlink | None:
    """The host's next message; None when the connection is over."""
    head = _exactly(connection, HEADER_BYTES)
    if head is None:
        return None
    command, number, _device, direction, endpoint = _BASIC.unpack_from(head)
    if command == Message.UNLINK:
        return Unlink(number, struct.unpack_from(">I", head, _BASIC.size)[0])
    _flags, size, _frame, _packets, _interval, setup = _SUBMIT.unpack_from(head, _BASIC.size)
    data = b"" if direction else _exactly(connection, size)
    if data is None:
        return None
    return Submit(number, endpoint | (0x80 if direction else 0), size, setup, data)


def submitted(submit: Submit, status: int, data: bytes = b"") -> bytes:
    """The end of a transfer: 0 or a negative errno, with what came in."""
    length = len(data) if submit.is_in else (len(submit.data) if status == 0 else 0)
    return _ANSWER.pack(Message.SUBMITTED, submit.number, 0, 0, 0, status, length, 0, 0, 0) + data


def unlinked(unlink: Unlink, status: int) -> bytes:
    """-ECONNRESET if the transfer was taken back, 0 if it had ended before."""
    return _UNLINKED.pack(Message.UNLINKED, unlink.number, 0, 0, 0, status)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = connection.recv(size - len(parts))
        except OSError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
