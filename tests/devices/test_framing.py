"""Reports and frames: the document's vectors, round trips, and damage of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import FrameDamaged
from devices.framing import FrameReader, ReportReader, report_count, to_frame, to_reports
from tests.devices.vectors import hexed, series

messages = st.binary(min_size=2, max_size=1024)


def through_reports(reports: list[bytes]) -> list[bytes]:
    reader = ReportReader()
    return [message for report in reports if (message := reader.feed(report)) is not None]


@pytest.mark.parametrize("name", ["message_1", "message_2", "message_3"])
def test_vectors_of_the_document(name: str) -> None:
    message = hexed("framing", name)
    reports = series("framing", f"{name}_report_")
    assert to_reports(message) == reports
    assert through_reports(reports) == [message]
    assert to_frame(message) == hexed("framing", f"{name}_serial")
    assert FrameReader().feed(to_frame(message)) == [message]


def test_what_the_document_calls_unreadable() -> None:
    for report in series("framing", "unreadable_report_"):
        with pytest.raises(FrameDamaged):
            ReportReader().feed(report)
    for frame in series("framing", "unreadable_serial_"):
        with pytest.raises(FrameDamaged):
            FrameReader().feed(frame)


@given(messages)
def test_a_message_survives_both_framings(message: bytes) -> None:
    reports = to_reports(message)
    assert {len(report) for report in reports} == {64}
    assert len(reports) == report_count(len(message))
    assert through_reports(reports) == [message]
    assert FrameReader().feed(to_frame(message)) == [message]


@given(st.lists(messages, max_size=3), st.data())
def test_frames_are_found_however_the_bytes_arrive_and_stray_bytes_are_not_answered(
    sent: list[bytes], data: st.DataObject
) -> None:
    stray = st.binary(max_size=20).map(lambda noise: noise.replace(b"\x7e", b""))
    stream, noise_bytes = b"", 0
    for message in sent:
        noise = data.draw(stray)
        noise_bytes += len(noise)
        stream += noise + to_frame(message)
    reader, got = FrameReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        got += reader.feed(stream[:size])
        stream = stream[size:]
    assert got == sent
    assert reader.stray_bytes == noise_bytes


@given(messages, st.data())
def test_a_changed_byte_of_a_frame_is_never_taken_for_a_message(message: bytes, data: st.DataObject) -> None:
    frame = bytearray(to_frame(message))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    reader = FrameReader()
    try:
        got = reader.feed(bytes(frame))
    except FrameDamaged:
        return
    assert got == []


@given(messages, st.data())
def test_a_changed_byte_of_a_report_is_never_taken_for_another_message(
    message: bytes, data: st.DataObject
) -> None:
    reports = to_reports(message)
    number = data.draw(st.integers(0, len(reports) - 1))
    changed = bytearray(reports[number])
    changed[data.draw(st.integers(0, 63))] ^= data.draw(st.integers(1, 255))
    reports[number] = bytes(changed)
    try:
        got = through_reports(reports)
    except FrameDamaged:
        return
    assert got in ([], [message])


@pytest.mark.parametrize("length", [0, 1, 1025])
def test_lengths_outside_the_protocol_are_refused(length: int) -> None:
    with pytest.raises(FrameDamaged, match="length"):
        to_reports(bytes(length))
    with pytest.raises(FrameDamaged, match="length"):
        to_frame(bytes(length))


def test_a_missing_report_is_noticed_and_the_next_message_is_read() -> None:
    reports = to_reports(bytes(300))
    reader = ReportReader()
    reader.feed(reports[0])
    with pytest.raises(FrameDamaged, match="sequence"):
        reader.feed(reports[2])
    assert reader.feed(reports[3]) is None
    assert reader.feed(to_reports(b"ok")[0]) == b"ok"


def test_a_wrong_crc_is_noticed_and_the_next_message_is_read() -> None:
    report = bytearray(to_reports(b"message")[0])
    report[4] ^= 1
    reader = ReportReader()
    with pytest.raises(FrameDamaged, match="crc"):
        reader.feed(bytes(report))
    assert reader.feed(to_reports(b"ok")[0]) == b"ok"


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("7e 0101 2fc51329 7f", "crc"),
        ("7e 01 2fc51328 7f", "length"),
        ("7e 7f", "length"),
        ("7e 0101 7d00 2fc51328 7f", "escape"),
        ("7e 0101 2fc51328 7d 7f", "escape"),
    ],
)
def test_damaged_frames_are_named_and_the_next_one_is_read(frame: str, what: str) -> None:
    reader = FrameReader()
    with pytest.raises(FrameDamaged, match=what):
        reader.feed(bytes.fromhex(frame))
    assert reader.feed(to_frame(b"ok")) == [b"ok"]


def test_a_frame_without_an_end_is_given_up() -> None:
    reader = FrameReader()
    with pytest.raises(FrameDamaged, match="length"):
        reader.feed(b"\x7e" + bytes(3000))
    assert reader.feed(b"AT\r\n" + to_frame(b"ok")) == [b"ok"]


def test_a_start_within_a_frame_begins_a_new_one() -> None:
    half = to_frame(b"a message that was cut")[:9]
    assert FrameReader().feed(half + to_frame(b"ok")) == [b"ok"]
