"""Many jobs begin at the same time: each knows what is attached now, and they do not scan one after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from devices.contract import DeviceSeen
from devices.links import AnyLink, AttachedDevice, Bus
from devices.watch import _LOCK_PATIENCE_S, DeviceWatch
from tests.devices.conftest import HID_SERIALS, SEED, SERIAL_SERIALS, Bench, program_of
from tests.devices.patience import shipped

_AT_ONCE = 16


class SlowBus:
    """Scanning takes its time."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.scans = 0

    def scan(self) -> Sequence[AttachedDevice]:
        self.scans += 1
        found = self._bus.scan()
        time.sleep(0.05)
        return found

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        return self._bus.open(device, baud_rate)


def test_a_job_waits_longer_than_any_device_may_take_to_tell_its_name() -> None:
    timings = [profile.timing for profile in shipped()]
    assert max(max(timing.identify_timeout_s, timing.open_timeout_s) for timing in timings) < _LOCK_PATIENCE_S


def test_whoever_asks_during_a_scan_shares_the_next_one(bench: Bench) -> None:
    bus = SlowBus(bench.desk.buses[0])
    watch = DeviceWatch(replace(bench.desk, buses=(bus,)))
    watch.refresh()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        seen = [asked.result() for asked in [pool.submit(watch.refresh) for _ in range(_AT_ONCE)]]
    assert all({device.serial for device in one} == set(HID_SERIALS) for one in seen)
    assert bus.scans <= 1 + 3
    watch.close()


def test_who_was_asked_together_shares_one_scan_however_late_each_begins(bench: Bench) -> None:
    bus = SlowBus(bench.desk.buses[0])
    watch = DeviceWatch(replace(bench.desk, buses=(bus,)))
    watch.refresh()
    asked_at = time.monotonic()
    for serial in HID_SERIALS:
        with watch.opened("kagiya-fob", serial, bench.clock.unix_time, asked_at=asked_at) as driver:
            assert driver.identify().serial == serial
    assert bus.scans == 1 + 1
    watch.close()


def test_what_is_pulled_out_during_a_scan_is_out_for_whoever_asked_after_that(bench: Bench) -> None:
    bus = SlowBus(bench.desk.buses[0])
    watch = DeviceWatch(replace(bench.desk, buses=(bus,)))
    watch.refresh()
    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(watch.refresh)
        while bus.scans < 2:
            time.sleep(0.001)
        time.sleep(0.02)
        bench.drawer.unplug(HID_SERIALS[0])
        after = pool.submit(watch.refresh)
        assert {device.serial for device in before.result()} >= set(HID_SERIALS[1:])
        assert {device.serial for device in after.result()} == set(HID_SERIALS[1:])
    watch.close()


def test_a_look_that_ended_before_a_write_is_not_believed_after_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = DeviceWatch(bench.desk)
    watch.refresh()
    monkeypatch.setattr("devices.watch.LOOK_AGAIN_S", 0.0)
    look_around = watch.refresh

    def look_around_first(asked_at: float | None = None) -> tuple[DeviceSeen, ...]:
        seen = look_around(asked_at)
        # whoever looks at the cradles again has begun
        time.sleep(0.05)
        return seen

    monkeypatch.setattr(watch, "refresh", look_around_first)
    with watch.opened("kagiya-fob", SERIAL_SERIALS[0], bench.clock.unix_time) as driver:
        after = driver.program(program_of(SEED)).generation_after
    (seen,) = [device for device in look_around() if device.serial == SERIAL_SERIALS[0]]
    assert seen.generation == after
    watch.close()
