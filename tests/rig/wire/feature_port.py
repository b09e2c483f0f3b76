"""A device of a UsbPlan that is written by HID feature reports, in process: devices' FeatureLink on one side."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar, cast

from devices.errors import LinkLost
from devices.links import AttachedDevice
from tests.rig.usb.plan import FeatureGadget, Stalled, UsbPlan
from tests.rig.wire.hid_socket import HidSocket
from tests.rig.wire.visits import Visits

FRAME_S: Final = 0.001
"""A control transfer of one small report takes a frame at full speed."""
T = TypeVar("T")


class FeaturePort(HidSocket["PortLink"]):
    """One USB socket with one device. `paced`: reports take their time.

    Opening an interface without feature reports is a test's failure.
    """

    def __init__(self, plan: UsbPlan, name: str, *, paced: bool = False, plugged: bool = True) -> None:
        super().__init__(plan, name, paced=paced, plugged=plugged)

    def _connect(self, device: AttachedDevice) -> PortLink:
        gadget = self._interface(device).gadget
        if not hasattr(gadget, "get_feature"):
            raise AssertionError(f"interface {device.interface} must not be opened")
        return PortLink(self, device.path, cast(FeatureGadget, gadget))


class PortLink:
    """devices' FeatureLink to an emulated device. For one thread, as a real one."""

    def __init__(self, port: FeaturePort, path: str, gadget: FeatureGadget) -> None:
        self._port = port
        self._path = path
        self._gadget = gadget
        self._visits = Visits(FRAME_S if port.paced else 0.0)
        self._reports = 0
        self._gone = False

    @property
    def path(self) -> str:
        """The node's name."""
        return self._path

    def close(self) -> None:
        """Give the node back."""
        if not self._gone:
            self._gone = True
            self._port.closed(self)

    def lose(self) -> None:
        """The device is out."""
        self._gone = True

    def send_feature(self, number: int, data: bytes) -> None:
        """SET_REPORT. Raises LinkLost."""
        self._cross(number, lambda: self._gadget.set_feature(data))

    def get_feature(self, number: int, size: int) -> bytes:
        """GET_REPORT. Raises LinkLost."""
        report = self._cross(number, self._gadget.get_feature)
        if len(report) != size:
            raise LinkLost(self._path)
        return report

    def _cross(self, number: int, transfer: Callable[[], T]) -> T:
        if self._gone or number:
            raise LinkLost(self._path)
        time.sleep(max(0.0, self._visits.next_s() - time.monotonic()))
        try:
            result = transfer()
        except Stalled:
            raise LinkLost(self._path) from None
        self._reports += 1
        self._port.report_crossed(self._reports)
        return result
