"""The sealed operations (§6), each a function of the fob's parts, the session and the operation's body."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from tests.rig.fob.factory import padded
from tests.rig.fob.flash import FlashFault, Record
from tests.rig.fob.otp import PARAMETER_BYTES, Credential, OtpKind, within_limits
from tests.rig.fob.parts import Parts
from tests.rig.fob.session import Session
from tests.rig.fob.status import Refusal, Status

LAST_GENERATION: Final = 0xFFFF_FFFF
LAST_SECOND: Final = 0xFF_FFFF_FFFF
LOWEST_BATTERY_PERCENT: Final = 10
_ONLY_SLOT: Final = 1


def stage(parts: Parts, session: Session, body: bytes) -> bytes:
    """Keep a credential in RAM; whatever was staged before is forgotten first."""
    session.staged, session.proved = None, False
    if len(body) < PARAMETER_BYTES:
        raise Refusal(Status.BAD_FORM)
    parameters, seed = body[:PARAMETER_BYTES], body[PARAMETER_BYTES:]
    if len(seed) != parameters[-1]:
        raise Refusal(Status.BAD_FORM)
    if not within_limits(parameters):
        raise Refusal(Status.OUT_OF_LIMITS)
    _require_battery(parts)
    session.staged = Credential(parameters, seed)
    return b""


def prove(parts: Parts, session: Session, body: bytes) -> bytes:
    """Show that the staged seed is the one the host means."""
    _require(len(body) == 32, Status.BAD_FORM)
    if session.staged is None:
        raise Refusal(Status.NOTHING_STAGED)
    session.proved = True
    told = b"kagiya-fob/1 prove" + body + padded(parts.told_serial) + session.staged.parameters
    return hmac.digest(session.staged.seed, told, "sha256")


def commit(parts: Parts, session: Session, body: bytes) -> bytes:
    """Move the staged credential into the flash; checks in the order of §6."""
    _require(len(body) == 4, Status.BAD_FORM)
    staged = session.staged
    if staged is None:
        raise Refusal(Status.NOTHING_STAGED)
    _require(session.proved, Status.NOT_PROVED)
    generation = _next_generation(parts, body)
    _require_battery(parts)
    _require(staged.kind is OtpKind.HOTP or parts.clock.is_set, Status.CLOCK_FAULT)
    _write(parts, Record(generation, staged))
    session.staged, session.proved, session.may_read = None, False, True
    return generation.to_bytes(4, "big")


def set_clock(parts: Parts, _session: Session, body: bytes) -> bytes:
    """Set the clock and tell how it reads afterwards."""
    _require(len(body) == 8, Status.BAD_FORM)
    _require(int.from_bytes(body, "big") <= LAST_SECOND, Status.OUT_OF_LIMITS)
    _require(not parts.clock.stopped, Status.CLOCK_FAULT)
    parts.clock.set(int.from_bytes(body, "big"))
    return parts.clock.unix_time().to_bytes(8, "big")


def read_code(parts: Parts, session: Session, body: bytes) -> bytes:
    """The code of the credential that this very session committed."""
    _require(len(body) == 1, Status.BAD_FORM)
    _require(body[0] == _ONLY_SLOT, Status.OUT_OF_LIMITS)
    _require(session.may_read, Status.NOT_ALLOWED)
    held = parts.flash.record.credential
    if held is None:
        raise Refusal(Status.EMPTY_SLOT)
    unix_time = parts.clock.unix_time()
    if held.kind is OtpKind.TOTP:
        _require(parts.clock.is_set, Status.CLOCK_FAULT)
        code = held.code_at(unix_time)
    else:
        _require(not parts.flash.broken, Status.FLASH_FAULT)
        code = held.code(parts.counter.take(parts.flash.record.generation, held.first_counter))
    return unix_time.to_bytes(8, "big") + code.encode()


def erase(parts: Parts, session: Session, body: bytes) -> bytes:
    """Destroy the seed of a slot, also of an empty one."""
    _require(len(body) == 5, Status.BAD_FORM)
    _require(body[0] == _ONLY_SLOT, Status.OUT_OF_LIMITS)
    generation = _next_generation(parts, body[1:])
    _require_battery(parts)
    _write(parts, Record(generation))
    session.may_read = False
    return generation.to_bytes(4, "big")


def status(parts: Parts, _session: Session, body: bytes) -> bytes:
    """The identity, told under seal."""
    _require(not body, Status.BAD_FORM)
    return parts.identity(session_open=True)


def end(_parts: Parts, _session: Session, body: bytes) -> bytes:
    """Nothing to do here: the fob drops the session behind this answer."""
    _require(not body, Status.BAD_FORM)
    return b""


Operation = Callable[[Parts, Session, bytes], bytes]
END: Final = 0x1F
OPERATIONS: Final[dict[int, Operation]] = {
    0x10: stage,
    0x11: prove,
    0x12: commit,
    0x13: set_clock,
    0x14: read_code,
    0x15: erase,
    0x16: status,
    END: end,
}


def _require(holds: bool, otherwise: Status) -> None:
    if not holds:
        raise Refusal(otherwise)


def _require_battery(parts: Parts) -> None:
    _require(parts.battery_percent >= LOWEST_BATTERY_PERCENT, Status.LOW_BATTERY)


def _next_generation(parts: Parts, expected: bytes) -> int:
    generation = parts.flash.record.generation
    right = int.from_bytes(expected, "big") == generation and generation != LAST_GENERATION
    _require(right, Status.WRONG_GENERATION)
    return generation + 1


def _write(parts: Parts, record: Record) -> None:
    try:
        parts.flash.commit(record)
    except FlashFault:
        raise Refusal(Status.FLASH_FAULT) from None
