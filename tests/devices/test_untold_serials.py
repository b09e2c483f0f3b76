"""Devices that tell no serial number: by the label only one that is alone (R28), by the bus only the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_mock import MockerFixture

from devices.attach import Desk, Sighting, look, open_named, scan, survey
from devices.contract import FailureCode
from devices.driver import DeviceIdentity, Surroundings
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.errors import DeviceNotFound, LinkLost, NotAlone, WrongSerial
from devices.links import AnyLink
from devices.profiles import FirmwareProfile, SerialSource
from devices.watch import DeviceWatch
from tests.devices.conftest import HID_SERIALS, Bench, program_of
from tests.devices.test_attach import ChangedBus
from tests.rig.faults import Faults

LABEL = "OK-0017"
FIRST, SECOND = HID_SERIALS


class Nameless(KagiyaFob):
    """A fob that keeps its serial number to itself."""

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        super().__init__(link, replace(surroundings, expected_serial=""))

    def identify(self) -> DeviceIdentity:
        return replace(super().identify(), serial="")


def profile_with(bench: Bench, serial: SerialSource) -> FirmwareProfile:
    return replace(bench.profile, use=replace(bench.profile.use, serial=serial))


def desk_with(bench: Bench, serial: SerialSource, **bus_facts: object) -> Desk:
    """The two HID fobs alone, of a profile whose serial numbers come from there."""
    bus = ChangedBus(bench.desk.buses[0], dict(bus_facts))
    return replace(bench.desk, buses=(bus,), profiles=(profile_with(bench, serial),))


@pytest.fixture(autouse=True)
def nameless(mocker: MockerFixture) -> None:
    mocker.patch.dict("devices.drivers.DRIVERS", {"kagiya-fob": Nameless})


@pytest.fixture
def labelled(bench: Bench) -> Desk:
    return desk_with(bench, SerialSource.LABEL, bus_serial="")


@pytest.fixture
def watch(labelled: Desk) -> Iterator[DeviceWatch]:
    made = DeviceWatch(labelled)
    yield made
    made.close()


def write(watch: DeviceWatch, bench: Bench) -> None:
    with watch.opened("kagiya-fob", LABEL, bench.clock.unix_time) as driver:
        driver.program(program_of(bytes(20)))


def generation(bench: Bench, serial: str) -> int:
    return bench.fob(serial).parts.flash.record.generation


def test_one_alone_is_written_under_its_label(bench: Bench, labelled: Desk, watch: DeviceWatch) -> None:
    bench.drawer.unplug(SECOND)
    (seen,) = survey(labelled)
    assert (seen.profile, seen.serial, seen.problem) == ("kagiya-fob", "", None)
    write(watch, bench)
    assert generation(bench, FIRST) == 1


def test_two_of_one_profile_are_told_and_refused(bench: Bench, labelled: Desk, watch: DeviceWatch) -> None:
    for seen in survey(labelled):
        assert seen.problem is not None
        assert (seen.problem.code, seen.problem.facts) == (FailureCode.NOT_ALONE, {"count": "2"})
    with pytest.raises(NotAlone) as caught:
        write(watch, bench)
    assert caught.value.count == 2
    assert (generation(bench, FIRST), generation(bench, SECOND)) == (0, 0)


def test_a_second_one_that_does_not_say_what_it_is_counts_too(bench: Bench, watch: DeviceWatch) -> None:
    bench.fob(SECOND).faults = Faults(mute=True)
    with pytest.raises(NotAlone):
        write(watch, bench)
    assert generation(bench, FIRST) == 0


def test_none_at_all_is_not_found(bench: Bench, watch: DeviceWatch) -> None:
    for serial in HID_SERIALS:
        bench.drawer.unplug(serial)
    with pytest.raises(DeviceNotFound):
        write(watch, bench)


def sighting_of(desk: Desk, serial: str) -> Sighting:
    (found,) = (sighting for sighting in scan(desk) if serial in sighting.device.path)
    return found


def test_the_bus_tells_the_serial_of_a_device_that_does_not(bench: Bench) -> None:
    bench.drawer.unplug(SECOND)
    desk = desk_with(bench, SerialSource.BUS, bus_serial="SN-1")
    sighting = sighting_of(desk, FIRST)
    seen = look(desk, sighting)
    assert (seen.serial, seen.problem) == ("SN-1", None)
    with pytest.raises(WrongSerial):
        open_named(desk, sighting, desk.profiles[0], "SN-2")
    driver = open_named(desk, sighting, desk.profiles[0], "SN-1")
    driver.program(program_of(bytes(20)))
    driver.close()
    assert generation(bench, FIRST) == 1


def test_a_device_whose_bus_tells_nothing_is_not_used(bench: Bench) -> None:
    desk = desk_with(bench, SerialSource.BUS, bus_serial="")
    seen = look(desk, sighting_of(desk, FIRST))
    assert seen.problem is not None
    assert (seen.serial, seen.problem.code) == ("", FailureCode.BAD_ANSWER)


def test_a_device_swapped_behind_its_path_is_lost(bench: Bench, labelled: Desk) -> None:
    sighting = sighting_of(labelled, FIRST)
    (profile,) = labelled.profiles
    bus = sighting.bus
    assert isinstance(bus, ChangedBus)
    bus.change["bus_serial"] = "another"
    with pytest.raises(LinkLost):
        open_named(labelled, sighting, profile, LABEL)
    assert generation(bench, FIRST) == 0


def test_a_device_that_tells_another_serial_at_open_is_refused(bench: Bench, mocker: MockerFixture) -> None:
    mocker.patch.dict("devices.drivers.DRIVERS", {"kagiya-fob": KagiyaFob})
    sighting = bench.sighting(FIRST)
    assert look(bench.desk, sighting).serial == FIRST
    bench.fob(FIRST).faults = Faults(serial=SECOND)
    with pytest.raises(WrongSerial) as caught:
        open_named(bench.desk, sighting, bench.profile, FIRST)
    assert (caught.value.serial, caught.value.found) == (FIRST, SECOND)
    assert generation(bench, FIRST) == 0
