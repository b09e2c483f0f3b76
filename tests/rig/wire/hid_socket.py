"""A socket with a device of a UsbPlan, of which every HID interface shows on the bus."""

from __future__ import annotations

from collections.abc import Iterable

from devices.links import AttachedDevice, Transport
from tests.rig.usb.plan import HidInterface, UsbPlan
from tests.rig.wire.hid_usages import top_usages
from tests.rig.wire.socket import L, Socket


class HidSocket(Socket[L]):
    """`name` stands in the nodes' paths. Each top collection of an interface is an entry, as hidapi lists them."""

    def __init__(self, plan: UsbPlan, name: str, *, paced: bool, plugged: bool) -> None:
        self.plan = plan
        self.name = name
        self.paced = paced
        self._hid = [part for part in plan.interfaces if isinstance(part, HidInterface)]
        super().__init__(plugged=plugged)

    def _interface(self, device: AttachedDevice) -> HidInterface:
        """The one behind an entry."""
        return next(part for part in self._hid if part.number == device.interface)

    def _shows(self, times_plugged: int) -> Iterable[AttachedDevice]:
        for part in self._hid:
            for page, usage in top_usages(part.report_descriptor):
                yield AttachedDevice(
                    path=f"rig-hid/{self.name}/{times_plugged}/{part.number}",
                    transport=Transport.HID,
                    vendor_id=self.plan.vendor_id,
                    product_id=self.plan.product_id,
                    interface=part.number,
                    usage_page=page,
                    usage=usage,
                    product=self.plan.product,
                    bus_serial=self.plan.serial,
                )

    def _lose_host(self) -> None:
        self.plan.lose_power()
