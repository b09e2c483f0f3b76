"""Real pyserial over a pty, and its ways of failing turned into the four link errors."""

from __future__ import annotations

import errno
import logging
import os
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from pytest_mock import MockerFixture

from devices.errors import DeviceBusy, LinkFailed, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, StreamLink, Transport
from devices.links.serial import SerialBus, SerialLink

BAUD = 115_200


@dataclass
class Pty:
    """A pair of ports; `far` is the device's end."""

    far: int
    path: str
    near: int

    def unplug(self) -> None:
        if self.far >= 0:
            os.close(self.far)
            os.close(self.near)
            self.far = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    far, near = os.openpty()
    tty.setraw(near)
    pair = Pty(far, os.ttyname(near), near)
    yield pair
    pair.unplug()


@pytest.fixture
def link(pty: Pty) -> Iterator[SerialLink]:
    opened = SerialBus({}).open(AttachedDevice(pty.path, Transport.SERIAL), BAUD)
    yield opened
    opened.close()


def test_bytes_cross_both_ways(pty: Pty, link: SerialLink) -> None:
    assert isinstance(link, StreamLink)
    assert link.path == pty.path
    link.write(b"\x7e\x01\x02\x7f", 0.5)
    assert os.read(pty.far, 100) == b"\x7e\x01\x02\x7f"
    os.write(pty.far, b"answer")
    got = link.read(3, 0.5)
    while len(got) < 6:
        got += link.read(3, 0.5)
    assert got == b"answer"


def test_a_silent_port_is_a_timeout(link: SerialLink) -> None:
    with pytest.raises(LinkTimeout) as caught:
        link.read(1, 0.1)
    assert caught.value.waited_s == 0.1


def test_what_came_before_can_be_dropped(pty: Pty, link: SerialLink) -> None:
    os.write(pty.far, b"AT\r\n")
    assert link.read(1, 0.5) == b"A"
    link.drop_input()
    os.write(pty.far, b"x")
    assert link.read(10, 0.5) == b"x"


@pytest.mark.usefixtures("link")
def test_a_second_opener_is_refused(pty: Pty) -> None:
    with pytest.raises(DeviceBusy) as caught:
        SerialLink(pty.path, BAUD)
    assert caught.value.path == pty.path


def test_a_port_given_back_can_be_opened_again(pty: Pty) -> None:
    SerialLink(pty.path, BAUD).close()
    SerialLink(pty.path, BAUD).close()


def test_a_port_whose_device_takes_nothing_is_given_back_behind_the_scenes(
    mocker: MockerFixture, pty: Pty
) -> None:
    """Linux closes such a port after 30 s, and whoever opens it meanwhile waits for that, too."""
    mocker.patch("devices.links.serial._CLOSE_S", 0.01)
    taken = Event()
    mocker.patch("devices.links.serial.serial.Serial").return_value.close.side_effect = taken.wait
    bus, device = SerialBus({}), AttachedDevice(pty.path, Transport.SERIAL)
    link = bus.open(device, BAUD)
    link.close()
    link.close()
    with pytest.raises(LinkTimeout):
        bus.open(device, BAUD)
    taken.set()
    link.close()
    assert bus.open(device, BAUD) is not link


def test_another_program_that_asked_for_the_port_alone_is_respected(pty: Pty) -> None:
    with serial.Serial(pty.path, BAUD, exclusive=True), pytest.raises(DeviceBusy):
        SerialLink(pty.path, BAUD)


def test_a_pulled_cable_is_a_lost_link(pty: Pty, link: SerialLink) -> None:
    pty.unplug()
    with pytest.raises(LinkLost):
        link.read(1, 0.5)
    with pytest.raises(LinkLost):
        link.write(b"x", 0.5)
    link.close()


def test_a_port_that_takes_nothing_is_a_timeout(link: SerialLink) -> None:
    with pytest.raises(LinkTimeout):
        link.write(bytes(1_000_000), 0.1)


def test_a_missing_port_is_lost(tmp_path: Path) -> None:
    with pytest.raises(LinkLost):
        SerialLink(str(tmp_path / "ttyUSB9"), BAUD)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.EACCES, PermissionDenied),
        (errno.EBUSY, DeviceBusy),
        (errno.EAGAIN, DeviceBusy),
        (errno.ENOENT, LinkLost),
        (errno.EIO, LinkLost),
    ],
)
def test_pyserials_errors_at_opening(mocker: MockerFixture, number: int, error: type[LinkFailed]) -> None:
    mocker.patch("devices.links.serial.serial.Serial", side_effect=serial.SerialException(number, "no"))
    with pytest.raises(error) as caught:
        SerialLink("/dev/ttyACM0", BAUD)
    assert caught.value.path == "/dev/ttyACM0"


@pytest.mark.parametrize("failure", [serial.SerialException("gone"), OSError(5, "EIO"), TypeError("closed")])
def test_pyserials_errors_in_use_are_a_lost_link(mocker: MockerFixture, failure: Exception) -> None:
    port = mocker.patch("devices.links.serial.serial.Serial").return_value
    port.read.side_effect = port.write.side_effect = failure
    port.reset_input_buffer.side_effect = port.close.side_effect = failure
    link = SerialLink("/dev/ttyACM0", BAUD)
    for use in (lambda: link.read(1, 0.1), lambda: link.write(b"x", 0.1), link.drop_input):
        with pytest.raises(LinkLost):
            use()
    link.close()


def test_a_short_write_is_a_lost_link(mocker: MockerFixture) -> None:
    mocker.patch("devices.links.serial.serial.Serial").return_value.write.return_value = 2
    with pytest.raises(LinkLost):
        SerialLink("/dev/ttyACM0", BAUD).write(b"abc", 0.1)


def listed(path: str, **facts: Any) -> SimpleNamespace:
    return SimpleNamespace(
        device=path, **{"vid": None, "pid": None, "product": None, "serial_number": None, **facts}
    )


def test_ports_without_usb_ids_are_left_out_unless_they_are_named(mocker: MockerFixture, pty: Pty) -> None:
    ports = [
        listed("/dev/ttyS0"),
        listed("/dev/ttyACM0", vid=0x1209, pid=2, product="Cradle"),
        listed(pty.path, vid=1),
    ]
    mocker.patch("devices.links.serial.list_ports.comports", return_value=ports)
    bus = SerialBus({pty.path: "kagiya-fob", "/dev/ttyS99": "kagiya-fob"})
    assert list(bus.scan()) == [
        AttachedDevice(pty.path, Transport.SERIAL, named_profile="kagiya-fob"),
        AttachedDevice("/dev/ttyACM0", Transport.SERIAL, 0x1209, 2, product="Cradle"),
    ]


def test_the_log_has_lengths_and_no_bytes(pty: Pty, link: SerialLink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link.write(b"seed-canary", 0.5)
    os.write(pty.far, b"code-canary")
    link.read(20, 0.5)
    assert "11 bytes" in caplog.text
    assert "canary" not in caplog.text


def test_dropping_what_a_pulled_port_brought_is_a_lost_link(pty: Pty, link: SerialLink) -> None:
    pty.unplug()
    with pytest.raises(LinkLost):
        link.drop_input()
