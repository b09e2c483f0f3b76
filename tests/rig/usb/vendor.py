"""An interface of a maker's own class (FF): it is there, has no endpoints, and refuses whatever it is asked."""

from __future__ import annotations

from typing import Final

from tests.rig.usb.function import Endpoint, Setup, interface_descriptor
from tests.rig.usb.plan import Stalled, VendorInterface

_VENDOR: Final = (0xFF, 0xFF, 0xFF)


class VendorFunction:
    """One interface."""

    def __init__(self, interface: VendorInterface) -> None:
        self._number = interface.number

    @property
    def interfaces(self) -> tuple[int, ...]:
        return (self._number,)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return ()

    @property
    def descriptors(self) -> bytes:
        return interface_descriptor(self._number, 0, _VENDOR)

    def is_talk(self, setup: Setup) -> bool:
        del setup
        return False

    def control(self, setup: Setup, data: bytes) -> bytes:
        raise Stalled

    def take(self, endpoint: Endpoint, data: bytes) -> None:
        raise Stalled

    def give(self, endpoint: Endpoint, size: int) -> bytes | None:
        raise Stalled

    def lose_power(self) -> None:
        """Nothing is kept."""
