"""The rig's buses for the station agent, beside the real ones (devices.links.Bus)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from devices.errors import LinkLost
from devices.links import AnyLink, AttachedDevice
from tests.rig.wire.hid_port import HidLink, HidPort
from tests.rig.wire.serial_port import SerialPort


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


class RigSerialBus:
    """Cradles behind ptys, told with the ids of their bridge, opened by the product's own serial bus.

    An operating system lists no pty among its serial ports; only the listing is the rig's.
    """

    def __init__(self, ports: Iterable[SerialPort], open_real: Callable[[AttachedDevice, int], AnyLink]) -> None:
        self._ports = tuple(ports)
        self._open_real = open_real

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports if (device := port.attached) is not None]

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        """Open it with real pyserial. Raises LinkLost, DeviceBusy, PermissionDenied."""
        return self._open_real(device, baud_rate)
