"""The emulated key: a card with the OATH application, and the one that tells its serial number."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.rig.ykoath.applet import OathApplet
from tests.rig.ykoath.hand import Hand
from tests.rig.ykoath.memory import Memory
from tests.rig.ykoath.models import Model, SerialPlace
from tests.rig.ykoath.tlv import Refusal, tlv

OATH_AID: Final = bytes.fromhex("A0000005272101")
MANAGEMENT_AID: Final = bytes.fromhex("A000000527471117")
CANOKEY_ADMIN_AID: Final = bytes.fromhex("F000000000")
_DONE: Final = b"\x90\x00"
_SHORT_ANSWER_BYTES: Final = 256
_NO_APPLICATION: Final = 0x6A82
_CCID_APPLICATIONS: Final = 0x3A
"""U2F, OpenPGP, PIV, OATH in the device information's capability bits."""


@dataclass(frozen=True, slots=True)
class Apdu:
    """A command, short or extended. `room`: how long an answer it takes at once."""

    ins: int
    p1: int
    p2: int
    data: bytes
    room: int

    @classmethod
    def parse(cls, raw: bytes) -> Apdu:
        """Raises Refusal."""
        if len(raw) < 4 or raw[0] != 0:
            raise Refusal(0x6700 if len(raw) < 4 else 0x6E00)
        extended = len(raw) > 6 and raw[4] == 0
        width = 3 if extended else 1
        body = raw[4:]
        if len(body) <= width:
            data, rest = b"", body
        else:
            length = int.from_bytes(body[:width])
            data, rest = body[width : width + length], body[width + length :]
            if len(data) != length or len(rest) > 2:
                raise Refusal(0x6700)
        room = int.from_bytes(rest) or (1 << 16 if extended else _SHORT_ANSWER_BYTES)
        return cls(raw[1], raw[2], raw[3], data, room)


class OathKey:
    """One key. Safe between threads. `told_serial`: tells it in place of its own (a fault)."""

    def __init__(self, model: Model, serial: bytes, memory: Memory | None = None) -> None:
        """`serial` has four bytes."""
        self.model = model
        self.serial = serial
        self.told_serial = b""
        self.hand = Hand()
        self.oath = OathApplet(model, memory or Memory(), self.hand, serial)
        self._lock = threading.Lock()
        self._selected = b""
        self._remaining = b""

    @property
    def memory(self) -> Memory:
        """What the OATH application keeps."""
        return self.oath.memory

    def companion_code(self, name_ends: str, unix_time: float) -> str:
        """What a companion program shows of the last credential whose name ends so; empty without one.

        For HOTP the next code, which is used up. The period is read from the name, as those programs do.
        """
        with self._lock:
            found = [record for name, record in self.memory.records.items() if name.endswith(name_ends.encode())]
            if not found:
                return ""
            period, slash, _ = found[-1].name.partition(b"/")
            step_s = int(period) if slash and period.isdigit() else 30
            return found[-1].code(int(unix_time) // step_s, counts_first=self.model.counts_first)

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self.model.atr

    def power_on(self) -> None:
        """A fresh session, nothing selected."""
        self.power_off()
        self.hand.power()

    def power_off(self) -> None:
        """What is volatile is gone; a touch is waited for no more."""
        self.hand.let_go()
        with self._lock:
            self._selected = self._remaining = b""
            self.oath.forget()

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        """One command, one answer."""
        with self._lock:
            try:
                command = Apdu.parse(apdu)
                return self._part(self._answer(command, extend), command.room)
            except Refusal as refusal:
                return refusal.word.to_bytes(2)

    def _answer(self, apdu: Apdu, extend: Callable[[], None]) -> bytes:
        if (apdu.ins, apdu.p1) == (0xA4, 0x04):
            return self._select(apdu.data)
        if self._selected == OATH_AID:
            if apdu.ins == 0xA5:
                return self._rest()
            self._remaining = b""
            return self.oath.perform(apdu.ins, apdu.p1, apdu.p2, apdu.data, extend)
        if apdu.ins == 0xC0:
            return self._rest()
        if self._selected == MANAGEMENT_AID and apdu.ins == 0x1D:
            return self._device_information(apdu.p1)
        if self._selected == CANOKEY_ADMIN_AID and (apdu.ins, apdu.p1, apdu.p2) == (0x32, 0, 0):
            return self.told_serial or self.serial
        raise Refusal(0x6D00)

    def _select(self, aid: bytes) -> bytes:
        known = {OATH_AID: None, MANAGEMENT_AID: SerialPlace.YUBICO_MANAGEMENT}
        known[CANOKEY_ADMIN_AID] = SerialPlace.CANOKEY_ADMIN
        if aid not in known or known[aid] not in (None, self.model.serial_place):
            raise Refusal(_NO_APPLICATION)
        self._selected, self._remaining = aid, b""
        self.oath.forget()
        if aid == OATH_AID:
            self.oath.serial = self.told_serial or self.serial
            return self.oath.select()
        if aid == MANAGEMENT_AID:
            return f"Virtual mgr - FW version {'.'.join(map(str, self.model.version))}".encode()
        return b""

    def _device_information(self, page: int) -> bytes:
        if page:
            return b"\0"
        applications = _CCID_APPLICATIONS.to_bytes(1)
        told = tlv(0x01, applications) + tlv(0x02, self.told_serial or self.serial) + tlv(0x03, applications)
        told += tlv(0x04, b"\x01") + tlv(0x05, bytes(self.model.version)) + tlv(0x0A, b"\0")
        return bytes([len(told)]) + told

    def _rest(self) -> bytes:
        if not self._remaining:
            raise Refusal(0x6985)
        return self._remaining

    def _part(self, answer: bytes, room: int) -> bytes:
        """As much as the command takes, and how much more there is."""
        part, self._remaining = answer[:room], answer[room:]
        if not self._remaining:
            return part + _DONE
        return part + bytes([0x61, min(len(self._remaining), 0xFF)])
