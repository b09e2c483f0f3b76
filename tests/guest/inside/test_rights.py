"""Every model on one desk under the generated udev rules, on a real udevd: what the station's group may do."""

from __future__ import annotations

import grp
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devices.links import Transport
from devices.links.rule import GROUP
from devices.profile_files import load_profiles
from tests.guest.inside import rights
from tests.guest.inside.bench import is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import nodes_of, openings, plugged_devices
from tests.guest.inside.people import kagiya_as, may_open
from tests.rig.usb.families import FAMILIES, MODELS

_SERIALS: Final = {name: family.serial(801) for name, family in {**FAMILIES, **MODELS}.items()}
_OTHER_FACES: Final = {"yubikey-4": "yubikey-4-oath"}
"""A device that shows all its interfaces is two to a station."""


@pytest.fixture(scope="module")
def group() -> Iterator[int]:
    """Rules and group are there; the group's number."""
    group = rights.add_group("teller")
    rights.install_rules()
    yield group
    rights.remove_all()


@pytest.fixture(scope="module")
def ours(emulator: Emulator, group: int) -> Iterator[dict[Path, Transport]]:
    """The nodes through which devices are used, with one of each model plugged in."""
    del group
    plugged = [f"{name}:{serial}" for name, serial in _SERIALS.items()]
    for name in plugged:
        emulator.do("plug", name)
    until(lambda: len(plugged_devices()) == len(plugged), "they are there")
    rights.settled()
    yield {node.path: bus for profile in load_profiles() for bus, node in nodes_of(profile.name)}
    for name in plugged:
        emulator.do("unplug", name)
    until(lambda: not plugged_devices(), "they are gone")


def test_a_teller_is_told_each_model_as_what_it_is_and_nothing_beside_it_is_opened(
    emulator: Emulator, group: int, ours: dict[Path, Transport]
) -> None:
    wanted = sorted(identity for name in _SERIALS for identity in _identities(name))
    assert {profile for profile, _ in wanted} == {profile.name for profile in load_profiles()}
    with openings() as opened:
        seen = until(lambda: _usable_for_teller(group, emulator.folder), "each is usable")
        taken = opened.hidraw() | opened.ports()
    assert sorted((one["profile"], one["serial"]) for one in seen) == wanted
    assert taken == {node for node, bus in ours.items() if bus is not Transport.USB}
    # keyboards and authenticators are the kernel's as before
    nodes = set(Path("/dev").glob("hidraw*"))
    assert len(list(Path("/sys/bus/usb/drivers/usbhid").glob("*-*:*"))) == len(nodes) > len(nodes & taken)


def test_each_model_is_open_to_members_of_the_group_and_nothing_else_is(
    group: int, ours: dict[Path, Transport]
) -> None:
    assert {(path.stat().st_mode & 0o777, path.stat().st_gid) for path in ours} == {(0o660, group)}
    for path in (path for path, bus in ours.items() if bus is not Transport.HID):
        assert rights.udev_says(path)["ID_MM_DEVICE_IGNORE"] == "1"
    nodes = {*Path("/dev").glob("hidraw*"), *Path("/dev").glob("ttyACM*"), *Path("/dev/bus/usb").glob("*/*")}
    assert may_open("teller", [group], nodes) == set(ours)
    assert not may_open("visitor", [], nodes)


def test_the_group_is_that_of_the_rules(group: int) -> None:
    assert grp.getgrnam(GROUP).gr_gid == group
    assert grp.getgrnam(GROUP).gr_mem == ["teller"]


def _identities(name: str) -> list[tuple[str, str]]:
    """Profile and serial number, once for each face."""
    family = {**FAMILIES, **MODELS}[name]
    serial = "" if is_unnamed(family) else _SERIALS[name]
    return [(profile, serial) for profile in (family.profile, _OTHER_FACES.get(name)) if profile]


def _usable_for_teller(group: int, rig: Path) -> list[dict[str, Any]]:
    """`kagiya devices --json`; nothing where a device was not asked in time, as on a busy machine."""
    ended = kagiya_as("teller", [group], rig, "devices", "--json")
    assert ended.returncode == 0, ended.stderr
    told: list[dict[str, Any]] = json.loads(ended.stdout)
    return [] if any(one["problem"] for one in told) else told
