"""The generated rules: exact, complete, and the ones in udev/."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from devices import udev
from devices.links import Transport
from devices.profile_files import SHIPPED, load_profiles
from devices.profiles import FirmwareProfile, Match

FILE = SHIPPED.parent / "udev" / "70-kagiya.rules"
(FOB,) = (profile for profile in load_profiles() if profile.name == "kagiya-fob")


def with_match(*match: Match) -> FirmwareProfile:
    return replace(FOB, match=match)


def rule(match: Match, subsystem: str) -> str:
    (line,) = (line for line in udev.render([with_match(match)]).splitlines() if f'"{subsystem}"' in line)
    return line


def test_the_shipped_rules_are_those_of_the_shipped_profiles(tmp_path: Path) -> None:
    assert FILE.read_text(encoding="utf-8") == udev.render(load_profiles())
    assert udev.is_current(FILE, load_profiles())
    old = tmp_path / "70-kagiya.rules"
    assert not udev.is_current(old, load_profiles())
    old.write_text("# older\n", encoding="utf-8")
    assert not udev.is_current(old, load_profiles())


def test_the_order_of_profiles_does_not_matter() -> None:
    other = replace(FOB, device=replace(FOB.device, name="another"), match=(Match(Transport.USB, 0x1209, 9),))
    assert udev.render([FOB, other]) == udev.render([other, FOB])


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/0003:1209:0001.0001/hidraw/hidraw0", True),
        ("/devices/platform/vhci_hcd.0/usb3/3-1/3-1:1.0/0003:1209:0001.002A/hidraw/hidraw12", True),
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.1/0003:1209:0001.0002/hidraw/hidraw1", False),
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/0003:1209:0007.0001/hidraw/hidraw0", False),
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.10/0003:1209:0001.0001/hidraw/hidraw0", False),
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/0003:046D:C31C.0001/hidraw/hidraw0", False),
    ],
)
def test_a_hid_rule_fits_one_interface_of_one_product(path: str, fits: bool) -> None:
    line = rule(Match(Transport.HID, 0x1209, 1, interface=0), "hidraw")
    (pattern,) = re.findall(r'DEVPATH=="([^"]+)"', line)
    assert fnmatchcase(path, pattern) is fits
    assert 'GROUP="kagiya", MODE="0660"' in line


def test_a_serial_rule_keeps_modem_manager_away() -> None:
    match = Match(Transport.SERIAL, 0x1209, 0xAB)
    for subsystem in ("tty", "usb"):
        assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in rule(match, subsystem)
    assert 'ATTRS{idProduct}=="00ab"' in rule(match, "tty")


def test_a_usb_rule_opens_the_whole_device() -> None:
    line = rule(Match(Transport.USB, 0x1209, 3), "usb")
    assert 'ATTR{idProduct}=="0003"' in line
    assert 'GROUP="kagiya", MODE="0660"' in line


def test_every_line_that_opens_a_node_names_vendor_and_product() -> None:
    matches = [match for profile in load_profiles() for match in profile.match]
    ids = {f"{match.vendor_id:04x} {match.product_id:04x}" for match in matches}
    for line in udev.render(load_profiles()).splitlines():
        if "MODE=" in line:
            by_attribute = r'idVendor\}=="(\w{4})", ATTRS?\{idProduct\}=="(\w{4})"'
            found = re.search(rf"0003:(\w{{4}}):(\w{{4}})\.|{by_attribute}", line)
            assert found is not None
            assert " ".join(part for part in found.groups() if part).lower() in ids


def test_an_id_that_unrelated_gadgets_share_is_opened_by_the_beginning_of_its_serial_number_too() -> None:
    match = Match(Transport.SERIAL, 0x0483, 0x5740, serial_prefix="flip_")
    assert 'ATTRS{serial}=="flip_*"' in rule(match, "tty")
    assert 'ATTR{serial}=="flip_*"' in rule(match, "usb")


def test_a_hid_rule_asks_for_the_product_text_where_the_profile_does() -> None:
    match = Match(Transport.HID, 0x16C0, 0x0486, 2)
    assert 'ATTRS{product}=="ONLYKEY"' in rule(replace(match, product="ONLYKEY"), "hidraw")
    assert "product" not in rule(match, "hidraw")
