"""Every family through the real USB stack, the real station agent and the real server."""

from __future__ import annotations

from typing import Final

import pytest

from provisioning.rules.states import JobState
from provisioning.store.queries.next_step import NextStep
from tests.guest.inside.bench import Bench, OnDesk, is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.nodes import nodes_of, openings
from tests.rig.usb.families import FAMILIES
from tests.rig.usb.trouble import TroubleKind

NAMED: Final = [name for name, family in FAMILIES.items() if not is_unnamed(family)]
_SLIPS: Final = (1, 7, 14, 18)
"""Reports of a write, early to late."""

UNNAMED: Final = [name for name, family in FAMILIES.items() if is_unnamed(family)]


def serve(bench: Bench, device: OnDesk) -> None:
    """Wait for the proof; then the customer's first code is good."""
    bench.prove(device)
    customer = bench.attempts(device)[0].user_id
    assert customer
    assert bench.counter.activate(customer, bench.display(device)) == "accepted"


@pytest.mark.parametrize("family", NAMED)
def test_two_of_a_kind_are_written_side_by_side_until_their_customers_first_codes(
    bench: Bench, family: str
) -> None:
    with openings() as opened:
        pair = [bench.new(family), bench.new(family)]
        for device in pair:
            bench.stock(device)
        assert {(one["profile"], one["problem"]) for one in bench.counter.devices()} == {
            (FAMILIES[family].profile, None)
        }
        for device in pair:
            bench.issue(device)
        for device in pair:
            serve(bench, device)
        # no keyboard and no authenticator beside it was ever opened
        assert opened.hidraw() <= {node.path for _, node in nodes_of(FAMILIES[family].profile)}


@pytest.mark.parametrize("family", UNNAMED)
def test_one_without_a_serial_number_is_written_while_it_is_the_only_one(bench: Bench, family: str) -> None:
    with openings() as opened:
        device = bench.new(family)
        bench.stock(device)
        double = bench.new(family)
        until(lambda: not bench.is_usable(device), "both are seen")
        right = {node.path for _, node in nodes_of(FAMILIES[family].profile)}
        bench.unplug(double)
        until(lambda: bench.is_usable(device), "it is alone again")
        bench.issue(device)
        serve(bench, device)
        assert not bench.display(double)
        assert opened.hidraw() <= right


def touch_when_asked(bench: Bench, device: OnDesk) -> int:
    """Until it is written; how often it asked for the hand."""
    asked = 0

    def is_written() -> bool:
        nonlocal asked
        job = bench.attempts(device)[0]
        if job.next_step is NextStep.TOUCH:
            asked += 1
            bench.emulator.do("press", device.name)
        return job.state is JobState.PROVED

    until(is_written, "it is written")
    return asked


def test_oath_keys_of_other_makers_are_written_one_of_them_after_a_touch(bench: Bench) -> None:
    with openings() as opened:
        touched, _ = keys = [bench.new(model) for model in ("nitrokey-3", "canokey")]
        for key in keys:
            bench.stock(key)
            bench.issue(key)
        assert touch_when_asked(bench, touched)
        for key in keys:
            serve(bench, key)
        assert not opened.hidraw()


def test_fobs_that_are_out_for_a_moment_are_written_all_the_same(bench: Bench) -> None:
    """Linux may take such a one for the same again: its node stays, and what was opened before hears no more."""
    fobs = [bench.new("kagiya-fob") for _ in _SLIPS]
    for fob, report in zip(fobs, _SLIPS, strict=True):
        bench.stock(fob)
        bench.trouble(fob, TroubleKind.CUT, report)
    for fob in fobs:
        bench.issue(fob)
    for fob in fobs:
        until(lambda fob=fob: not bench.emulator.do("plugged", fob.name), "out")  # type: ignore[misc]
    for fob in reversed(fobs):
        bench.plug(fob)
    for fob in fobs:
        serve(bench, fob)


def test_of_two_that_tell_the_same_serial_none_is_written(bench: Bench) -> None:
    device = bench.new("kagiya-fob")
    bench.stock(device)
    double = bench.new("kagiya-fob", serial=device.serial)
    until(lambda: not bench.is_usable(device), "both are seen")
    bench.issue(device)
    until(lambda: bench.attempts(device)[0].next_step is NextStep.REMOVE_DOUBLE, "the teller is told")
    assert not any(map(bench.display, (device, double)))
    bench.unplug(double)
    serve(bench, device)
    assert not bench.display(double)
