"""The programs, and devices that are plugged in for one test."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.guest.inside.emulator import Emulator
from tests.guest.inside.programs.preloaded import Preloaded

_WITHIN_S: Final = 60.0
_SOCKET: Final = Path("/run/pcscd/pcscd.comm")
_ONLYKEY_PATH: Final = (Path("/opt/python/vendors/onlykey"),)
# not hidapi: it knows from its loading on what is plugged in, and its forks would all believe the same
_ONLYKEY_NEEDS: Final = ("aenum", "nacl.signing", "prompt_toolkit", "solo", "solo.operations", "solo.cli.key")
_SERIALS: Final = {"flipper-totp": "flip_K{}"}
_numbers: Final = count(70_001)


@dataclass(frozen=True)
class Plugged:
    """A device in its socket; `serial` is a fresh number."""

    emulator: Emulator
    family: str
    serial: str

    @property
    def name(self) -> str:
        """As the emulators' process knows it."""
        return f"{self.family}:{self.serial}"

    def press(self) -> None:
        """What a hand does to such a device."""
        self.emulator.do("press", self.name)

    def display(self) -> str:
        """The code that its customer gets."""
        return str(self.emulator.do("display", self.name))


Plug = Callable[[str], Plugged]
SmartCards = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def plug(emulator: Emulator) -> Iterator[Plug]:
    """Puts a device in, until the test is over."""
    there: list[Plugged] = []

    def plug_in(family: str) -> Plugged:
        device = Plugged(emulator, family, _SERIALS.get(family, "{}").format(next(_numbers)))
        seen = configured()
        emulator.do("plug", device.name)
        there.append(device)
        until(lambda: configured() - seen, f"the kernel knows {device.name}")
        subprocess.run(["udevadm", "settle"], check=True)
        return device

    yield plug_in
    for device in there:
        emulator.do("unplug", device.name)


@pytest.fixture(scope="session")
def smart_cards() -> SmartCards:
    """The smart-card service for as long as a test needs it: while it runs, nobody else reaches a reader."""
    return service


@pytest.fixture(scope="session")
def ykman() -> Iterator[Preloaded]:
    """Yubico's command line."""
    program = Preloaded("ykman._cli.__main__:main", ("ykman._cli.__main__",))
    yield program
    program.close()


@pytest.fixture(scope="session")
def onlykey_cli() -> Iterator[Preloaded]:
    """OnlyKey's command line."""
    program = Preloaded("onlykey.cli:main", _ONLYKEY_NEEDS, _ONLYKEY_PATH)
    yield program
    program.close()


def until(happened: Callable[[], object], what: str) -> None:
    """Wait for it."""
    deadline_s = time.monotonic() + _WITHIN_S
    while not happened():
        assert time.monotonic() < deadline_s, f"this did not happen in time: {what}"
        time.sleep(0.02)


def configured() -> set[str]:
    """Numbers, each given by the kernel once, of the devices that are ready for drivers and programs."""
    found = set()
    for file in Path("/sys/bus/usb/devices").glob("*/bConfigurationValue"):
        with contextlib.suppress(OSError):
            if file.read_text().strip():
                found.add(file.with_name("devnum").read_text() + file.with_name("busnum").read_text())
    return found


@contextmanager
def service() -> Iterator[None]:
    """The smart-card service runs."""
    daemon = subprocess.Popen(["/usr/sbin/pcscd", "--foreground", "--error"])
    try:
        until(_SOCKET.exists, "pcscd is there")
        yield
    finally:
        daemon.terminate()
        daemon.wait(_WITHIN_S)
