"""What the doctor knows of every kind of device: each way it is attached, and who else reaches for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from devices.doctor import Fault, Finding
from devices.doctor_words import sentence
from devices.links import Transport
from devices.profiles import FirmwareProfile, Match
from tests.devices.machine_folder import OWN_GROUP, PROFILES, Folder

WAYS: Final = [(profile, match) for profile in PROFILES for match in profile.match]
WHO_TAKES_IT: Final = {
    Transport.USB: (Fault.CARD_SERVICE, "pcscd"),
    Transport.SERIAL: (Fault.MODEM_MANAGER, "ModemManager"),
}


def named(way: FirmwareProfile | Match) -> str:
    if isinstance(way, Match):
        return f"{way.bus}-{way.vendor_id:04x}-{way.product_id:04x}"
    return way.name


def attach(folder: Folder, match: Match, mode: int = 0o660) -> str:
    """The device as that match describes it, with another HID interface beside; its node."""
    real = folder.usb("1-9", match.vendor_id, match.product_id, match.product or "It", match.serial_prefix + "1")
    if match.bus is Transport.USB:
        return folder.on_bus(real, 9, mode)
    if match.bus is Transport.SERIAL:
        (real / "1-9:1.0/tty/ttyACM9").mkdir(parents=True)
        node = "/dev/ttyACM9"
    else:
        interface = match.interface or 0
        beside = [] if match.interface is None else [interface + 1]
        for number in (interface, *beside):
            (real / f"1-9:1.{number}/0003:{number:04}/hidraw/hidraw{number}").mkdir(parents=True)
            folder.node(f"/dev/hidraw{number}", mode)
        node = f"/dev/hidraw{interface}"
    folder.node(node, mode)
    return node


def found_at(folder: Folder, node: str) -> Finding:
    """Of a key with two faces the other one has no node here."""
    (finding,) = [found for found in folder.findings() if found.facts.get("path") == node]
    return finding


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(("profile", "match"), WAYS, ids=named)
def test_it_is_known_by_each_of_its_ways(folder: Folder, profile: FirmwareProfile, match: Match) -> None:
    finding = found_at(folder, attach(folder, match))
    assert finding.is_fine
    assert profile.device.title in finding.facts["device"]
    for language in ("ja", "en"):
        assert profile.device.title in sentence(finding, language)


@pytest.mark.parametrize(("profile", "match"), WAYS, ids=named)
def test_a_closed_one_is_opened_by_the_rule(folder: Folder, profile: FirmwareProfile, match: Match) -> None:
    folder.node_group = 0
    node = attach(folder, match, mode=0o600)
    assert found_at(folder, node).fault is Fault.RULE_MISSING
    folder.rules()
    folder.group()
    assert found_at(folder, node).fault is Fault.RULE_NOT_APPLIED
    folder.node_group = OWN_GROUP
    (folder.root / node.lstrip("/")).chmod(0o660)
    assert found_at(folder, node).is_fine, profile.name


@pytest.mark.parametrize(("profile", "match"), [way for way in WAYS if way[1].bus in WHO_TAKES_IT], ids=named)
def test_whoever_takes_a_reader_or_a_port_is_named(folder: Folder, profile: FirmwareProfile, match: Match) -> None:
    node, (fault, program) = attach(folder, match), WHO_TAKES_IT[match.bus]
    folder.process(321, program)
    finding = found_at(folder, node)
    assert finding.fault is fault
    assert profile.device.title in finding.facts["device"]
    assert program in sentence(finding, "en")
