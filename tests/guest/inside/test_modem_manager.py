"""The real ModemManager before serial ports: without the rules it writes into them, with them it keeps away.

Debian's present one takes a device for a modem that has more ports than one; older ones take every serial port.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devices.doctor import Fault, Finding, diagnose
from devices.doctor_words import sentence
from devices.errors import DeviceBusy
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from tests.guest.inside import rights
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import openings
from tests.guest.inside.people import done_as

_ONE_PORT: Final = ("kagiya-cradle:KC-000911", "flipper-totp:FLIP_KAGI911")
_TWO_PORTS: Final = "kagiya-two-port-cradle:KT-000911"
_KEPT_AWAY: Final = "port filtered: device is blocklisted"
_BUS: Final = """\
<busconfig>
  <listen>unix:path={socket}</listen>
  <policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
"""


class ModemManager:
    """Debian's daemon, on a message bus of its own."""

    def __init__(self, folder: Path) -> None:
        socket, settings = folder / "bus", folder / "bus.conf"
        settings.write_text(_BUS.format(socket=socket), encoding="utf-8")
        self._log = folder / "log"
        self._bus = subprocess.Popen(["dbus-daemon", f"--config-file={settings}", "--nofork", "--nopidfile"])
        until(socket.exists, "the bus is there")
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}"}
        words = ["ModemManager", "--log-level=DEBUG", f"--log-file={self._log}"]
        self._daemon = subprocess.Popen(words, env=environment)

    def keeps_away(self, node: Path) -> bool:
        """Whether it says that this port is none for it."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return any(_KEPT_AWAY in line and f"(tty/{node.name})" in line for line in lines)

    def close(self) -> None:
        """End it."""
        for process in (self._daemon, self._bus):
            process.kill()
            process.wait()


@pytest.fixture(autouse=True)
def _nothing_of_ours_installed() -> Iterator[None]:
    """ModemManager's own rules, which start.sh put out of force, are in force."""
    hidden = [file for file in Path("/run/udev/rules.d").iterdir() if "-mm-" in file.name]
    for file in hidden:
        file.unlink()
    rights.remove_all()
    yield
    for file in hidden:
        file.symlink_to("/dev/null")
    rights.remove_all()


@pytest.fixture
def modem_manager(emulator: Emulator, tmp_path: Path) -> Iterator[ModemManager]:
    """It finds the devices when it starts."""
    _plug(emulator)
    daemon = ModemManager(tmp_path)
    yield daemon
    daemon.close()
    _unplug(emulator)


def test_it_writes_into_ports_until_the_rules_keep_it_away(
    emulator: Emulator, modem_manager: ModemManager
) -> None:
    group = rights.add_group("teller")
    for node in _nodes():
        # somebody has opened them to everybody by hand
        node.chmod(0o666)
    with openings() as opened:
        until(lambda: emulator.do("crossed", _TWO_PORTS), "it has written into them")
        taken = opened.ports()
    assert taken == _ports_of("KT-000911")
    until(lambda: set(done_as("teller", [], _busy)) == taken, "nobody else gets them")
    findings = done_as("teller", [], _findings)
    assert [finding.fault for finding in findings] == [Fault.MODEM_MANAGER] * len(_nodes())
    _unplug(emulator)
    rights.run_mend(sentence(findings[0], "en"))
    with openings() as opened:
        _plug(emulator)
        until(lambda: all(map(modem_manager.keeps_away, _nodes())), "it knows of them all")
        findings = done_as("teller", [group], _findings)
        assert [finding.fault for finding in findings] == [Fault.USABLE] * len(_nodes())
        assert not opened.ports()
    assert not [name for name in (*_ONE_PORT, _TWO_PORTS) if emulator.do("crossed", name)]


def _plug(emulator: Emulator) -> None:
    for name in (*_ONE_PORT, _TWO_PORTS):
        emulator.do("plug", name)
    until(lambda: len(_nodes()) == len(_ONE_PORT) + 2, "their nodes are there")
    rights.settled()


def _unplug(emulator: Emulator) -> None:
    for name in (*_ONE_PORT, _TWO_PORTS):
        emulator.do("unplug", name)


def _nodes() -> set[Path]:
    return set(Path("/dev").glob("ttyACM*"))


def _ports_of(serial: str) -> set[Path]:
    """The nodes of one cradle."""
    return {node for node in _nodes() if rights.udev_says(node)["ID_SERIAL_SHORT"] == f"CR-{serial}"}


def _findings() -> list[Finding]:
    return list(diagnose(load_profiles(), {}))


def _busy() -> list[Path]:
    """The ports that a station of this person does not get because somebody else has them."""
    bus, busy = SerialBus({}), []
    for device in bus.scan():
        try:
            bus.open(device, 115_200).close()
        except DeviceBusy:
            busy.append(Path(device.path))
    return busy
