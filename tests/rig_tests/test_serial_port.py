"""The emulated fob behind a pty, opened by the product's own serial bus and so by the real pyserial."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from devices.links.serial import SerialBus, SerialLink
from tests.rig.faults import Faults
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire.serial_frames import serial_frame
from tests.rig.wire.serial_port import BYTE_S, SerialPort
from tests.rig_tests.host import SEED, Host

IDENTIFY = b"\x01\x01"


@dataclass
class Asker:
    """Carries messages over a link and counts bytes and frames."""

    link: SerialLink
    crossed: int = 0
    frames: int = 0

    def __call__(self, message: bytes) -> bytes:
        request = serial_frame(message)
        self.link.write(request, 1.0)
        self.frames += 1
        response = b""
        while not response.endswith(b"\x7f"):
            response += self.link.read(4096, 0.3)
        self.frames += 1
        self.crossed += len(request) + len(response)
        return _content(response)


def _content(frame: bytes) -> bytes:
    inside = frame[frame.rindex(b"\x7e") + 1 : -1]
    for escaped, byte in ((b"\x7d\x5e", b"\x7e"), (b"\x7d\x5f", b"\x7f"), (b"\x7d\x5d", b"\x7d")):
        inside = inside.replace(escaped, byte)
    assert zlib.crc32(inside[:-4]) == int.from_bytes(inside[-4:], "big")
    return inside[:-4]


@pytest.fixture
def port(fob: EmulatedFob, tmp_path: Path) -> Iterator[SerialPort]:
    port = SerialPort(fob, tmp_path / "cradle", byte_s=0)
    yield port
    port.unplug()


def _open(port: SerialPort) -> SerialLink:
    bus = SerialBus({str(port.node): "kagiya-fob"})
    device = next(device for device in bus.scan() if device.path == str(port.node))
    return bus.open(device, 115_200)


def _write(port: SerialPort) -> int:
    ask = Asker(_open(port))
    try:
        Host.open(ask).write()
    finally:
        ask.link.close()
    return ask.frames


def test_a_message_crosses(port: SerialPort) -> None:
    assert Asker(_open(port))(IDENTIFY)[:3] == b"\x01\x81\x00"


def test_bytes_take_their_time_on_the_wire(fob: EmulatedFob, tmp_path: Path) -> None:
    port = SerialPort(fob, tmp_path / "cradle")
    ask = Asker(_open(port))
    ask(IDENTIFY)
    ratios = []
    for _ in range(20):
        begun_s, before = time.monotonic(), ask.crossed
        ask(IDENTIFY)
        ratios.append((time.monotonic() - begun_s) / ((ask.crossed - before) * BYTE_S))
    port.unplug()
    # others use this machine too: the quickest of them tells what the rig costs
    assert 1.0 <= min(ratios) <= 1.3


def test_one_program_at_a_time(port: SerialPort) -> None:
    first = _open(port)
    with pytest.raises(DeviceBusy):
        _open(port)
    first.close()
    _open(port).close()


def test_unplugged_is_not_seen_and_comes_back(port: SerialPort) -> None:
    bus = SerialBus({str(port.node): "kagiya-fob"})
    port.unplug()
    assert [device for device in bus.scan() if device.path == str(port.node)] == []
    port.plug()
    assert Asker(_open(port))(IDENTIFY)[2] == 0


def test_unplugged_while_open_is_lost(port: SerialPort) -> None:
    link = _open(port)
    port.unplug()
    with pytest.raises(LinkLost):
        link.read(10, 1.0)
    link.close()


def test_the_cable_out_after_every_frame(fob: EmulatedFob, port: SerialPort) -> None:
    total = _write(port)
    assert total == 8
    for frame in range(1, total + 1):
        fob.parts.flash.commit(type(fob.parts.flash.record)(0))
        fob.faults = Faults(cut_after_report=frame)
        if frame < total:
            with pytest.raises((LinkLost, LinkTimeout)):
                _write(port)
        else:
            _write(port)
        _wait_unplugged(port)
        held = fob.parts.flash.record
        assert (held.generation, held.credential and held.credential.seed) in ((0, None), (1, SEED))
        port.plug()


def test_a_mute_fob_answers_nothing(fob: EmulatedFob, port: SerialPort) -> None:
    fob.faults = Faults(mute=True)
    with pytest.raises(LinkTimeout):
        Asker(_open(port))(IDENTIFY)


def test_stray_bytes_come_before_the_answer(fob: EmulatedFob, port: SerialPort) -> None:
    fob.faults = Faults(stray_bytes_at_report=1)
    link = _open(port)
    link.write(serial_frame(IDENTIFY), 1.0)
    time_limit = time.monotonic() + 1
    data = b""
    while not data.endswith(b"\x7f") and time.monotonic() < time_limit:
        data += link.read(4096, 0.3)
    assert not data.startswith(b"\x7e")
    assert _content(data)[2] == 0


def test_a_wrong_checksum(fob: EmulatedFob, port: SerialPort) -> None:
    fob.faults = Faults(wrong_crc_at_report=1)
    with pytest.raises(AssertionError):
        Asker(_open(port))(IDENTIFY)


def test_modem_probes_are_not_answered(port: SerialPort) -> None:
    link = _open(port)
    link.write(b"AT\r\nATI\r\n", 1.0)
    with pytest.raises(LinkTimeout):
        link.read(1, 0.1)


def _wait_unplugged(port: SerialPort) -> None:
    until_s = time.monotonic() + 2
    while port.plugged and time.monotonic() < until_s:
        time.sleep(0.005)
    assert not port.plugged
