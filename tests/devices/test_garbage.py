"""A device that answers anything at all: a typed error within the time allowed, and never the seed in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.errors import DeviceError, LinkTimeout
from devices.framing import to_reports
from tests.devices.doubles import AnyBytes, AnyReports
from tests.devices.recordings import STEPS, draw, fob_in_program, program, recorded_program, surroundings
from tests.devices.vectors import hexed


def garbage_reports() -> st.SearchStrategy[list[bytes]]:
    first = st.binary(min_size=63, max_size=63).map(lambda rest: b"\x80" + rest)
    whole = st.binary(min_size=2, max_size=400)
    framed = whole.map(to_reports)
    loose = st.one_of(first, st.binary(min_size=64, max_size=64)).map(lambda report: [report])
    return st.lists(st.one_of(framed, loose), max_size=6).map(lambda lists: [r for part in lists for r in part])


@settings(max_examples=200)
@given(garbage_reports())
def test_garbage_from_a_hid_device_is_a_typed_error(reports: list[bytes]) -> None:
    fob = KagiyaFob(AnyReports(iter(reports)), surroundings(0.0), draw("program"))
    with pytest.raises(DeviceError):
        fob.program(program())
    fob.close()


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=80), max_size=6))
def test_garbage_from_a_serial_port_is_a_typed_error(chunks: list[bytes]) -> None:
    fob = KagiyaFob(AnyBytes(iter(chunks)), surroundings(0.0), draw("program"))
    with pytest.raises(DeviceError):
        fob.program(program())
    fob.close()


@settings(max_examples=300)
@given(step=st.sampled_from(STEPS[:-1]), answer=st.binary(min_size=0, max_size=400))
def test_garbage_at_any_step_of_a_write_is_a_typed_error_without_the_seed(step: str, answer: bytes) -> None:
    request = hexed("program", f"{step}_request")
    link = recorded_program({request: bytes([request[0], request[1] | 0x80, 0]) + answer})
    fob = fob_in_program(link)
    with pytest.raises(DeviceError) as caught:
        fob.program(program())
    assert hexed("program", "seed").hex() not in repr(caught.value) + str(caught.value)


def test_endless_garbage_ends_with_the_time_allowed() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"\x01" * 64

    fob = KagiyaFob(AnyReports(endless()), surroundings(0.0))
    with pytest.raises(LinkTimeout):
        fob.identify()
