"""The emulated fob against the document's vectors (§12); the driver has its own test of the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Case, Manufacturer
from tests.rig.fob.flash import Record
from tests.rig.fob.otp import Credential
from tests.rig.wire import UnreadableFrame
from tests.rig.wire.hid_frames import HidReader, hid_reports
from tests.rig.wire.serial_frames import SerialReader, serial_frame
from tests.rig_tests.vectors import data, vectors

STEPS = ("status_before", "set_clock", "stage", "prove", "commit", "read_code", "status_after", "end")
ERASE_STEPS = ("status_before", "erase", "status_after", "end")
BEHIND_S = 90


def _private(value: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(value, "big"), ec.SECP256R1())


def _fixed(value: bytes) -> Callable[[], ec.EllipticCurvePrivateKey]:
    return lambda: _private(value)


class World:
    """The time outside the fob, moved by hand."""

    def __init__(self, unix_time: int) -> None:
        self.unix_time = unix_time

    def __call__(self) -> float:
        return self.unix_time


@pytest.fixture
def world() -> World:
    return World(int(vectors("program")["unix_time"]))


@pytest.fixture
def fob(tmp_path: Path, world: World) -> EmulatedFob:
    """The document's fob: generation 7, holding something, its clock no longer set and 90 s behind."""
    keys = data("keys")
    case = Case("KF10000001", "KF-1", (1, 2, 0), _private(keys["device_private"]), keys["certificate"])
    fob = EmulatedFob(tmp_path, case, world)
    fob.parts.flash.commit(Record(7, Credential(bytes.fromhex("010101083c000000000000000014"), bytes(20))))
    fob.parts.clock.set(world.unix_time - BEHIND_S)
    fob.parts.clock.falter()
    return fob


def test_messages_cross_as_reports() -> None:
    framing = data("framing")
    reader = HidReader()
    for number, count in ((1, 1), (2, 2), (3, 1)):
        message = framing[f"message_{number}"]
        reports = [framing[f"message_{number}_report_{index}"] for index in range(count)]
        assert hid_reports(message) == reports
        assert [reader.take(report, 0.0) for report in reports] == [None] * (count - 1) + [message]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_messages_cross_as_serial_frames(number: int) -> None:
    framing = data("framing")
    message, frame = framing[f"message_{number}"], framing[f"message_{number}_serial"]
    assert serial_frame(message) == frame
    assert list(SerialReader().take(frame, 0.0)) == [message]
    flipped = bytearray(frame)
    flipped[1] ^= 1
    (answer,) = SerialReader().take(bytes(flipped), 0.0)
    assert isinstance(answer, UnreadableFrame)


def test_the_factory_makes_the_documents_certificate() -> None:
    keys = data("keys")
    manufacturer = Manufacturer(_private(keys["root_private"]))
    assert manufacturer.root_public == keys["root_public"]
    assert manufacturer.root_id == keys["root_id"]
    assert manufacturer.certify("KF10000001", "KF-1", _private(keys["device_private"])) == keys["certificate"]


def test_identify(fob: EmulatedFob) -> None:
    told = data("identify")
    assert fob.answer(told["request"]) == told["response"]


def test_a_write_and_an_erasure_byte_for_byte(fob: EmulatedFob, world: World) -> None:
    write = data("program")
    fob.fresh_key = _fixed(write["fob_ephemeral_private"])
    assert fob.answer(write["open_request"]) == write["open_response"]
    for step in STEPS:
        assert fob.answer(write[f"{step}_request"]) == write[f"{step}_response"], step
    assert fob.display().text == vectors("program")["code"]

    world.unix_time = int(vectors("erase")["unix_time"])
    erasure = data("erase")
    fob.fresh_key = _fixed(erasure["fob_ephemeral_private"])
    assert fob.answer(erasure["open_request"]) == erasure["open_response"]
    for step in ERASE_STEPS:
        assert fob.answer(erasure[f"{step}_request"]) == erasure[f"{step}_response"], step
    assert fob.display().text == ""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_cannot_be_read_as_reports(number: int) -> None:
    with pytest.raises(UnreadableFrame):
        HidReader().take(data("framing")[f"unreadable_report_{number}"], 0.0)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_what_cannot_be_read_as_a_serial_frame(number: int) -> None:
    (answer,) = SerialReader().take(data("framing")[f"unreadable_serial_{number}"], 0.0)
    assert isinstance(answer, UnreadableFrame)


def test_refusals_byte_for_byte_and_an_hotp_credential_written_in_spite_of_them(
    fob: EmulatedFob, world: World
) -> None:
    told = data("refusals")
    world.unix_time = int(vectors("refusals")["unix_time"])
    fob.parts.flash.commit(Record(9))
    fob.parts.clock.set(world.unix_time)
    fob.fresh_key = _fixed(told["fob_ephemeral_private"])
    steps = [name.removesuffix("_request") for name in told if name.endswith("_request")]
    assert len(steps) == 26
    for step in steps:
        assert fob.answer(told[f"{step}_request"]) == told[f"{step}_response"], step
    held = fob.parts.flash.record
    assert held == Record(10, Credential(told["stage_request_plain"][1:15], told["stage_request_plain"][15:]))


def test_counter_codes() -> None:
    plain = data("hotp")["stage_request_plain"]
    held = Credential(plain[1:15], plain[15:])
    assert data("refusals")["prove_response_plain"] == data("hotp")["prove_response_plain"]
    assert held.first_counter == 1000
    assert [held.code(1000), held.code(1001)] == [vectors("hotp")["code_1000"], vectors("hotp")["code_1001"]]
