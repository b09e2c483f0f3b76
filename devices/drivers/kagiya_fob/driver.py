"""Writes and erases credentials in fobs of the open protocol: stage → prove → commit (kagiya-fob.md section 6)."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.kagiya_fob.messages import (
    ANSWER_BYTES,
    SERIAL_BYTES,
    Command,
    Operation,
    Status,
    decode_code,
    decode_identity,
    parameters,
)
from devices.drivers.kagiya_fob.session import (
    OPEN_BYTES,
    Draw,
    Session,
    agree,
    sealed_bytes,
    trusted_root,
)
from devices.drivers.kagiya_fob.wire import Wire
from devices.errors import (
    BadAnswer,
    DeviceError,
    LowBattery,
    NotGenuine,
    NotProved,
    Overtaken,
    RefusedByDevice,
    WrongClock,
)
from devices.links import AnyLink
from devices.steps import Steps

_PROVE_LABEL: Final = b"kagiya-fob/1 prove"
_DEVICE_BATTERY_PERCENT: Final = 10
_OPEN_REQUEST_BYTES: Final = 2 + 32 + 65
_OPEN_RESPONSE_BYTES: Final = 3 + OPEN_BYTES
_FLASH: Final = (Operation.COMMIT, Operation.ERASE)


class KagiyaFob:
    """A fob behind an open link. Not for use by two threads."""

    def __init__(self, link: AnyLink, surroundings: Surroundings, draw: Draw | None = None) -> None:
        self._around = surroundings
        self._draw = draw or Draw()
        self._steps = Steps(surroundings.on_progress)
        self._wire = Wire(link, self._steps.crossed)
        self._identity: DeviceIdentity | None = None
        self._session: Session | None = None
        self._failure: DeviceError | None = None

    def identify(self) -> DeviceIdentity:
        """IDENTIFY. Raises LinkFailed, AnswerUnusable."""
        body = self._wire.ask(Command.IDENTIFY, b"", self._around.profile.timing.identify_timeout_s)
        self._identity = decode_identity(body, "identify")
        return self._identity

    def prove_genuine(self) -> None:
        """Open a session, which only a certified fob can. Raises NotGenuine, WrongSerial."""
        self._open()

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Set the clock, stage, prove, commit, read a code back. Raises as TokenDriver.program."""
        self._around.profile.check(program.form)
        code_bytes = 8 + program.form.digits
        self._expect(_write_lengths(14 + program.form.seed_bytes, code_bytes))
        before = self._open_to_write()
        self.set_clock(round(self._around.clock()))
        self._stage_and_prove(program, before.serial)
        generation = self._next_generation(Operation.COMMIT, b"", before.generation)
        code = self.read_code(program.form.slot)
        return self._receipt(before, generation, code)

    def erase(self, slot: int) -> WriteReceipt:
        """ERASE. Raises as TokenDriver.erase."""
        self._around.profile.check_slot(slot)
        self._expect(_erase_lengths())
        before = self._open_to_write()
        generation = self._next_generation(Operation.ERASE, bytes([slot]), before.generation)
        return self._receipt(before, generation, "")

    def set_clock(self, unix_time: int) -> int:
        """SET CLOCK. Raises WrongClock if the clock does not run or reads otherwise."""
        clock = int.from_bytes(self._perform(Operation.SET_CLOCK, unix_time.to_bytes(8)))
        self._around.check_clock(clock)
        return clock

    def read_code(self, slot: int) -> str:
        """READ CODE, in the session that committed only. Raises RefusedByDevice otherwise."""
        return decode_code(self._perform(Operation.READ_CODE, bytes([slot])))

    def close(self) -> None:
        """END where a session is open and whole, then give the link back."""
        try:
            if self._session is not None and self._failure is None:
                self._perform(Operation.END, b"")
        except DeviceError:
            # the fob ends the session by itself when the host is gone
            pass
        finally:
            self._session = None
            self._wire.close()

    def _open(self) -> Session:
        if self._failure is not None:
            raise self._failure
        if self._session is None:
            identity = self._identity or self.identify()
            profile = self._around.profile
            root = trusted_root(self._around.roots, profile.driver.root)
            keys = agree(self._wire, self._draw, root, profile.timing.open_timeout_s)
            self._check_names(identity, keys.certificate.serial, keys.certificate.model)
            self._session = Session(self._wire, keys)
        return self._session

    def _check_names(self, identity: DeviceIdentity, serial: str, model: str) -> None:
        self._around.check_serial(serial)
        if (serial, model) != (identity.serial, identity.model):
            raise NotGenuine("identity")

    def _open_to_write(self) -> DeviceIdentity:
        """The identity under seal, of a fob that may be written."""
        self._open()
        status = self._status()
        minimum = self._around.profile.limits.battery_min_percent
        if status.battery_percent is not None and status.battery_percent < minimum:
            raise LowBattery(status.battery_percent, minimum)
        expected = self._around.expected_generation
        if expected is not None and status.generation != expected:
            raise Overtaken(expected, status.generation)
        return status

    def _status(self) -> DeviceIdentity:
        status = decode_identity(self._perform(Operation.STATUS, b""), "status")
        if self._identity is not None:
            self._check_names(self._identity, status.serial, status.model)
        return status

    def _stage_and_prove(self, program: SlotProgram, serial: str) -> None:
        head = parameters(program.form)
        self._perform(Operation.STAGE, head + program.secret)
        proof = self._perform(Operation.PROVE, self._draw.challenge)
        padded = serial.encode().ljust(SERIAL_BYTES, b"\0")
        proved = _PROVE_LABEL + self._draw.challenge + padded + head
        if not hmac.compare_digest(proof, hmac.digest(program.secret, proved, sha256)):
            raise NotProved("proof")

    def _next_generation(self, operation: Operation, body: bytes, generation: int) -> int:
        answer = self._perform(operation, body + generation.to_bytes(4))
        after = int.from_bytes(answer)
        if after != generation + 1:
            raise NotProved("generation")
        return after

    def _receipt(self, before: DeviceIdentity, generation: int, code: str) -> WriteReceipt:
        after = self._status()
        if after.generation != generation or after.holds_credential != bool(code):
            raise NotProved("generation")
        if code:
            self._around.check_clock(after.clock)
        return WriteReceipt(
            serial=after.serial,
            model=after.model,
            firmware=str(after.firmware),
            generation_before=before.generation,
            generation_after=after.generation,
            battery_percent=after.battery_percent,
            clock_offset_s=self._around.clock_offset_s(after.clock),
            reports=self._steps.end(),
            code=code,
        )

    def _perform(self, operation: Operation, body: bytes) -> bytes:
        timing = self._around.profile.timing
        timeout_s = timing.flash_timeout_s if operation in _FLASH else timing.operation_timeout_s
        session = self._open()
        try:
            answer = session.perform(operation, body, timeout_s)
        except RefusedByDevice as refusal:
            raise self._refusal(refusal) from None
        except DeviceError as failure:
            # what the host chose at random for this conversation is never used for a second one
            self._failure = failure
            raise
        if len(answer) != ANSWER_BYTES.get(operation, len(answer)):
            raise BadAnswer(operation.name.lower(), "wrong length")
        return answer

    def _refusal(self, refusal: RefusedByDevice) -> DeviceError:
        """The typed error for the refusals that have one."""
        if refusal.status == Status.LOW_BATTERY.name.lower():
            percent = self._identity.battery_percent if self._identity else None
            return LowBattery(percent or 0, _DEVICE_BATTERY_PERCENT)
        if refusal.status == Status.CLOCK_FAULT.name.lower():
            return WrongClock(None, self._around.profile.limits.clock_tolerance_s)
        return refusal

    def _expect(self, lengths: list[tuple[int, int]]) -> None:
        self._steps.begin(sum(self._wire.frames(asked) + self._wire.frames(answer) for asked, answer in lengths))


def _write_lengths(stage_body: int, code_bytes: int) -> list[tuple[int, int]]:
    """Lengths of every request and response of a write, in order."""
    return [
        (_OPEN_REQUEST_BYTES, _OPEN_RESPONSE_BYTES),
        sealed_bytes(0, ANSWER_BYTES[Operation.STATUS]),
        sealed_bytes(8, ANSWER_BYTES[Operation.SET_CLOCK]),
        sealed_bytes(stage_body, ANSWER_BYTES[Operation.STAGE]),
        sealed_bytes(32, ANSWER_BYTES[Operation.PROVE]),
        sealed_bytes(4, ANSWER_BYTES[Operation.COMMIT]),
        sealed_bytes(1, code_bytes),
        sealed_bytes(0, ANSWER_BYTES[Operation.STATUS]),
    ]


def _erase_lengths() -> list[tuple[int, int]]:
    """Lengths of every request and response of an erasure, in order."""
    return [
        (_OPEN_REQUEST_BYTES, _OPEN_RESPONSE_BYTES),
        sealed_bytes(0, ANSWER_BYTES[Operation.STATUS]),
        sealed_bytes(5, ANSWER_BYTES[Operation.ERASE]),
        sealed_bytes(0, ANSWER_BYTES[Operation.STATUS]),
    ]
