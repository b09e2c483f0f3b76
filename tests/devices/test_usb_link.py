"""pyusb's ways of failing become the four link errors."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
import usb.core
import usb.util
from pytest_mock import MockerFixture

from devices.errors import DeviceBusy, LinkFailed, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, BulkLink, Transport
from devices.links.usb_bulk import UsbBus, UsbLink, attached_ids

FOUND = AttachedDevice("usb:001:004:1", Transport.USB, 0x0525, 0xA4A7, interface=1)
BULK, INTERRUPT = 2, 3


class Interface(list[Any]):
    """A descriptor with its endpoints."""

    def __init__(self, number: int, *endpoints: Mock, alternate: int = 0) -> None:
        super().__init__(endpoints)
        self.bInterfaceNumber = number
        self.bAlternateSetting = alternate
        self.extra_descriptors = [0x36, 0x21, 0x10, 0x01]


def endpoint(address: int, kind: int = BULK) -> Mock:
    made = Mock(bEndpointAddress=address, bmAttributes=kind)
    made.read.return_value = [1, 2, 3]
    made.write.side_effect = lambda data, timeout: len(data)
    return made


@pytest.fixture
def endpoints() -> tuple[Mock, Mock]:
    """(IN, OUT)"""
    return endpoint(0x81), endpoint(0x02)


@pytest.fixture
def device(mocker: MockerFixture, endpoints: tuple[Mock, Mock]) -> MagicMock:
    """A keyboard interface that must not be seen, and one with bulk endpoints."""
    node = MagicMock(bus=1, address=4, idVendor=0x0525, idProduct=0xA4A7)
    node.__getitem__.return_value = [
        Interface(0, endpoint(0x83, INTERRUPT)),
        Interface(1, *endpoints),
        Interface(1, *endpoints, alternate=1),
    ]
    node.ctrl_transfer.return_value = [9]
    mocker.patch("usb.core.find", side_effect=lambda find_all: iter([node]))
    mocker.patch("usb.util.claim_interface")
    mocker.patch("usb.util.release_interface")
    mocker.patch("usb.util.dispose_resources")
    return node


@pytest.fixture
def link(device: MagicMock) -> Iterator[UsbLink]:
    assert device.bus == 1
    opened = UsbBus().open(FOUND, 0)
    yield opened
    opened.close()


@pytest.mark.usefixtures("device")
def test_only_interfaces_with_both_bulk_endpoints_are_seen() -> None:
    assert UsbBus().scan() == (FOUND,)
    assert attached_ids() == ((0x0525, 0xA4A7),)


@pytest.mark.parametrize("failure", [usb.core.NoBackendError("no libusb"), usb.core.USBError("no", errno=5)])
def test_without_libusb_nothing_is_seen(mocker: MockerFixture, failure: Exception) -> None:
    mocker.patch("usb.core.find", side_effect=failure)
    assert UsbBus().scan() == ()
    assert attached_ids() == ()


def test_a_device_that_hides_its_configuration_is_passed_over(device: MagicMock) -> None:
    device.__getitem__.side_effect = usb.core.USBError("no", errno=13)
    assert UsbBus().scan() == ()
    with pytest.raises(LinkLost):
        UsbBus().open(FOUND, 0)


def test_transfers_carry_their_time_limit(device: MagicMock, link: UsbLink, endpoints: tuple[Mock, Mock]) -> None:
    assert isinstance(link, BulkLink)
    assert link.class_descriptor == bytes.fromhex("36211001")
    link.write(b"abc", 0.5)
    endpoints[1].write.assert_called_once_with(b"abc", timeout=500)
    assert link.read(10, 0.0001) == b"\1\2\3"
    endpoints[0].read.assert_called_once_with(10, timeout=1)
    assert link.control_in(5, 6, 1, 1.0) == b"\x09"
    device.ctrl_transfer.assert_called_with(0xA1, 5, 6, 1, 1, timeout=1000)
    device.ctrl_transfer.return_value = 2
    link.control_out(5, 6, b"ab", 1.0)
    device.ctrl_transfer.assert_called_with(0x21, 5, 6, 1, b"ab", timeout=1000)


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.EACCES, PermissionDenied), (errno.EBUSY, DeviceBusy), (errno.ENODEV, LinkLost)],
)
@pytest.mark.usefixtures("device")
def test_an_interface_that_cannot_be_claimed(mocker: MockerFixture, number: int, error: type[LinkFailed]) -> None:
    mocker.patch("usb.util.claim_interface", side_effect=usb.core.USBError("no", errno=number))
    with pytest.raises(error) as caught:
        UsbBus().open(FOUND, 0)
    assert caught.value.path == FOUND.path
    usb.util.dispose_resources.assert_called_once()


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (usb.core.USBTimeoutError("late", errno=110), LinkTimeout),
        (usb.core.USBError("gone", errno=19), LinkLost),
        (usb.core.USBError("stalled", errno=32), LinkLost),
        (usb.core.USBError("closed", errno=13), PermissionDenied),
    ],
)
def test_transfers_that_fail(
    device: MagicMock, link: UsbLink, endpoints: tuple[Mock, Mock], failure: Exception, error: type[LinkFailed]
) -> None:
    endpoints[0].read.side_effect = endpoints[1].write.side_effect = failure
    device.ctrl_transfer.side_effect = failure
    uses: list[Callable[[], object]] = [
        lambda: link.write(b"x", 0.1),
        lambda: link.read(1, 0.1),
        lambda: link.control_in(1, 2, 3, 0.1),
        lambda: link.control_out(1, 2, b"x", 0.1),
    ]
    for use in uses:
        with pytest.raises(error):
            use()


def test_a_short_write_is_a_lost_link(device: MagicMock, link: UsbLink, endpoints: tuple[Mock, Mock]) -> None:
    endpoints[1].write.side_effect = lambda data, timeout: len(data) - 1
    device.ctrl_transfer.return_value = 0
    with pytest.raises(LinkLost):
        link.write(b"abc", 0.1)
    with pytest.raises(LinkLost):
        link.control_out(1, 2, b"abc", 0.1)


def test_a_device_that_is_gone_is_closed_all_the_same(link: UsbLink, mocker: MockerFixture) -> None:
    mocker.patch("usb.util.release_interface", side_effect=usb.core.USBError("gone", errno=19))
    link.close()
    usb.util.dispose_resources.assert_called_once()
