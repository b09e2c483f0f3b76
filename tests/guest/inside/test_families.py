"""Every family through the real USB stack, the real station agent and the real server."""

from __future__ import annotations

from typing import Final

import pytest

from provisioning.store.queries.next_step import NextStep
from tests.guest.inside.bench import Bench, OnDesk, is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.nodes import nodes_of, openings
from tests.rig.usb.families import FAMILIES
from tests.rig.usb.trouble import TroubleKind

_CUTS: Final = (1, 7, 14, 18)
"""After so many reports of four fobs that are written at the same time."""
OUR_OWN: Final = ("kagiya-fob", "kagiya-cradle")
NAMED: Final = [name for name, family in FAMILIES.items() if not is_unnamed(family)]
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


def test_oath_keys_of_other_makers_are_written_one_of_them_after_a_touch(bench: Bench) -> None:
    with openings() as opened:
        touched, _ = keys = [bench.new(model) for model in ("nitrokey-3", "canokey")]
        for key in keys:
            bench.stock(key)
            bench.issue(key)
        until(lambda: bench.attempts(touched)[0].next_step is NextStep.TOUCH, "it waits for a hand")
        bench.emulator.do("press", touched.name)
        for key in keys:
            serve(bench, key)
        assert not opened.hidraw()


@pytest.mark.parametrize("family", OUR_OWN)
def test_pulled_out_while_it_is_written_and_put_in_again_it_is_written_by_the_next_attempt(
    bench: Bench, family: str
) -> None:
    devices = [bench.new(family) for _ in _CUTS]
    for device, point in zip(devices, _CUTS, strict=True):
        bench.stock(device)
        bench.trouble(device, TroubleKind.CUT, point)
    for device in devices:
        bench.issue(device)
    for device in devices:
        bench.wait_until_out(device)
    # in another order: nodes get other numbers than before
    for device in reversed(devices):
        bench.plug(device)
    for device in devices:
        serve(bench, device)


@pytest.mark.parametrize("kind", [TroubleKind.MUTE, TroubleKind.STALL])
def test_silence_and_refusal_end_an_attempt_and_the_next_one_writes(bench: Bench, kind: TroubleKind) -> None:
    device = bench.new("kagiya-fob")
    bench.stock(device)
    bench.trouble(device, kind, 4)
    bench.issue(device)
    until(lambda: len(bench.attempts(device)) > 1, "the first attempt has failed")
    assert bench.attempts(device)[-1].failure is not None
    bench.unplug(device)
    bench.plug(device)
    serve(bench, device)


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
