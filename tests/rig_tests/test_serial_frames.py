"""What the fob's end of the serial framing does with bytes that do not fit (§3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.wire import UnreadableFrame
from tests.rig.wire.serial_frames import GAP_S, SerialReader, serial_frame


def _take(data: bytes) -> list[bytes | None]:
    """The messages, with None for a frame that cannot be read."""
    return [found if isinstance(found, bytes) else None for found in SerialReader().take(data, 0.0)]


@given(st.binary(min_size=2, max_size=1024), st.lists(st.integers(1, 200), max_size=8))
def test_every_message_comes_through_in_any_pieces(message: bytes, cuts: list[int]) -> None:
    frame, reader, found = serial_frame(message), SerialReader(), []
    for size in [*cuts, len(frame)]:
        piece, frame = frame[:size], frame[size:]
        found += list(reader.take(piece, 0.0))
    assert found == [message]


@given(st.binary(max_size=50).filter(lambda data: b"\x7e" not in data))
def test_stray_bytes_are_ignored(stray: bytes) -> None:
    assert _take(stray + serial_frame(b"ab") + stray) == [b"ab"]


def test_a_new_frame_begins_at_the_begin_byte() -> None:
    assert _take(b"\x7eabc" + serial_frame(b"xy")) == [b"xy"]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x7e\x7f",
        b"\x7eabcde\x7f",
        serial_frame(b"ab", spoil_crc=True),
        b"\x7eab\x7d\x41cdefgh\x7f",
        b"\x7eabcdefgh\x7d\x7f",
        serial_frame(bytes(1025)),
        b"\x7e" + bytes(5000) + b"\x7f",
    ],
)
def test_frames_that_cannot_be_read(frame: bytes) -> None:
    assert _take(frame + serial_frame(b"ok")) == [None, b"ok"]


def test_a_frame_left_unfinished_is_forgotten() -> None:
    reader, frame = SerialReader(), serial_frame(b"abcdef")
    assert list(reader.take(frame[:4], 0.0)) == []
    assert list(reader.take(frame[4:], GAP_S + 0.01)) == []
    (again,) = reader.take(frame, GAP_S + 0.02)
    assert not isinstance(again, UnreadableFrame)
