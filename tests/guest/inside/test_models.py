"""Every model on one desk: each is recognised as what it is, and what stands beside it is left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devices.attach import Desk, real_buses, scan, survey
from devices.profile_files import load_profiles
from tests.guest.inside.bench import is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import nodes_of, openings
from tests.guest.inside.patience import patient_profiles
from tests.rig.drawer import ROOT_NAME
from tests.rig.fob.factory import Manufacturer
from tests.rig.usb.families import FAMILIES, MODELS, Family

_ALL: Final = {**FAMILIES, **MODELS}
_SERIALS: Final = {name: family.serial(600) for name, family in _ALL.items()}
_OTHER_FACES: Final = {"yubikey-4": "yubikey-4-oath"}
"""A device that shows all its interfaces is two to a station."""


@pytest.fixture
def desk(emulator: Emulator) -> Iterator[Desk]:
    """With one of each model."""
    profiles = load_profiles(patient_profiles(emulator.folder / "profiles"))
    plugged = [f"{name}:{serial}" for name, serial in _SERIALS.items()]
    for name in plugged:
        emulator.do("plug", name)
    roots = {ROOT_NAME: Manufacturer.in_directory(emulator.folder).root_public}
    yield Desk(real_buses(profiles, {}), profiles, roots, time.time)
    for name in plugged:
        emulator.do("unplug", name)


def test_each_model_is_recognised_among_all_and_what_stands_beside_it_is_not_opened(desk: Desk) -> None:
    wanted = {identity for name, family in _ALL.items() for identity in _identities(name, family)}
    assert {profile for profile, _ in wanted} == {profile.name for profile in desk.profiles}
    with openings() as opened:
        until(lambda: len(scan(desk)) == len(wanted), "all are seen")
        seen = survey(desk)
        hid = opened.hidraw()
    assert sorted((one.profile, one.serial) for one in seen) == sorted(wanted)
    assert not [one for one in seen if one.problem]
    ours = {node.path for profile in desk.profiles for _, node in nodes_of(profile.name)}
    nodes = set(Path("/dev").glob("hidraw*"))
    assert hid == ours & nodes
    # and the others are the kernel's as before
    assert len(list(Path("/sys/bus/usb/drivers/usbhid").glob("*-*:*"))) == len(nodes) > len(hid)


def _identities(name: str, family: Family) -> list[tuple[str, str]]:
    """Profile and serial number, once for each face."""
    serial = "" if is_unnamed(family) else _SERIALS[name]
    return [(profile, serial) for profile in (family.profile, _OTHER_FACES.get(name)) if profile]
