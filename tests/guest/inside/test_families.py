"""Every family through the real USB stack, the real station agent and the real server."""

from __future__ import annotations

from typing import Final

import pytest

from devices.contract import FailureCode
from provisioning.rules.states import JobState
from provisioning.store.queries.next_step import NextStep
from tests.guest.inside.bench import Bench, OnDesk, is_unnamed
from tests.guest.inside.counter import until
from tests.rig.usb.families import FAMILIES
from tests.rig.usb.trouble import TroubleKind

_CUTS: Final = (1, 7, 14, 18)
"""After so many reports of four devices that are written at the same time."""
NAMED: Final = [name for name, family in FAMILIES.items() if not is_unnamed(family)]
UNNAMED: Final = [name for name, family in FAMILIES.items() if is_unnamed(family)]
every_family = pytest.mark.parametrize("family", FAMILIES)


def serve(bench: Bench, device: OnDesk) -> None:
    """Wait for the proof; then the customer's first code is good."""
    bench.prove(device)
    customer = bench.attempts(device)[0].user_id
    assert customer
    assert bench.counter.activate(customer, bench.display(device)) == "accepted"


@every_family
def test_seen_as_exactly_its_profile_written_and_proved_by_the_customers_first_code(
    bench: Bench, family: str
) -> None:
    device = bench.new(family)
    bench.stock(device)
    seen = [(one["profile"], one["problem"]) for one in bench.counter.devices()]
    assert seen == [(device.family.profile, None)]
    bench.issue(device)
    serve(bench, device)
    assert len(bench.attempts(device)) == 1


@every_family
def test_pulled_out_while_it_is_written_and_put_in_again_it_is_written_by_the_next_attempt(
    bench: Bench, family: str
) -> None:
    devices = [bench.new(family)] if family in UNNAMED else [bench.new(family) for _ in _CUTS]
    for device, point in zip(devices, _CUTS, strict=False):
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


@every_family
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (TroubleKind.MUTE, {FailureCode.TIMEOUT, FailureCode.LINK_LOST}),
        (TroubleKind.STALL, {FailureCode.LINK_LOST, FailureCode.TIMEOUT, FailureCode.BAD_ANSWER}),
    ],
)
def test_silence_and_refusal_in_the_middle_of_a_write_end_it_with_a_reason(
    bench: Bench, family: str, kind: TroubleKind, codes: set[FailureCode]
) -> None:
    device = bench.new(family)
    bench.stock(device)
    bench.trouble(device, kind, 4)
    bench.issue(device)
    until(lambda: len(bench.attempts(device)) > 1, "the first attempt has failed")
    first = bench.attempts(device)[-1]
    assert first.state is JobState.FAILED
    assert first.failure is not None
    assert first.failure.code in codes
    bench.unplug(device)
    bench.plug(device)
    serve(bench, device)


@pytest.mark.parametrize("family", NAMED)
def test_two_of_a_kind_are_written_side_by_side_and_never_mixed_up(bench: Bench, family: str) -> None:
    pair = [bench.new(family), bench.new(family)]
    for device in pair:
        bench.stock(device)
    for device in pair:
        bench.issue(device)
    for device in pair:
        serve(bench, device)


@pytest.mark.parametrize("family", NAMED)
def test_of_two_that_tell_the_same_serial_none_is_written(bench: Bench, family: str) -> None:
    device = bench.new(family)
    bench.stock(device)
    double = bench.new(family, serial=device.serial)
    until(lambda: not bench.is_usable(device), "both are seen")
    bench.issue(device)
    until(lambda: bench.attempts(device)[0].next_step is NextStep.REMOVE_DOUBLE, "the teller is told")
    assert not any(map(bench.display, (device, double)))
    bench.unplug(double)
    serve(bench, device)
    assert not bench.display(double)


@pytest.mark.parametrize("family", UNNAMED)
def test_one_without_a_serial_number_is_written_only_while_it_is_the_only_one(bench: Bench, family: str) -> None:
    device = bench.new(family)
    bench.stock(device)
    double = bench.new(family)
    until(lambda: not bench.is_usable(device), "both are seen")
    bench.unplug(double)
    until(lambda: bench.is_usable(device), "it is alone again")
    bench.issue(device)
    serve(bench, device)
    assert not bench.display(double)
