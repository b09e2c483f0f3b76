"""The in-process ports of bought devices: interfaces, one program at a time, pulled cables, real intervals."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from devices.links import BulkLink, FeatureLink, ReportLink, StreamLink
from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.flipper_totp.usb import usb_plan as flipper_plan
from tests.rig.onlykey.device import EmulatedOnlyKey
from tests.rig.onlykey.usb import FIDO, KEYBOARD, RAW_HID
from tests.rig.onlykey.usb import usb_plan as onlykey_plan
from tests.rig.wire.console_port import ConsoleBus, ConsolePort
from tests.rig.wire.hid_usages import top_usages
from tests.rig.wire.report_port import HidReports, ReportPort
from tests.rig.wire.socket import SocketBus
from tests.rig.wire.trouble import Trouble, TroubledBus

CONNECT = b"\xff\xff\xff\xff\xe4" + bytes(59)
INTERVAL_S = 0.005


def onlykey(*, paced: bool = False) -> ReportPort:
    key = EmulatedOnlyKey(time.time)
    key.pin_at_once = True
    return ReportPort(onlykey_plan(key), paced=paced)


def opened(port: ReportPort, interface: int = RAW_HID) -> HidReports:
    bus = SocketBus([port])
    (device,) = (device for device in bus.scan() if device.interface == interface)
    return bus.open(device, 0)


@pytest.fixture
def console() -> Iterator[ConsolePort]:
    port = ConsolePort(flipper_plan(EmulatedFlipper(time.time)))
    yield port
    port.unplug()


def test_every_interface_shows_with_its_usage() -> None:
    seen = {device.interface: (device.usage_page, device.usage) for device in onlykey().attached}
    assert seen == {KEYBOARD: (0x01, 0x06), FIDO: (0xF1D0, 0x01), RAW_HID: (0xFFAB, 0x02)}


def test_a_node_with_two_top_collections_has_two_usages() -> None:
    mouse = bytes.fromhex("05010902a1010901a100c0c0")
    assert top_usages(mouse + bytes.fromhex("060cff0a2101a101c0")) == ((0x01, 0x02), (0xFF0C, 0x0121))


def test_a_hid_interface_belongs_to_one_program_until_it_is_given_back() -> None:
    port = onlykey()
    link = opened(port)
    with pytest.raises(DeviceBusy):
        opened(port)
    link.close()
    opened(port).close()


def test_a_pulled_key_is_lost_and_comes_back_under_another_path() -> None:
    port = onlykey()
    link = opened(port)
    link.send(CONNECT)
    port.unplug()
    with pytest.raises(LinkLost):
        link.receive(1.0)
    with pytest.raises(LinkLost):
        link.send(CONNECT)
    assert port.attached == ()
    port.plug()
    assert opened(port).path != link.path


def test_an_interface_without_an_ear_says_nothing() -> None:
    link = opened(onlykey(), FIDO)
    link.send(bytes(64))
    with pytest.raises(LinkTimeout):
        link.receive(0.02)


def test_reports_wait_for_their_interval_where_they_are_paced() -> None:
    link = opened(onlykey(paced=True))
    began_s = time.monotonic()
    for _ in range(5):
        link.send(CONNECT)
        link.receive(1.0)
    assert time.monotonic() - began_s >= 9 * INTERVAL_S


def test_a_console_greets_whoever_opens_it_and_is_gone_with_its_cable(console: ConsolePort) -> None:
    bus = ConsoleBus([console])
    (device,) = bus.scan()
    for _ in range(2):
        link = bus.open(device, 115_200)
        came = b""
        while not came.endswith(b"\r\n>: "):
            came += link.read(512, 10.0)
        link.close()
    link = bus.open(device, 115_200)
    console.unplug()
    with pytest.raises(LinkLost):
        read_for_ever(link)
    link.close()
    with pytest.raises(LinkLost):
        bus.open(device, 115_200)


def read_for_ever(link: StreamLink) -> None:
    while True:
        link.read(512, 10.0)


def test_trouble_happens_at_its_report(console: ConsolePort) -> None:
    port = onlykey()
    bus = TroubledBus(SocketBus([port]), port.unplug)
    crossed: list[int] = []
    bus.on_report = crossed.append

    def link() -> ReportLink:
        (device,) = (device for device in bus.scan() if device.interface == RAW_HID)
        found = bus.open(device, 0)
        assert isinstance(found, ReportLink)
        assert not isinstance(found, FeatureLink | BulkLink | StreamLink)
        return found

    bus.trouble = Trouble(garbage_at=2, garbage=b"\x01\x02")
    first = link()
    first.send(CONNECT)
    assert first.receive(1.0) == b"\x01\x02" + bytes(62)
    first.close()
    bus.trouble = Trouble(stall_after=1)
    second = link()
    second.send(CONNECT)
    with pytest.raises(LinkTimeout):
        second.receive(0.02)
    second.close()
    bus.trouble = Trouble(cut_after=2)
    third = link()
    third.send(CONNECT)
    third.receive(1.0)
    assert not port.plugged
    assert crossed == [1, 2, 1, 1, 2]
