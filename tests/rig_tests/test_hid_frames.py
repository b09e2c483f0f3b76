"""What the fob's end of the HID framing does with reports that do not fit (§2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.wire import UnreadableFrame
from tests.rig.wire.hid_frames import GAP_S, HidReader, hid_reports

LONG = bytes(range(200))


@given(st.binary(min_size=2, max_size=1024))
def test_every_message_comes_through(message: bytes) -> None:
    reader = HidReader()
    *before, last = hid_reports(message)
    assert all(reader.take(report, 0.0) is None for report in before)
    assert reader.take(last, 0.0) == message


def test_a_first_report_begins_anew() -> None:
    reader = HidReader()
    reader.take(hid_reports(LONG)[0], 0.0)
    assert reader.take(hid_reports(b"ab")[0], 0.0) == b"ab"


def test_a_next_report_that_nothing_waits_for_is_ignored() -> None:
    assert HidReader().take(hid_reports(LONG)[1], 0.0) is None
    assert HidReader().take(b"\x55" * 64, 0.0) is None


@pytest.mark.parametrize("length", [0, 1, 1025, 65535])
def test_lengths_that_no_message_has(length: int) -> None:
    with pytest.raises(UnreadableFrame):
        HidReader().take(b"\x80" + length.to_bytes(2, "big") + bytes(61), 0.0)


@pytest.mark.parametrize("first_byte", [0x01, 0x10, 0x7F, 0x81, 0xFF])
def test_a_wrong_next_report_spoils_the_message(first_byte: int) -> None:
    reader, (first, second, *_rest) = HidReader(), hid_reports(LONG)
    reader.take(first, 0.0)
    with pytest.raises(UnreadableFrame):
        reader.take(bytes([first_byte]) + second[1:], 0.0)
    assert reader.take(second, 0.0) is None, "the message is forgotten"


def test_a_wrong_checksum() -> None:
    with pytest.raises(UnreadableFrame):
        HidReader().take(hid_reports(b"ab", spoil_crc=True)[0], 0.0)


def test_a_message_left_unfinished_is_forgotten() -> None:
    reader, (first, second, *_rest) = HidReader(), hid_reports(LONG)
    reader.take(first, 0.0)
    assert reader.take(second, GAP_S + 0.01) is None
    assert reader.take(hid_reports(b"ab")[0], GAP_S + 0.02) == b"ab"
