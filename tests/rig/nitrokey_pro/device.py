"""The emulated stick as its HID interface shows it: one 64-byte feature report in, one out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.rig.at_work import AtWork
from tests.rig.nitrokey_pro.card import Card
from tests.rig.nitrokey_pro.checksum import checksum
from tests.rig.nitrokey_pro.commands import COMMANDS, Command, Refusal, Status, Stick
from tests.rig.nitrokey_pro.memory import Clock, Memory
from tests.rig.usb.plan import Stalled

REPORT_BYTES: Final = 64
_BODY_BYTES: Final = 60
_RESULT_BYTES: Final = 53
_BUSY: Final = 1


class Model(StrEnum):
    """Whose label is on it."""

    PRO = "Nitrokey Pro"
    LIBREM_KEY = "Librem Key"
    STORAGE = "Nitrokey Storage"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the stick is busy, in seconds: with a plain command, with its flash, with the card."""

    plain_s: float = 0.0
    write_s: float = 0.0
    card_s: float = 0.0


AT_ONCE: Final = Pace()
REAL: Final = Pace(plain_s=0.01, write_s=0.06, card_s=0.2)
"""What a stick may well take; the vendor's library waits 100 ms before it looks."""
_WRITES: Final = {Command.WRITE_SLOT, Command.ERASE_SLOT, Command.WRITE_CONFIG, Command.SET_TIME}
_ASKS_CARD: Final = {
    Command.LOGIN_ADMIN,
    Command.LOGIN_USER,
    Command.UNBLOCK_USER,
    Command.FACTORY_RESET,
    Command.CHANGE_ADMIN_PIN,
    Command.CHANGE_USER_PIN,
}


class EmulatedNitrokey:
    """One stick (FeatureGadget). Safe between threads. Of `world`, a Unix time, it knows only the flow."""

    def __init__(
        self,
        serial: int = 0x5678,
        firmware: tuple[int, int] = (0, 15),
        model: Model = Model.PRO,
        *,
        world: Callable[[], float] = time.time,
        pace: Pace = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.stick = Stick(firmware, Card(serial), Memory(Clock(world)))
        self.pace = pace
        self._work = AtWork(clock)
        self._lock = threading.RLock()
        self._answer = bytes(REPORT_BYTES)

    @property
    def serial(self) -> str:
        """The card's, as the vendor's tools and GnuPG show it."""
        return f"{self.stick.card.serial:08X}"

    def held(self, number: int) -> bytes | None:
        """The 40 secret bytes in a slot, by its number on the wire."""
        slot = self.stick.memory.slots.get(number)
        return slot.secret if slot else None

    def companion_code(self, number: int, unix_time: float) -> str:
        """What a companion program shows that sets the clock and asks for a TOTP code; empty for an empty slot."""
        slot = self.stick.memory.slots.get(number)
        return str(slot.code(int(unix_time) // slot.step_s)).zfill(slot.digits) if slot else ""

    def take_time(self) -> None:
        """From now on it is busy as long as a real one."""
        self.pace = REAL

    def worked_s(self) -> float:
        """How long it has been busy so far."""
        return self._work.total_s

    def lose_power(self) -> None:
        """Unplugged."""
        with self._lock:
            self.stick.memory.lose_power()
            self._answer = bytes(REPORT_BYTES)
            self._work.stop()

    def set_feature(self, data: bytes) -> None:
        """SET_REPORT: a request; while the stick is busy it is lost without a word."""
        if len(data) != REPORT_BYTES:
            raise Stalled
        with self._lock:
            if self._work.busy:
                return
            self._work.begin(self._takes_s(data[0]))
            self._answer = self._run(data)

    def get_feature(self) -> bytes:
        """GET_REPORT: the answer to the last request; byte 0 tells whether it is there yet."""
        with self._lock:
            if self._work.busy:
                return bytes([_BUSY]) + bytes(REPORT_BYTES - 1)
            return self._answer

    def _run(self, request: bytes) -> bytes:
        told = checksum(request[:_BODY_BYTES])
        status, result = Status.OK, b""
        try:
            result = self._result(request, told)
        except Refusal as refusal:
            status = refusal.status
        head = bytes([0, request[0]]) + told.to_bytes(4, "little") + bytes([status])
        body = head + result.ljust(_RESULT_BYTES, b"\0")
        return body + checksum(body).to_bytes(4, "little")

    def _result(self, request: bytes, told: int) -> bytes:
        if told != int.from_bytes(request[_BODY_BYTES:], "little"):
            raise Refusal(Status.WRONG_CRC)
        command = COMMANDS.get(request[0])
        if command is None:
            raise Refusal(Status.UNKNOWN_COMMAND)
        return command(self.stick, request[1:_BODY_BYTES])

    def _takes_s(self, command: int) -> float:
        if command in _ASKS_CARD:
            return self.pace.card_s
        return self.pace.write_s if command in _WRITES else self.pace.plain_s
