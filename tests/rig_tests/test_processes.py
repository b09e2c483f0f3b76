"""The rig's fobs as processes of their own, killed in the middle of things."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.errors import LinkFailed
from devices.links import AttachedDevice, Transport
from devices.links.serial import SerialBus, SerialLink
from tests.rig.wire.serial_frames import serial_frame
from tests.rig_tests.host import SET_CLOCK, Host
from tests.rig_tests.test_serial_port import Asker

SERIAL = "KF-000777"
IDENTIFY = b"\x01\x01"
GENERATION = slice(3 + 12, 3 + 16)
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the cradle's process; every one started is ended with the test."""
    command = [
        sys.executable,
        "-m",
        "tests.rig",
        "serial",
        "--data",
        str(tmp_path),
        "--serial",
        SERIAL,
        "--unpaced",
    ]
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def _node(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _open(node: str) -> SerialLink:
    return SerialBus({}).open(AttachedDevice(node, Transport.SERIAL), 115_200)


def test_a_killed_fob_keeps_its_credential_and_nothing_else(start: Start) -> None:
    first = start()
    link = _open(_node(first))
    host = Host.open(Asker(link))
    host.run(SET_CLOCK, (1_795_158_000).to_bytes(8, "big"))
    assert host.write() == 0
    first.send_signal(signal.SIGKILL)
    first.wait()
    with pytest.raises(LinkFailed):
        _read_until_lost(link)
    link.close()

    link = _open(_node(start()))
    told = Asker(link)(IDENTIFY)
    assert told[GENERATION] == b"\0\0\0\1"
    assert told[3 + 1] & 0b110 == 0b010, "holds a credential, no session"
    link.close()


def test_an_ended_fob_takes_its_port_along(start: Start) -> None:
    process = start()
    node = _node(process)
    assert Path(node).exists()
    process.terminate()
    process.wait(timeout=10)
    assert process.returncode == 0
    assert not Path(node).exists()


def _read_until_lost(link: SerialLink) -> None:
    until_s = time.monotonic() + 5
    while time.monotonic() < until_s:
        link.write(serial_frame(IDENTIFY), 0.5)
        link.read(1, 0.1)
