"""Many fobs at once, and plugs that are pulled and put in all day long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from tests.guest.inside.bench import Bench, OnDesk
from tests.guest.inside.counter import until
from tests.guest.inside.figures import tell

_HUB: Final = 16
_ROUNDS: Final = 50
_PLUGS: Final = 4
"""So many fobs go in and out together: 200 cycles."""
_ISSUED_IN: Final = (0, 16, 32)
"""In these rounds another fob is written beside them."""
_SPARE: Final = 2
"""Descriptors that a pool may open for good while it works: connections to the server."""


def open_files(pid: int) -> int:
    """How many descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def on_hubs() -> list[Path]:
    """The fobs at the ports of hubs that the kernel's hub driver looks after."""
    fobs = [(node / "device").resolve().parents[1] for node in Path("/sys/class/hidraw").iterdir()]
    hubs = [fob.parent / f"{fob.parent.name[3:]}-0:1.0" for fob in fobs]
    return [fob for fob, hub in zip(fobs, hubs, strict=True) if (hub / "driver").resolve().name == "hub"]


def write_all(bench: Bench, devices: list[OnDesk]) -> float:
    """Seconds until all are proved."""
    begun_s = time.monotonic()
    for device in devices:
        bench.issue(device)
    for device in devices:
        bench.prove(device)
    return time.monotonic() - begun_s


def test_a_hub_with_sixteen_fobs(bench: Bench) -> None:
    devices = [bench.new("kagiya-fob") for _ in range(1 + _HUB)]
    for device in devices:
        bench.stock(device)
    assert len(on_hubs()) == len(devices)
    one_s = write_all(bench, devices[:1])
    all_s = write_all(bench, devices[1:])
    tell(f"{_HUB} fobs at once: {all_s:.1f} s, one alone: {one_s:.1f} s (processor-bound: one emulated core)")
    for device in devices:
        assert bench.attempts(device)[0].serial == device.serial


def test_two_hundred_plugs_leave_nothing_behind(bench: Bench) -> None:
    station = bench.counter.station.pid
    # a hub of its own for each: one hub looks after one plug at a time
    cycled = [bench.new("kagiya-fob", hub=hub) for hub in range(_PLUGS)]
    written = [bench.new("kagiya-fob") for _ in _ISSUED_IN]
    for device in (*cycled, *written):
        bench.stock(device)
    for device in cycled:
        bench.unplug(device)
    files_before = open_files(station), open_files(bench.emulator.pid)
    begun_s = time.monotonic()
    for round_number in range(_ROUNDS):
        for device in cycled:
            bench.plug(device)
        until(lambda: len(list(Path("/dev").glob("hidraw*"))) == _PLUGS + len(written), "their nodes are there")
        if round_number in _ISSUED_IN:
            bench.issue(written[_ISSUED_IN.index(round_number)])
        for device in cycled:
            bench.unplug(device)
    tell(f"{_ROUNDS * _PLUGS} plugs in {time.monotonic() - begun_s:.0f} s")
    for device in written:
        bench.prove(device)
    until(lambda: len(bench.counter.devices()) == len(written), "only those are left")
    until(lambda: open_files(station) <= files_before[0] + _SPARE, "the station holds no more than before")
    assert open_files(bench.emulator.pid) == files_before[1]
    assert not bench.counter.busy()
