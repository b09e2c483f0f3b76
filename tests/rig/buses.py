"""The rig's HID bus for the station agent, beside the real buses (devices.links.Bus).

Serial fobs need none: their ptys are ports that the operator names, so the product's own serial bus opens them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devices.errors import LinkLost
from devices.links import AttachedDevice
from tests.rig.wire.hid_port import HidLink, HidPort


class RigHidBus:
    """HID fobs that live in this process."""

    def __init__(self, ports: Iterable[HidPort]) -> None:
        self._ports = tuple(ports)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports if (device := port.attached) is not None]

    def open(self, device: AttachedDevice, baud_rate: int) -> HidLink:
        """Open it. Raises LinkLost, DeviceBusy."""
        for port in self._ports:
            if port.attached == device:
                return port.open(device)
        raise LinkLost(device.path)
