"""The emulated fob: answers messages, shows codes, and keeps everything lasting in its directory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from tests.rig.faults import Faults
from tests.rig.fob.battery_memory import CounterMemory, FobClock
from tests.rig.fob.factory import Case, load_case, store_case
from tests.rig.fob.flash import Flash
from tests.rig.fob.operations import END, OPERATIONS
from tests.rig.fob.otp import Credential, OtpKind
from tests.rig.fob.parts import Parts
from tests.rig.fob.session import IDLE_S, SEALED_BODY_BYTES, SealBroken, Session, agree
from tests.rig.fob.status import Refusal, Status

FRAME_REFUSAL: Final = bytes([0x00, 0x80, Status.FRAME])
PRESS_SHOWN_S: Final = 15.0
"""How long an HOTP code stays on the display (§9)."""
_IDENTIFY: Final = 0x01
_OPEN_SESSION: Final = 0x02
_SEALED: Final = 0x03
_RESPONSE: Final = 0x80


@dataclass(frozen=True, slots=True)
class Display:
    """What the screen shows: digits or nothing, and for TOTP how long they hold."""

    text: str = ""
    seconds_left: int = 0
    period_s: int = 0


class EmulatedFob:
    """One fob. Safe between threads. A killed process loses the session and what was staged, nothing else."""

    def __init__(self, data_dir: Path, case: Case, world_unix_time: Callable[[], float]) -> None:
        """`data_dir` holds the fob's memory and is made if missing."""
        data_dir.mkdir(parents=True, exist_ok=True)
        flash = Flash(data_dir / "flash.bin")
        clock = FobClock(data_dir / "clock.json", world_unix_time)
        self.parts = Parts(case, flash, clock, CounterMemory(data_dir / "counter.json"))
        # tests put the vectors' ephemeral keys here
        self.fresh_key: Callable[[], ec.EllipticCurvePrivateKey] = lambda: ec.generate_private_key(ec.SECP256R1())
        self._session: Session | None = None
        self._pressed = ("", 0.0)
        self._lock = threading.RLock()

    @classmethod
    def from_directory(cls, data_dir: Path, world_unix_time: Callable[[], float]) -> EmulatedFob:
        """A fob that was stored before."""
        return cls(data_dir, load_case(data_dir / "case.json"), world_unix_time)

    def store(self, data_dir: Path) -> None:
        """Keep the case too, so that `from_directory` finds the whole fob."""
        store_case(data_dir / "case.json", self.parts.case)

    @property
    def serial(self) -> str:
        """The printed serial number."""
        return self.parts.case.serial

    @property
    def faults(self) -> Faults:
        """What is wrong with it."""
        return self.parts.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._lock:
            self.parts.faults = faults
            self.parts.clock.wrong_by_s = faults.clock_wrong_s
            self.parts.clock.stopped = faults.clock_stopped
            self.parts.flash.broken = faults.flash_broken

    @property
    def session_open(self) -> bool:
        """Whether a host is talking under seal."""
        with self._lock:
            return self._live_session() is not None

    def answer(self, message: bytes) -> bytes:
        """The response to one request of 2 to 1024 bytes."""
        with self._lock:
            number, command, body = message[0], message[1], message[2:]
            if number == 0 or command >= _RESPONSE:
                return FRAME_REFUSAL
            self._live_session(heard=True)
            head = bytes([number, command + _RESPONSE])
            try:
                if command == _SEALED:
                    return self._sealed(head, message)
                return head + bytes([Status.OK]) + self._plain(command, body)
            except Refusal as refusal:
                return head + bytes([refusal.status])

    def lose_host(self) -> None:
        """Unplugged or lifted out: session and staged seed are gone (§8)."""
        with self._lock:
            self._session = None

    def press(self) -> None:
        """The button: an HOTP fob shows its next code for 15 s; a TOTP fob shows its code anyway."""
        with self._lock:
            record = self.parts.flash.record
            held = record.credential
            if held is None or held.kind is not OtpKind.HOTP or self._live_session() or self.parts.flash.broken:
                return
            code = held.code(self.parts.counter.take(record.generation, held.first_counter))
            self._pressed = (code, time.monotonic() + PRESS_SHOWN_S)

    def display(self) -> Display:
        """What the screen shows now (§9), a TOTP fob's button held down."""
        with self._lock:
            held = self.parts.flash.record.credential
            if held is None or self._live_session():
                return Display()
            if held.kind is OtpKind.TOTP:
                return _totp_display(held, self.parts.clock)
            text, until_s = self._pressed
            return Display(text if time.monotonic() < until_s else "")

    def _plain(self, command: int, body: bytes) -> bytes:
        if command == _IDENTIFY:
            if body:
                raise Refusal(Status.BAD_FORM)
            return self.parts.identity(session_open=self._session is not None)
        if command == _OPEN_SESSION:
            return self._open(body)
        raise Refusal(Status.UNKNOWN)

    def _open(self, body: bytes) -> bytes:
        self._session = None
        if len(body) != 97:
            raise Refusal(Status.BAD_FORM)
        parts, now_s = self.parts, time.monotonic()
        try:
            self._session, answer = agree(body, parts.certificate, parts.case.device_key, self.fresh_key(), now_s)
        except ValueError:
            raise Refusal(Status.BAD_FORM) from None
        return answer

    def _sealed(self, head: bytes, message: bytes) -> bytes:
        session = self._session
        if session is None:
            raise Refusal(Status.NO_SESSION)
        if len(message) - 2 < SEALED_BODY_BYTES:
            raise Refusal(Status.BAD_FORM)
        try:
            operation = session.open_request(message)
        except SealBroken:
            self._session = None
            raise Refusal(Status.SESSION_BROKEN) from None
        answer = self._operate(session, operation)
        if operation[:1] == bytes([END]) and answer == bytes([Status.OK]):
            self._session = None
        return session.seal_answer(head + bytes([Status.OK]), answer)

    def _operate(self, session: Session, operation: bytes) -> bytes:
        if not operation:
            return bytes([Status.BAD_FORM])
        run = OPERATIONS.get(operation[0])
        if run is None:
            return bytes([Status.UNKNOWN])
        try:
            return bytes([Status.OK]) + run(self.parts, session, operation[1:])
        except Refusal as refusal:
            return bytes([refusal.status])

    def _live_session(self, *, heard: bool = False) -> Session | None:
        session, now_s = self._session, time.monotonic()
        if session is not None and now_s - session.last_heard_s > IDLE_S:
            self._session = session = None
        if session is not None and heard:
            session.last_heard_s = now_s
        return session


def _totp_display(held: Credential, clock: FobClock) -> Display:
    if not clock.is_set:
        return Display()
    unix_time = clock.unix_time()
    return Display(held.code_at(unix_time), held.period_s - unix_time % held.period_s, held.period_s)
