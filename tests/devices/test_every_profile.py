"""No profile without its battery, no family without its note: what is shipped was put through all of it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devices.drivers import DRIVERS
from devices.profile_files import SHIPPED
from devices.profiles import FAMILIES, Ability, Algorithm, CredentialForm, OtpType
from tests.devices.battery import Battery
from tests.devices.battery_locks import AccessCodeBattery, HandBattery
from tests.devices.patience import shipped

HERE = Path(__file__).parent
WAITS_FOR_A_HAND = {"flipper-totp", "molto2", "ykoath", "yubikey-otp"}
ONLYKEYS = ("onlykey", "onlykey-duo")
USUAL = CredentialForm(OtpType.TOTP, Algorithm.SHA1, digits=8, period_s=60, seed_bytes=20)
PROFILES = shipped()
FAMILY_OF = {profile.name: profile.driver.family for profile in PROFILES}


def batteries(kind: type[Any] = Battery) -> set[str]:
    """The profiles that such a battery is run on."""
    for file in HERE.rglob("test_*.py"):
        importlib.import_module(".".join(file.relative_to(HERE.parents[1]).with_suffix("").parts))
    return {found.profile for found in _below(kind) if not inspect.isabstract(found)}


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for found in kind.__subclasses__():
        yield found
        yield from _below(found)


def test_every_profile_has_its_battery() -> None:
    assert batteries() == {profile.name for profile in PROFILES}


def test_every_profile_that_is_locked_has_the_battery_of_locks() -> None:
    locked = {profile.name for profile in PROFILES if Ability.LOCKS_WITH_CODE in profile.abilities}
    assert batteries(AccessCodeBattery) == locked


def test_every_family_that_waits_for_a_hand_has_that_battery() -> None:
    assert {FAMILY_OF[name] for name in batteries(HandBattery)} == WAITS_FOR_A_HAND


def test_onlykeys_alone_cannot_hold_eight_digits_and_sixty_seconds() -> None:
    faults = {profile.name: profile.fault(USUAL) for profile in PROFILES}
    assert {name: fault.limit for name, fault in faults.items() if fault} == dict.fromkeys(ONLYKEYS, "digits")
    assert not any(profile.fault(replace(USUAL, digits=6, period_s=30)) for profile in PROFILES)


def test_every_family_has_driver_and_profiles() -> None:
    assert set(DRIVERS) == set(FAMILIES) == set(FAMILY_OF.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_note_beside_its_profiles(family: str) -> None:
    note = (SHIPPED / f"{family}.md").read_text(encoding="utf-8")
    assert "Evidence" in note
    assert note.count("\n| --- |") > 1, "tables of offsets and commands"
    for profile in PROFILES:
        if profile.driver.family == family:
            text = (SHIPPED / f"{profile.name}.toml").read_text(encoding="utf-8")
            assert f"{family}.md" in text, profile.name
