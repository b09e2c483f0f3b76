"""The shipped profiles, read once, and with time for an emulator that shares a busy machine with everybody."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from typing import Final

from devices.profile_files import load_profiles
from devices.profiles import FirmwareProfile, Timing

_PATIENT_S: Final = 2.0
shipped: Final = cache(load_profiles)


@cache
def patient() -> tuple[FirmwareProfile, ...]:
    """No wait is shorter than two seconds."""
    return tuple(replace(profile, timing=_at_least(profile.timing)) for profile in shipped())


def _at_least(timing: Timing) -> Timing:
    times = {name: value for name, value in asdict(timing).items() if name.endswith("timeout_s")}
    return replace(timing, **{name: max(value, _PATIENT_S) for name, value in times.items()})
