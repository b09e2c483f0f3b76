"""The drawer: every emulated fob of one rig with its port, remembered over restarts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devices.links import Transport
from tests.rig.clock import RigClock
from tests.rig.faults import SEEN_WHEN_PLUGGED, FaultKind, Faults
from tests.rig.files import replace_json
from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Manufacturer
from tests.rig.fob.otp import OtpKind
from tests.rig.views import FobView, Light
from tests.rig.wire.hid_port import POLLING_INTERVAL_S, HidPort
from tests.rig.wire.serial_port import BYTE_S, SerialPort

Port = HidPort | SerialPort
PROFILE: Final = "kagiya-fob"
MODEL: Final = "KF-1"
FIRMWARE: Final = (1, 2, 0)
ROOT_NAME: Final = "kagiya-fob-maker"
"""The name that the shipped profile gives its manufacturer root; the rig's own root stands behind it here."""

QUIET_WITHIN_S: Final = 3.0
"""Longer than a station needs to look at a fob over the slowest wire."""


def trust(rig: Path) -> str:
    """The settings by which a station believes the fobs of the rig in that directory."""
    root = Manufacturer.in_directory(rig).root_public
    return f'[[station.root]]\nname = "{ROOT_NAME}"\npublic_key = "{root.hex()}"\n'


class UnknownFob(KeyError):
    """No fob with this serial lies in the drawer."""


@dataclass(frozen=True, slots=True)
class NewFob:
    """A fob to be made when a rig starts for the first time."""

    serial: str
    transport: Transport
    battery_percent: int = 87


class Drawer:
    """Fobs by serial. Every method that takes a serial raises UnknownFob. Safe between threads."""

    def __init__(self, data_dir: Path, clock: RigClock, first: Iterable[NewFob], *, paced: bool = True) -> None:
        """Finds the fobs of `data_dir`, or makes those of `first`. `paced`: the wire takes its real time."""
        self._dir = data_dir
        self._clock = clock
        self._paced = paced
        self._lock = threading.Lock()
        self._switches: dict[str, tuple[FaultKind, int]] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self.manufacturer = Manufacturer.in_directory(data_dir)
        file = data_dir / "drawer.json"
        if not file.exists():
            for new in first:
                self._make(new)
            self._keep()
        self._kept = json.loads(file.read_bytes())
        self.ports: dict[str, Port] = {serial: self._open(serial) for serial in self._kept}

    @property
    def roots(self) -> dict[str, bytes]:
        """The station's trust list of this rig: root name to public key."""
        return {ROOT_NAME: self.manufacturer.root_public}

    @property
    def hid_ports(self) -> list[HidPort]:
        """What the rig's HID bus shows."""
        return [port for port in self.ports.values() if isinstance(port, HidPort)]

    @property
    def cradles(self) -> dict[str, str]:
        """Serial nodes with the profile of what stands in them, as an operator would name them to a station."""
        return {str(port.node): PROFILE for port in self.ports.values() if isinstance(port, SerialPort)}

    def port(self, serial: str) -> Port:
        """Where this fob is plugged."""
        try:
            return self.ports[serial]
        except KeyError:
            raise UnknownFob(serial) from None

    def views(self) -> Sequence[FobView]:
        """All fobs in their order in the drawer."""
        return [self.view(serial) for serial in self.ports]

    def view(self, serial: str) -> FobView:
        """One fob as the page shows it."""
        port = self.port(serial)
        fob, display = port.fob, port.fob.display()
        held = fob.parts.flash.record.credential
        kind, report = self._switch(serial)
        return FobView(
            serial=serial,
            profile=PROFILE,
            transport=port.transport,
            firmware=".".join(map(str, fob.parts.firmware)),
            plugged=port.plugged,
            light=_light(port),
            display=display.text,
            seconds_left=display.seconds_left,
            period_s=display.period_s,
            has_button=held is not None and held.kind is OtpKind.HOTP,
            battery_percent=fob.parts.battery_percent,
            generation=fob.parts.flash.record.generation,
            fault=kind,
            fault_report=report,
        )

    def view_when_quiet(self, serial: str) -> FobView:
        """As `view`, after a conversation that keeps the display dark, if that is over within QUIET_WITHIN_S."""
        until_s = time.monotonic() + QUIET_WITHIN_S
        while self.port(serial).fob.session_open and time.monotonic() < until_s:
            time.sleep(0.02)
        return self.view(serial)

    def plug(self, serial: str) -> None:
        """Put it into the station; nothing happens if it is there."""
        self.port(serial).plug()
        self._remember(serial, plugged=True)

    def unplug(self, serial: str) -> None:
        """Pull it out, whatever it is doing."""
        self.port(serial).unplug()
        self._remember(serial, plugged=False)

    def press(self, serial: str) -> None:
        """Press its button."""
        self.port(serial).fob.press()

    def switch_fault(self, serial: str, kind: FaultKind, report: int) -> None:
        """Set the page's one fault switch of this fob; it is plugged anew where only that shows the fault."""
        port = self.port(serial)
        port.fob.faults = Faults.of(kind, report)
        self._switches[serial] = (kind, report)
        if kind in SEEN_WHEN_PLUGGED and port.plugged:
            port.unplug()
            port.plug()

    def close(self) -> None:
        """Take the ports away from this process; what is remembered stays."""
        for port in self.ports.values():
            port.unplug()

    def _switch(self, serial: str) -> tuple[FaultKind, int]:
        """The page's switch; a cut that has happened is off again."""
        kind, report = self._switches.get(serial, (FaultKind.NONE, 1))
        if kind is FaultKind.CUT and self.ports[serial].fob.faults.cut_after_report is None:
            return FaultKind.NONE, report
        return kind, report

    def _make(self, new: NewFob) -> None:
        folder = self._folder(new.serial)
        case = self.manufacturer.make_case(new.serial, MODEL, FIRMWARE)
        EmulatedFob(folder, case, self._clock.unix_time).store(folder)
        kept = {"transport": new.transport.value, "plugged": True, "battery_percent": new.battery_percent}
        self._kept[new.serial] = kept

    def _open(self, serial: str) -> Port:
        kept = self._kept[serial]
        fob = EmulatedFob.from_directory(self._folder(serial), self._clock.unix_time)
        fob.parts.full_battery_percent = kept["battery_percent"]
        if kept["transport"] == Transport.HID:
            return HidPort(fob, interval_s=POLLING_INTERVAL_S if self._paced else 0, plugged=kept["plugged"])
        node = self._dir / "ports" / serial
        node.parent.mkdir(exist_ok=True)
        return SerialPort(fob, node, byte_s=BYTE_S if self._paced else 0, plugged=kept["plugged"])

    def _remember(self, serial: str, *, plugged: bool) -> None:
        with self._lock:
            self._kept[serial]["plugged"] = plugged
            self._keep()

    def _keep(self) -> None:
        replace_json(self._dir / "drawer.json", self._kept)

    def _folder(self, serial: str) -> Path:
        return self._dir / "fobs" / serial


def _light(port: Port) -> Light:
    if not port.plugged:
        return Light.OFF
    return Light.TALKING if port.fob.session_open else Light.POWERED
