"""A desk on which every family's device falls silent, or refuses everything, when it has just taken its seed."""

from __future__ import annotations

import time
from typing import Final

import pytest

from devices.contract import FailureCode
from provisioning.rules.states import JobState
from tests.guest.inside.bench import Bench, OnDesk
from tests.guest.inside.counter import until
from tests.guest.inside.figures import tell
from tests.guest.inside.test_families import serve
from tests.rig.usb.families import FAMILIES
from tests.rig.usb.trouble import TroubleKind

_MOST_S: Final = 35.0
"""Linux takes 30 s to close a port whose device does not take what was sent: nobody has to wait for that."""
_REASONS: Final = {FailureCode.TIMEOUT, FailureCode.LINK_LOST, FailureCode.BAD_ANSWER, FailureCode.BUSY}


def ended_badly(bench: Bench, device: OnDesk) -> bool:
    """Whether an attempt has failed, and how it may."""
    failed = [one for one in bench.attempts(device) if one.state is JobState.FAILED]
    assert all(one.failure in _REASONS for one in failed), failed
    return bool(failed)


def until_each_ends_badly(bench: Bench, devices: list[OnDesk], kind: TroubleKind) -> None:
    """And tell how long each took."""
    begun_s = time.monotonic()
    took_s: dict[str, float] = {}

    def all_ended() -> bool:
        for device in devices:
            if device.name not in took_s and ended_badly(bench, device):
                took_s[device.name] = round(time.monotonic() - begun_s, 1)
        return len(took_s) == len(devices)

    until(all_ended, f"all have failed, not only {took_s}", every_s=0.2)
    assert max(took_s.values()) < _MOST_S
    tell(f"{kind}: each write has failed, after seconds: {took_s}")


@pytest.mark.parametrize("wanted", sorted({family.wanted for family in FAMILIES.values()}))
@pytest.mark.parametrize("kind", [TroubleKind.MUTE, TroubleKind.STALL])
def test_silence_and_refusal_end_each_write_with_a_reason_and_the_next_one_is_its_customers(
    bench: Bench, wanted: tuple[int, int], kind: TroubleKind
) -> None:
    devices = [bench.new(name) for name, family in FAMILIES.items() if family.wanted == wanted]
    for device in devices:
        bench.stock(device)
    for device in devices:
        bench.trouble_in_write(device, kind)
        bench.issue(device)
    until_each_ends_badly(bench, devices, kind)
    bench.counter.check_books()
    for device in devices:
        bench.unplug(device)
        bench.plug(device)
    for device in devices:
        serve(bench, device)
    bench.counter.check_books()
