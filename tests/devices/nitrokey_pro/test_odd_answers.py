"""A Nitrokey that answers late, wrongly, or with anything at all: a typed error in time, and no secret in it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import AccessCode, SlotProgram, Surroundings
from devices.drivers.nitrokey_pro.driver import NitrokeyPro
from devices.drivers.nitrokey_pro.pins import own_pin
from devices.errors import BadAnswer, DeviceError, FrameDamaged, LinkTimeout, RefusedByDevice
from devices.profiles import Timing
from tests.devices.nitrokey_pro.host import ask
from tests.devices.nitrokey_pro.subject import TOTP, NitrokeySubject, driver_of
from tests.devices.subject import check_failure, seed
from tests.rig.nitrokey_pro.checksum import checksum as device_checksum
from tests.rig.nitrokey_pro.commands import Status

SECRET = b"12345678901234567890"
OURS = AccessCode(seed(1, 32), in_force=False)


class LosesRequests:
    """A stick that hears nothing and shows the answer to something older."""

    path = "old"

    def __init__(self, subject: NitrokeySubject) -> None:
        ask(subject.key, 0x09)
        self._answer = subject.key.get_feature()

    def send_feature(self, number: int, data: bytes) -> None:
        assert (number, len(data)) == (0, 64)

    def get_feature(self, number: int, size: int) -> bytes:
        assert (number, size) == (0, 64)
        return self._answer

    def close(self) -> None:
        pass


def test_an_answer_to_an_older_request_is_not_taken() -> None:
    subject = NitrokeySubject()
    subject.hurry()
    with pytest.raises(BadAnswer, match="something else"):
        driver_of(subject, LosesRequests(subject)).identify()


class Answers:
    """A stick that answers every request with what `make` makes of it."""

    path = "made"

    def __init__(self, status: int, *, head: bytes = b"\0", spoil: bool = False, result: bytes = b"") -> None:
        self._status, self._head, self._spoil, self._result = status, head, spoil, result
        self._answer = bytes(64)

    def send_feature(self, _number: int, data: bytes) -> None:
        body = b"\0" + data[:1] + data[60:] + bytes([self._status]) + self._result.ljust(53, b"\0")
        crc = device_checksum(body) ^ self._spoil
        self._answer = self._head + body[1:] + crc.to_bytes(4, "little")

    def get_feature(self, _number: int, _size: int) -> bytes:
        return self._answer

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("link", "error"),
    [
        (Answers(Status.WRONG_CRC), FrameDamaged),
        (Answers(Status.OK, spoil=True), FrameDamaged),
        (Answers(Status.NOT_AUTHORISED), RefusedByDevice),
        (Answers(11), BadAnswer),
        (Answers(Status.OK, head=b"\x02"), BadAnswer),
        (Answers(Status.OK, head=b"\x01"), LinkTimeout),
        (Answers(Status.OK, head=b"\x03"), LinkTimeout),
    ],
)
def test_answers_that_are_none(link: Answers, error: type[DeviceError]) -> None:
    subject = NitrokeySubject()
    subject.hurry()
    with pytest.raises(error):
        driver_of(subject, link).identify()


def test_a_code_with_too_many_digits_is_none() -> None:
    subject = NitrokeySubject()
    driver = driver_of(subject, Answers(Status.OK, result=b"\xff\xff\xff\x7f"))
    driver._form = TOTP  # as after a write
    with pytest.raises(BadAnswer, match="no code"):
        driver.read_code(1)


class Garbage:
    """What comes back is `reports`, the last one for ever; some are made to fit the request."""

    path = "garbage"

    def __init__(self, reports: list[tuple[bytes, bool]]) -> None:
        self._reports = reports
        self._sent = bytes(64)

    def send_feature(self, number: int, data: bytes) -> None:
        assert (number, len(data)) == (0, 64)
        self._sent = data

    def get_feature(self, number: int, size: int) -> bytes:
        assert (number, size) == (0, 64)
        report, fits = self._reports.pop(0) if len(self._reports) > 1 else self._reports[0]
        if not fits:
            return report
        body = b"\0" + self._sent[:1] + self._sent[60:] + report[6:60]
        return body + device_checksum(body).to_bytes(4, "little")

    def close(self) -> None:
        pass


@settings(max_examples=80, deadline=None, database=None)
@given(
    st.lists(st.tuples(st.binary(min_size=64, max_size=64), st.booleans()), min_size=1, max_size=30),
    st.lists(st.binary(min_size=53, max_size=53), max_size=12),
    st.booleans(),
)
def test_garbage_is_a_typed_error_in_time(
    said: list[tuple[bytes, bool]], results: list[bytes], erase: bool
) -> None:
    profile = NitrokeySubject().profile
    timing = Timing(0.02, 0.02, 0.02, 0.02, report_interval_s=0.001)
    around = Surroundings(replace(profile, timing=timing), time.time, {}, access=OURS)
    good = [(bytes(7) + result + bytes(4), True) for result in results]
    driver = NitrokeyPro(Garbage([*good, *said]), around)
    try:
        driver.erase(1) if erase else driver.program(SlotProgram(TOTP, SECRET))
    except DeviceError as error:
        check_failure(error, SECRET, OURS.code, own_pin(OURS))
    else:
        # a stick may well say that both slots are empty; that it holds the seed it cannot say by chance
        assert erase
    driver.close()
