"""What the emulated fob refuses, in the document's words and order (§1, §5, §6)."""

from __future__ import annotations

import time

import pytest

from tests.rig.faults import Faults
from tests.rig.fob.device import FRAME_REFUSAL, EmulatedFob
from tests.rig.fob.flash import Record
from tests.rig.fob.status import Status
from tests.rig_tests.conftest import World
from tests.rig_tests.host import (
    COMMIT,
    END,
    ERASE,
    HOTP_6,
    PROVE,
    READ_CODE,
    SEED,
    SET_CLOCK,
    STAGE,
    STATUS,
    TOTP_8_60,
    Host,
)

OUTER = 0x100
ZERO = bytes(4)


@pytest.fixture
def host(fob: EmulatedFob) -> Host:
    return Host.open(fob.answer)


def _parameters(**changes: int) -> bytes:
    values = bytearray(TOTP_8_60)
    for name, value in changes.items():
        values[
            {"slot": 0, "kind": 1, "algorithm": 2, "digits": 3, "period": 4, "counter": 12, "length": 13}[name]
        ] = value
    return bytes(values)


@pytest.mark.parametrize("message", [b"\x00\x01", b"\x00\x00", b"\x05\x80", b"\x05\xff\x00"])
def test_what_is_no_request_gets_the_frame_refusal_and_ends_nothing(
    fob: EmulatedFob, host: Host, message: bytes
) -> None:
    assert fob.answer(message) == FRAME_REFUSAL
    assert host.run(STATUS)[0] == Status.OK


def test_a_session_lives_as_long_as_the_host_asks_anything(
    fob: EmulatedFob, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_s = time.monotonic()
    for later_s in (25, 50, 75):
        monkeypatch.setattr("tests.rig.fob.device.time.monotonic", lambda at_s=begun_s + later_s: at_s)
        assert fob.answer(b"\x05\x44")[2] == Status.UNKNOWN
    assert host.run(STATUS)[0] == Status.OK
    monkeypatch.setattr("tests.rig.fob.device.time.monotonic", lambda: begun_s + 75 + 31)
    assert host.run(STATUS)[0] == OUTER + Status.NO_SESSION


def test_a_sealed_request_too_short_for_a_seal_ends_nothing(fob: EmulatedFob, host: Host) -> None:
    assert fob.answer(b"\x05\x03" + bytes(19)) == bytes([5, 0x83, Status.BAD_FORM])
    assert host.run(STATUS)[0] == Status.OK


def test_an_unknown_command_and_a_wrong_form(fob: EmulatedFob) -> None:
    assert fob.answer(b"\x05\x44") == bytes([5, 0xC4, Status.UNKNOWN])
    assert fob.answer(b"\x05\x01x") == bytes([5, 0x81, Status.BAD_FORM])
    assert fob.answer(b"\x05\x02" + bytes(96)) == bytes([5, 0x82, Status.BAD_FORM])
    assert fob.answer(b"\x05\x02" + bytes(97)) == bytes([5, 0x82, Status.BAD_FORM]), "no point of the curve"


@pytest.mark.parametrize(
    ("parameters", "seed"),
    [
        (_parameters(slot=2), SEED),
        (_parameters(kind=3), SEED),
        (_parameters(algorithm=4), SEED),
        (_parameters(algorithm=2), SEED),
        (_parameters(digits=7), SEED),
        (_parameters(period=31), SEED),
        (_parameters(counter=1), SEED),
        (_parameters(kind=2), SEED),
        (bytes.fromhex("01020106 00 8000000000000000 14"), SEED),
        (_parameters(length=21), bytes(21)),
    ],
)
def test_credentials_beyond_the_limits(host: Host, parameters: bytes, seed: bytes) -> None:
    assert host.run(STAGE, parameters + seed) == (Status.OUT_OF_LIMITS, b"")


def test_a_seed_of_another_length_than_told(host: Host) -> None:
    assert host.run(STAGE, TOTP_8_60 + SEED[:-1]) == (Status.BAD_FORM, b"")
    assert host.run(STAGE, b"") == (Status.BAD_FORM, b"")


def test_the_order_of_a_commits_conditions(fob: EmulatedFob, host: Host) -> None:
    assert host.run(COMMIT, ZERO)[0] == Status.NOTHING_STAGED
    host.run(STAGE, TOTP_8_60 + SEED)
    assert host.run(COMMIT, b"\0\0\0\x09")[0] == Status.NOT_PROVED
    host.run(PROVE, bytes(32))
    fob.faults = Faults(battery_percent=9, clock_stopped=True)
    assert host.run(COMMIT, b"\0\0\0\x09")[0] == Status.WRONG_GENERATION
    assert host.run(COMMIT, ZERO)[0] == Status.LOW_BATTERY
    fob.faults = Faults(clock_stopped=True)
    assert host.run(COMMIT, ZERO)[0] == Status.CLOCK_FAULT
    fob.faults = Faults(flash_broken=True)
    assert host.run(COMMIT, ZERO)[0] == Status.FLASH_FAULT
    fob.faults = Faults()
    assert host.run(COMMIT, ZERO) == (Status.OK, b"\0\0\0\x01")
    assert host.run(COMMIT, b"\0\0\0\x01")[0] == Status.NOTHING_STAGED


def test_a_refused_stage_forgets_what_was_staged(host: Host) -> None:
    host.run(STAGE, TOTP_8_60 + SEED)
    host.run(STAGE, _parameters(digits=7) + SEED)
    assert host.run(PROVE, bytes(32))[0] == Status.NOTHING_STAGED


def test_nothing_is_staged_or_erased_with_a_low_battery(fob: EmulatedFob, host: Host) -> None:
    fob.faults = Faults(battery_percent=9)
    assert host.run(STAGE, TOTP_8_60 + SEED)[0] == Status.LOW_BATTERY
    assert host.run(ERASE, b"\x01" + ZERO)[0] == Status.LOW_BATTERY
    fob.faults = Faults(battery_percent=10)
    assert host.run(STAGE, TOTP_8_60 + SEED)[0] == Status.OK


def test_a_code_is_read_only_by_the_session_that_committed_it(fob: EmulatedFob, host: Host) -> None:
    assert host.run(READ_CODE, b"\x01")[0] == Status.NOT_ALLOWED
    assert host.write() == Status.OK
    told = host.run(READ_CODE, b"\x01")[1]
    assert told[8:].decode() == fob.parts.flash.record.credential.code_at(int.from_bytes(told[:8], "big"))  # type: ignore[union-attr]
    assert Host.open(fob.answer).run(READ_CODE, b"\x01")[0] == Status.NOT_ALLOWED


def test_no_code_after_an_erasure(host: Host) -> None:
    assert host.write() == Status.OK
    assert host.run(ERASE, b"\x01\0\0\0\x01") == (Status.OK, b"\0\0\0\x02")
    assert host.run(READ_CODE, b"\x01")[0] == Status.NOT_ALLOWED


def test_the_last_generation_takes_neither_commit_nor_erasure(fob: EmulatedFob) -> None:
    fob.parts.flash.commit(Record(0xFFFF_FFFF))
    host = Host.open(fob.answer)
    assert host.write(generation=0xFFFF_FFFF) == Status.WRONG_GENERATION
    assert host.run(ERASE, b"\x01\xff\xff\xff\xff")[0] == Status.WRONG_GENERATION


def test_a_clock_takes_every_date_and_nothing_beyond(fob: EmulatedFob, host: Host) -> None:
    last = (0xFF_FFFF_FFFF).to_bytes(8, "big")
    assert host.run(SET_CLOCK, last) == (Status.OK, last)
    for beyond in (1 << 40, (1 << 64) - 1):
        assert host.run(SET_CLOCK, beyond.to_bytes(8, "big")) == (Status.OUT_OF_LIMITS, b"")
    assert fob.parts.clock.unix_time() == 0xFF_FFFF_FFFF


def test_a_counter_that_cannot_be_stored_shows_no_code(fob: EmulatedFob, host: Host) -> None:
    assert host.write(HOTP_6) == Status.OK
    fob.faults = Faults(flash_broken=True)
    assert host.run(READ_CODE, b"\x01") == (Status.FLASH_FAULT, b"")
    host.run(END)
    fob.press()
    assert fob.display().text == ""
    fob.faults = Faults()
    fob.press()
    held = fob.parts.flash.record.credential
    assert held is not None
    assert fob.display().text == held.code(held.first_counter)


def test_an_erasure_leaves_what_is_staged(fob: EmulatedFob, host: Host) -> None:
    host.run(STAGE, TOTP_8_60 + SEED)
    host.run(PROVE, bytes(32))
    assert host.run(ERASE, b"\x01" + ZERO) == (Status.OK, b"\0\0\0\x01")
    assert host.run(COMMIT, b"\0\0\0\x01") == (Status.OK, b"\0\0\0\x02")


@pytest.mark.parametrize(
    ("op", "body", "faults", "first"),
    [
        (STAGE, bytes([2]) + TOTP_8_60[1:] + SEED[1:], Faults(battery_percent=9), Status.BAD_FORM),
        (STAGE, bytes([2]) + TOTP_8_60[1:] + SEED, Faults(battery_percent=9), Status.OUT_OF_LIMITS),
        (SET_CLOCK, b"\xff" * 8, Faults(clock_stopped=True), Status.OUT_OF_LIMITS),
        (READ_CODE, b"\x02", Faults(), Status.OUT_OF_LIMITS),
        (ERASE, b"\x02\xff\xff\xff\xff", Faults(battery_percent=9), Status.OUT_OF_LIMITS),
        (ERASE, b"\x01\xff\xff\xff\xff", Faults(battery_percent=9), Status.WRONG_GENERATION),
        (ERASE, b"\x01\0\0\0\0", Faults(battery_percent=9, flash_broken=True), Status.LOW_BATTERY),
        (ERASE, b"\x01\0\0\0\0", Faults(flash_broken=True), Status.FLASH_FAULT),
    ],
)
def test_the_first_of_several_reasons_is_told(
    fob: EmulatedFob, host: Host, op: int, body: bytes, faults: Faults, first: Status
) -> None:
    fob.faults = faults
    assert host.run(op, body) == (first, b"")


def test_a_clock_that_does_not_run(fob: EmulatedFob, host: Host) -> None:
    fob.faults = Faults(clock_stopped=True)
    assert host.run(SET_CLOCK, bytes(8))[0] == Status.CLOCK_FAULT
    fob.faults = Faults(clock_wrong_s=3600)
    assert host.run(SET_CLOCK, (1000).to_bytes(8, "big"))[1] == (4600).to_bytes(8, "big")


def test_a_session_ends_with_a_broken_seal(fob: EmulatedFob, host: Host) -> None:
    request = host.sealed(bytes([STATUS]))
    assert fob.answer(request[:-1] + bytes([request[-1] ^ 1]))[2] == Status.SESSION_BROKEN
    assert fob.answer(request)[2] == Status.NO_SESSION


def test_no_request_is_taken_twice(fob: EmulatedFob, host: Host) -> None:
    request = host.sealed(bytes([STATUS]))
    assert fob.answer(request)[2] == Status.OK
    assert fob.answer(request)[2] == Status.SESSION_BROKEN
    assert not fob.session_open


def test_a_session_ends_by_end_by_another_and_by_the_host_going(fob: EmulatedFob, host: Host) -> None:
    assert host.run(END) == (Status.OK, b"")
    assert host.run(STATUS)[0] == OUTER + Status.NO_SESSION
    first = Host.open(fob.answer)
    Host.open(fob.answer)
    assert first.run(STATUS)[0] == OUTER + Status.SESSION_BROKEN
    third = Host.open(fob.answer)
    fob.lose_host()
    assert third.run(STATUS)[0] == OUTER + Status.NO_SESSION


def test_a_refused_opening_ends_the_session_too(fob: EmulatedFob, host: Host) -> None:
    fob.answer(b"\x05\x02x")
    assert host.run(STATUS)[0] == OUTER + Status.NO_SESSION


def test_identify_leaves_a_session_as_it_is(fob: EmulatedFob, host: Host) -> None:
    assert fob.answer(b"\x07\x01")[3 + 1] == 0b101, "clock set, session open"
    assert host.run(STATUS)[0] == Status.OK


def test_unknown_and_empty_operations(host: Host) -> None:
    assert host.run(0x42)[0] == Status.UNKNOWN
    assert host.ask(host.sealed(b""))[2] == Status.OK
    for op in (STATUS, END):
        assert host.run(op, b"x")[0] == Status.BAD_FORM
    for op in (PROVE, COMMIT, SET_CLOCK, READ_CODE, ERASE):
        assert host.run(op, b"")[0] == Status.BAD_FORM


def test_faults_change_what_is_told(fob: EmulatedFob, world: World) -> None:
    fob.faults = Faults(serial="KF-999999", firmware=(99, 0, 0), battery_percent=4, clock_wrong_s=60)
    told = fob.answer(b"\x01\x01")[3:]
    assert told[2] == 4
    assert int.from_bytes(told[4:12], "big") == world.unix_time + 60
    assert told[21:24] == bytes([99, 0, 0])
    assert told[24:40] == b"KF-999999".ljust(16, b"\0")
