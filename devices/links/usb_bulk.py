"""USB bulk endpoints by pyusb: the only import of it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import usb.core
import usb.util

from devices.errors import DeviceBusy, LinkFailed, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, Transport
from devices.links.rule import RULES_FILE

_CLASS_IN: Final = 0xA1
_CLASS_OUT: Final = 0x21
_BULK: Final = usb.util.ENDPOINT_TYPE_BULK
log = logging.getLogger(__name__)


class UsbBus:
    """Every interface with a bulk endpoint in each direction."""

    def scan(self) -> Sequence[AttachedDevice]:
        """Descriptors only: no device is opened for it, so texts stay empty."""
        return tuple(attached for attached, _, _ in _interfaces())

    def open(self, device: AttachedDevice, baud_rate: int) -> UsbLink:
        """Claim the interface. Raises PermissionDenied, DeviceBusy, LinkLost."""
        del baud_rate
        for attached, node, interface in _interfaces():
            if attached == device:
                return UsbLink(device.path, node, interface)
        raise LinkLost(device.path)


class UsbLink:
    """A claimed interface."""

    def __init__(self, path: str, device: Any, interface: Any) -> None:
        self._path = path
        self._device = device
        self._number = interface.bInterfaceNumber
        self._class_descriptor = bytes(interface.extra_descriptors or ())
        self._in, self._out = _bulk_endpoints(interface)
        try:
            usb.util.claim_interface(device, self._number)
        except usb.core.USBError as error:
            self.close()
            raise _failure(path, error) from None

    @property
    def path(self) -> str:
        return self._path

    @property
    def class_descriptor(self) -> bytes:
        return self._class_descriptor

    def write(self, data: bytes, timeout_s: float) -> None:
        log.debug("%s: write %d bytes", self._path, len(data))
        written = self._guarded(timeout_s, self._out.write, data)
        if written != len(data):
            raise LinkLost(self._path)

    def read(self, size: int, timeout_s: float) -> bytes:
        data = bytes(self._guarded(timeout_s, self._in.read, size))
        log.debug("%s: read %d bytes", self._path, len(data))
        return data

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        transfer = self._device.ctrl_transfer
        return bytes(self._guarded(timeout_s, transfer, _CLASS_IN, request, value, self._number, size))

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        transfer = self._device.ctrl_transfer
        written = self._guarded(timeout_s, transfer, _CLASS_OUT, request, value, self._number, data)
        if written != len(data):
            raise LinkLost(self._path)

    def close(self) -> None:
        # gives back the interface too, where the device is still there to take it
        usb.util.dispose_resources(self._device)

    def _guarded(self, timeout_s: float, transfer: Any, *facts: Any) -> Any:
        try:
            # 0 would mean: wait for ever
            return transfer(*facts, timeout=max(1, round(timeout_s * 1000)))
        except usb.core.USBTimeoutError:
            raise LinkTimeout(self._path, waited_s=timeout_s) from None
        except usb.core.USBError as error:
            raise _failure(self._path, error) from None


def _interfaces() -> Iterator[tuple[AttachedDevice, Any, Any]]:
    """Every interface with both bulk endpoints, with its device."""
    try:
        devices = list(usb.core.find(find_all=True))
    except (usb.core.NoBackendError, usb.core.USBError):
        return
    for device in devices:
        for interface in _configuration(device):
            if interface.bAlternateSetting == 0 and all(_bulk_endpoints(interface)):
                yield _attached(device, interface), device, interface


def _configuration(device: Any) -> Any:
    """The first configuration as the kernel remembers it: asking for the active one would open the device."""
    try:
        return device[0]
    except (usb.core.USBError, IndexError):
        return ()


def _bulk_endpoints(interface: Any) -> tuple[Any, Any]:
    """(IN, OUT); None where there is none."""
    found: dict[int, Any] = {}
    for endpoint in interface:
        if usb.util.endpoint_type(endpoint.bmAttributes) == _BULK:
            found.setdefault(usb.util.endpoint_direction(endpoint.bEndpointAddress), endpoint)
    return found.get(usb.util.ENDPOINT_IN), found.get(usb.util.ENDPOINT_OUT)


def _attached(device: Any, interface: Any) -> AttachedDevice:
    number = interface.bInterfaceNumber
    return AttachedDevice(
        path=f"usb:{device.bus:03}:{device.address:03}:{number}",
        transport=Transport.USB,
        vendor_id=device.idVendor,
        product_id=device.idProduct,
        interface=number,
    )


def _failure(path: str, error: usb.core.USBError) -> LinkFailed:
    if error.errno == errno.EACCES:
        return PermissionDenied(path, RULES_FILE)
    if error.errno == errno.EBUSY:
        return DeviceBusy(path)
    # gone (ENODEV), stalled (EPIPE) or broken (EIO): this conversation is over in any case
    return LinkLost(path)


def attached_ids() -> tuple[tuple[int, int], ...]:
    """Vendor and product ids of everything on the USB; nothing where libusb is missing."""
    try:
        return tuple(sorted({(node.idVendor, node.idProduct) for node in usb.core.find(find_all=True)}))
    except (usb.core.NoBackendError, usb.core.USBError):
        return ()
