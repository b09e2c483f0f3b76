"""How long an emulated device says that it is at work."""

from __future__ import annotations

from pathlib import Path

from tests.rig.at_work import AtWork
from tests.rig.usb.attach import Cabinet
from tests.rig.usb.families import FAMILIES


def test_what_goes_on_side_by_side_counts_once() -> None:
    now = [100.0]
    work = AtWork(lambda: now[0])
    work.begin(2.0)
    work.begin(5.0)
    assert (work.busy, work.total_s) == (True, 5.0)
    now[0] = 104.0
    work.begin(0.5)
    assert work.total_s == 5.0
    work.begin(3.0)
    assert work.total_s == 7.0
    now[0] = 107.0
    assert not work.busy


def test_without_power_nothing_works_on() -> None:
    now = [100.0]
    work = AtWork(lambda: now[0])
    work.begin(2.0)
    work.stop()
    assert not work.busy
    work.begin(1.0)
    assert (work.busy, work.total_s) == (True, 3.0)


def test_every_device_that_can_be_plugged_in_tells_it(tmp_path: Path) -> None:
    cabinet = Cabinet(tmp_path, pace=1)
    for name, family in FAMILIES.items():
        assert cabinet.act(f"worked {name}:{family.serial(1)}") == {"done": 0.0}
