"""Devices with more interfaces than the one that is meant."""

from __future__ import annotations

import time
from pathlib import Path

from devices.attach import Desk, real_buses, scan
from devices.profile_files import load_profiles
from tests.guest.inside import rights
from tests.guest.inside.bench import Bench
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import nodes_of, openings, plugged_devices
from tests.rig.usb.families import MISPLACED


def test_the_keyboard_beside_the_right_interface_is_left_alone(bench: Bench) -> None:
    with openings() as opened:
        device = bench.new("kagiya-beside-keyboard")
        bench.stock(device)
        bench.issue(device)
        bench.prove(device)
        assert len(list(Path("/dev").glob("hidraw*"))) == 2
        assert opened.hidraw() == {node.path for _, node in nodes_of("kagiya-fob")}


def test_the_right_ids_at_another_interface_are_no_fob(bench: Bench) -> None:
    with openings() as opened:
        bench.new("kagiya-behind-keyboard")
        until(lambda: len(list(Path("/dev").glob("hidraw*"))) == 2, "its nodes are there")
        # a device that is one is seen in the same rounds
        beside = bench.new("kagiya-fob")
        until(lambda: bench.is_usable(beside), "the station has looked")
        assert [one["serial"] for one in bench.counter.devices()] == [beside.serial]
        assert len(opened.hidraw()) == 1


def test_of_no_family_another_interface_is_taken_for_the_device(emulator: Emulator) -> None:
    profiles = load_profiles()
    desk = Desk(real_buses(profiles, {}), profiles, {}, time.time)
    names = [f"{kind}:{family.serial(650)}" for kind, family in MISPLACED.items()]
    until(lambda: not plugged_devices(), "nothing else is there")
    for name in names:
        emulator.do("plug", name)
    try:
        until(lambda: len(plugged_devices()) == len(names), "they are there")
        rights.settled()
        # the kernel has asked keyboards for their reports
        before = [emulator.do("crossed", name) for name in names]
        with openings() as opened:
            assert not [sighting.device for sighting in scan(desk)]
            assert not opened.hidraw() | opened.ports()
        assert [emulator.do("crossed", name) for name in names] == before
    finally:
        for name in names:
            emulator.do("unplug", name)
