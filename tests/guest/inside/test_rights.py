"""The generated udev rules on a real udevd: each node for the station's group alone, and no other node."""

from __future__ import annotations

import grp
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.links import Transport
from devices.links.rule import GROUP
from tests.guest.inside import rights
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import nodes_of
from tests.guest.inside.people import may_open
from tests.rig.usb.families import FAMILIES


@pytest.fixture
def group() -> Iterator[int]:
    """Rules and group are there; the group's number."""
    group = rights.add_group("teller")
    rights.install_rules()
    yield group
    rights.remove_all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_device_is_open_to_members_of_the_group_and_nothing_else_is(
    emulator: Emulator, group: int, family: str
) -> None:
    known = FAMILIES[family]
    name = f"{family}:{known.serial(801)}"
    emulator.do("plug", name)
    try:
        _check_nodes(known.profile, group)
    finally:
        emulator.do("unplug", name)


def _check_nodes(profile: str, group: int) -> None:
    until(lambda: nodes_of(profile), "its nodes are there")
    rights.settled()
    ours = {node.path: bus for bus, node in nodes_of(profile)}
    for path, bus in ours.items():
        assert (path.stat().st_mode & 0o777, path.stat().st_gid) == (0o660, group)
        assert may_open("teller", [group], path)
        assert not may_open("visitor", [], path)
        assert bus is Transport.HID or rights.udev_says(path)["ID_MM_DEVICE_IGNORE"] == "1"
    others = {*Path("/dev").glob("hidraw*"), *Path("/dev").glob("ttyACM*"), *Path("/dev/bus/usb").glob("*/*")}
    for path in others - ours.keys():
        assert path.stat().st_gid != group
        assert not path.name.startswith("hidraw") or not may_open("teller", [group], path)


def test_the_group_is_that_of_the_rules(group: int) -> None:
    assert grp.getgrnam(GROUP).gr_gid == group
    assert grp.getgrnam(GROUP).gr_mem == ["teller"]
