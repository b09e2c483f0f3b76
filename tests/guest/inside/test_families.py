"""Every family through the real USB stack, the real station agent and the real server."""

from __future__ import annotations

import pytest

from tests.guest.inside.bench import Bench
from tests.guest.inside.counter import until
from tests.rig.usb.families import FAMILIES

every_family = pytest.mark.parametrize("family", FAMILIES)


@every_family
def test_seen_as_exactly_its_profile_written_and_proved_by_the_customers_first_code(
    bench: Bench, family: str
) -> None:
    device = bench.new(family)
    until(lambda: bench.is_usable(device), f"{family} is seen")
    assert [(one["profile"], one["problem"]) for one in bench.counter.devices()] == [(device.family.profile, None)]
    customer = bench.issue(device)
    bench.wait_until_proved(device)
    assert bench.counter.activate(customer, bench.display(device)) == "accepted"
