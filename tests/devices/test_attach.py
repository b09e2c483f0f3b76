"""Exactly one device, and the one that is meant (R28): zero, two, another serial or interface are refused."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from devices.attach import look, open_named, real_buses, scan, survey
from devices.contract import DeviceSeen, FailureCode, JobResult, check
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.errors import BadAnswer, DeviceBusy, DeviceNotFound, LinkLost, NotAlone, UnknownDevice, WrongSerial
from devices.links import AnyLink, AttachedDevice, Bus, Transport
from devices.links.hid import HidBus
from devices.links.serial import SerialBus
from devices.links.usb_bulk import UsbBus
from devices.watch import DeviceWatch
from tests.devices.conftest import HID_SERIALS, SEED, SERIAL_SERIALS, SERIALS, Bench
from tests.rig.faults import NO_FAULTS, Faults

HID, SERIAL = HID_SERIALS[0], SERIAL_SERIALS[0]


@dataclass
class ChangedBus:
    """A bus that shows its devices with other facts, and counts what is opened."""

    bus: Bus
    change: dict[str, object]
    opened: list[str] = field(default_factory=list)

    def scan(self) -> Sequence[AttachedDevice]:
        return [replace(device, **self.change) for device in self.bus.scan()]  # type: ignore[arg-type]

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        self.opened.append(device.path)
        (real,) = (found for found in self.bus.scan() if found.path == device.path)
        return self.bus.open(real, baud_rate)


def by_serial(devices: Sequence[DeviceSeen]) -> dict[str, DeviceSeen]:
    return {seen.serial: seen for seen in devices}


def problem_of(bench: Bench, serial: str) -> FailureCode:
    seen = look(bench.desk, bench.sighting(serial))
    assert seen.problem is not None
    return seen.problem.code


def test_four_fobs_on_the_desk_are_all_usable(bench: Bench) -> None:
    seen = by_serial(survey(bench.desk))
    assert set(seen) == set(SERIALS)
    for serial, device in seen.items():
        assert device == DeviceSeen(
            path=bench.sighting(serial).device.path,
            transport=device.transport,
            profile="kagiya-fob",
            serial=serial,
            model="KF-1",
            firmware="1.2.0",
            battery_percent=87,
            clock_offset_s=None,
            generation=0,
        )


def test_the_clock_is_told_as_the_difference_to_the_station(bench: Bench) -> None:
    bench.fob(HID).parts.clock.set(int(bench.clock.unix_time()) - 100)
    offset_s = look(bench.desk, bench.sighting(HID)).clock_offset_s
    assert offset_s is not None
    assert -102 <= offset_s <= -98


@pytest.mark.parametrize("change", [{"interface": 1}, {"usage": 6}, {"vendor_id": 0x046D}, {"product_id": 5}])
def test_a_wrong_interface_or_id_is_never_opened(bench: Bench, change: dict[str, object]) -> None:
    bus = ChangedBus(bench.desk.buses[0], change)
    desk = replace(bench.desk, buses=(bus,))
    assert scan(desk) == ()
    assert survey(desk) == ()
    assert bus.opened == []


def test_a_node_with_several_collections_is_one_device(bench: Bench) -> None:
    desk = replace(bench.desk, buses=(bench.desk.buses[0], bench.desk.buses[0]))
    assert len(scan(desk)) == len(HID_SERIALS)


def test_an_unlisted_serial_port_never_receives_a_byte(bench: Bench, mocker: MockerFixture) -> None:
    far, near = os.openpty()
    tty.setraw(near)
    port = SimpleNamespace(device=os.ttyname(near), vid=0x0403, pid=0x6001, product="Bridge", serial_number="1")
    mocker.patch("devices.links.serial.list_ports.comports", return_value=[port])
    desk = replace(bench.desk, buses=(SerialBus({}),))
    assert survey(desk) == ()
    ready, _, _ = select.select([far], [], [], 0.1)
    assert ready == []
    os.close(far)
    os.close(near)


def test_a_port_that_names_an_unknown_profile_is_left_alone(bench: Bench) -> None:
    cradles = dict.fromkeys(bench.drawer.cradles, "no-such-profile")
    assert scan(replace(bench.desk, buses=(SerialBus(cradles),))) == ()


@pytest.mark.parametrize(
    ("serial", "faults", "code"),
    [
        (HID, Faults(serial="KF-999999"), FailureCode.WRONG_SERIAL),
        (SERIAL, Faults(serial="KF-999999"), FailureCode.NOT_GENUINE),
        (HID, Faults(firmware=(99, 0, 0)), FailureCode.UNSUPPORTED_FIRMWARE),
        (HID, Faults(not_genuine=True), FailureCode.NOT_GENUINE),
        (SERIAL, Faults(battery_percent=19), FailureCode.LOW_BATTERY),
        (HID, Faults(mute=True), FailureCode.TIMEOUT),
        (SERIAL, Faults(wrong_crc_at_report=1), FailureCode.BAD_ANSWER),
    ],
)
def test_what_stands_in_the_way_is_seen_before_anything_is_written(
    bench: Bench, serial: str, faults: Faults, code: FailureCode
) -> None:
    bench.fob(serial).faults = faults
    assert problem_of(bench, serial) is code


def test_a_fob_of_a_maker_that_is_not_trusted_is_not_genuine(bench: Bench) -> None:
    seen = look(replace(bench.desk, roots={}), bench.sighting(HID))
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.facts) == (FailureCode.NOT_GENUINE, {"reason": "untrusted_root"})


def test_an_unknown_model_is_said(bench: Bench) -> None:
    (fob,) = bench.desk.profiles
    other = replace(fob, device=replace(fob.device, model="KF-2"))
    desk = replace(bench.desk, profiles=(other,))
    seen = look(desk, scan(desk)[0])
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.UNKNOWN_DEVICE
    assert seen.problem.facts["model"] == "KF-1"


def test_a_fob_that_another_program_uses_is_busy(bench: Bench) -> None:
    driver = bench.open(HID)
    assert problem_of(bench, HID) is FailureCode.BUSY
    driver.close()
    assert look(bench.desk, bench.sighting(HID)).problem is None


def test_a_device_known_as_genuine_is_not_asked_again(bench: Bench) -> None:
    sighting = bench.sighting(HID)
    known = look(bench.desk, sighting)
    bench.fob(HID).faults = Faults(not_genuine=True)
    assert look(bench.desk, sighting, known).problem is None
    assert look(bench.desk, sighting, replace(known, serial="KF-000009")).problem is not None


def test_the_serial_is_compared_again_at_open(bench: Bench) -> None:
    sighting = bench.sighting(SERIAL)
    bench.fob(SERIAL).faults = Faults(serial="KF-000009")
    with pytest.raises(WrongSerial) as caught:
        open_named(bench.desk, sighting, bench.profile, SERIAL)
    assert (caught.value.serial, caught.value.found) == (SERIAL, "KF-000009")
    # the port was given back
    bench.fob(SERIAL).faults = NO_FAULTS
    open_named(bench.desk, sighting, bench.profile, SERIAL).close()


def test_a_fob_that_went_between_scan_and_open_is_lost(bench: Bench) -> None:
    for serial in (HID, SERIAL):
        sighting = bench.sighting(serial)
        bench.drawer.unplug(serial)
        with pytest.raises(LinkLost):
            open_named(bench.desk, sighting, bench.profile, serial)


def test_another_profile_than_the_jobs_is_refused(bench: Bench) -> None:
    other = replace(bench.profile, device=replace(bench.profile.device, name="other"))
    with pytest.raises(DeviceNotFound):
        open_named(bench.desk, bench.sighting(HID), other, HID)
    with pytest.raises(UnknownDevice):
        bench.desk.profile("no-such-profile")


def test_only_buses_that_some_profile_is_on_are_looked_at(bench: Bench) -> None:
    (fob,) = bench.desk.profiles
    (hid, serial) = fob.match
    on_usb = replace(fob, match=(replace(hid, bus=Transport.USB), serial))
    assert [type(bus) for bus in real_buses([fob], {})] == [HidBus, SerialBus]
    assert [type(bus) for bus in real_buses([on_usb], {})] == [SerialBus, UsbBus]
    assert real_buses([], {"/dev/ttyS0": "kagiya-fob"}) == ()


@pytest.fixture
def watch(bench: Bench) -> Iterator[DeviceWatch]:
    watched = DeviceWatch(bench.desk)
    yield watched
    watched.close()


def write(watch: DeviceWatch, bench: Bench, serial: str, profile: str = "kagiya-fob") -> None:
    with watch.opened(profile, serial, bench.clock.unix_time) as driver:
        driver.erase(1)


def test_none_with_that_serial(bench: Bench, watch: DeviceWatch) -> None:
    bench.drawer.unplug(HID)
    for serial in (HID, "KF-777777"):
        with pytest.raises(DeviceNotFound) as caught:
            write(watch, bench, serial)
        assert (caught.value.serial, caught.value.profile) == (serial, "kagiya-fob")
    with pytest.raises(UnknownDevice):
        write(watch, bench, SERIAL, profile="other")


def test_two_with_one_serial_are_both_refused(bench: Bench, watch: DeviceWatch) -> None:
    bench.fob(SERIAL_SERIALS[1]).faults = Faults(serial=SERIAL)
    doubles = [seen for seen in watch.refresh() if seen.serial == SERIAL]
    assert len(doubles) == 2
    for seen in doubles:
        assert seen.problem is not None
        assert (seen.problem.code, seen.problem.facts["count"]) == (FailureCode.NOT_ALONE, "2")
    with pytest.raises(NotAlone):
        write(watch, bench, SERIAL)
    assert bench.fob(SERIAL).parts.flash.record.generation == 0


def test_devices_come_and_go_and_each_is_looked_at_once(bench: Bench) -> None:
    bus = ChangedBus(bench.desk.buses[0], {})
    watch = DeviceWatch(replace(bench.desk, buses=(bus,)))
    for _ in range(3):
        assert set(by_serial(watch.refresh())) == set(HID_SERIALS)
    assert len(bus.opened) == len(HID_SERIALS)
    bench.drawer.unplug(HID)
    assert set(by_serial(watch.refresh())) == set(HID_SERIALS[1:])
    bench.drawer.plug(HID)
    assert set(by_serial(watch.refresh())) == set(HID_SERIALS)
    assert len(bus.opened) == len(HID_SERIALS) + 1
    watch.close()


def test_what_was_written_is_looked_at_anew(bench: Bench, watch: DeviceWatch) -> None:
    assert by_serial(watch.refresh())[HID].generation == 0
    write(watch, bench, HID)
    wait_for_generation(watch, HID, 1)


def wait_for_generation(watch: DeviceWatch, serial: str, generation: int) -> None:
    for _ in range(20):
        if by_serial(watch.refresh())[serial].generation == generation:
            return
        select.select([], [], [], 0.05)
    pytest.fail("the watch still tells the old generation")


def test_a_mended_problem_and_a_changed_cradle_are_noticed(
    bench: Bench, watch: DeviceWatch, mocker: MockerFixture
) -> None:
    mocker.patch("devices.watch.LOOK_AGAIN_S", 0.0)
    bench.fob(HID).faults = Faults(battery_percent=3)
    assert by_serial(watch.refresh())[HID].problem is not None
    bench.fob(HID).faults = NO_FAULTS
    bench.fob(SERIAL).faults = Faults(serial="KF-000008", firmware=(1, 9, 0))
    for _ in range(20):
        seen = by_serial(watch.refresh())
        if HID in seen and seen[HID].problem is None and "KF-000008" in seen:
            return
        select.select([], [], [], 0.05)
    pytest.fail("what changed was not noticed")


def test_a_device_at_work_is_left_alone_and_still_told(
    bench: Bench, watch: DeviceWatch, mocker: MockerFixture
) -> None:
    mocker.patch("devices.watch._LOCK_PATIENCE_S", 0.1)
    watch.refresh()
    with watch.opened("kagiya-fob", SERIAL, bench.clock.unix_time) as driver:
        assert by_serial(watch.refresh())[SERIAL].problem is None
        with pytest.raises(DeviceBusy):
            write(watch, bench, SERIAL)
        assert driver.identify().serial == SERIAL


def test_an_odd_device_does_not_hide_the_others(
    bench: Bench, watch: DeviceWatch, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    path = bench.sighting(HID).device.path
    mocker.patch(
        "devices.watch.look",
        side_effect=lambda desk, s, known: look(desk, s, known) if s.device.path != path else 1 / 0,
    )
    seen = {device.path: device for device in watch.refresh()}
    assert len(seen) == len(SERIALS)
    problem = seen[path].problem
    assert problem is not None
    assert problem.facts == {"error": "ZeroDivisionError"}
    assert "look at" in caplog.text


@pytest.mark.parametrize(
    "odd",
    [
        {"serial": "KF-" + "0" * 62},
        {"serial": "KF-000001\0"},
        {"model": "KF-1\n"},
        {"battery_percent": 101},
        {"generation": 1 << 32},
        {"clock": 1 << 41},
    ],
)
def test_what_a_device_tells_beyond_every_bound_is_not_told_on(
    bench: Bench, mocker: MockerFixture, odd: dict[str, Any]
) -> None:
    real = KagiyaFob.identify
    mocker.patch.object(KagiyaFob, "identify", autospec=True, side_effect=lambda fob: replace(real(fob), **odd))
    seen = look(bench.desk, bench.sighting(HID))
    check(seen)
    assert (seen.serial, seen.model, seen.profile) == ("", "", "")
    assert seen.problem is not None
    assert seen.problem.code in (FailureCode.BAD_ANSWER, FailureCode.WRONG_SERIAL, FailureCode.UNKNOWN_DEVICE)


def test_seeds_stay_where_they_belong(bench: Bench) -> None:
    code = bench.program(HID, SEED)
    assert SEED.hex() not in repr(survey(bench.desk))
    assert code not in repr(survey(bench.desk))


def test_what_a_device_says_of_itself_is_text_for_every_page_and_database() -> None:
    told = BadAnswer("identify", "KF\0\udc80 一").problem()
    assert told.facts["problem_found"] == "KF\ufffd\ufffd 一"
    check(JobResult(problem=told))
