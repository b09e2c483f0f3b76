"""Kinds of fob for the tests: the shipped kagiya fob with other limits, and a case that has one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devices.profile_files import SHIPPED, load_profile
from devices.profiles import Ability, ClockKept, CodeShown, FirmwareProfile, OtpType, SerialSource
from provisioning.services import Services
from tests.fobs.case import Case

NAME = "kagiya-fob-hid"


def kind(
    use: dict[str, Any] | None = None, abilities: frozenset[Ability] | None = None, **limits: Any
) -> FirmwareProfile:
    """The kagiya fob with other limits, uses and abilities."""
    base = load_profile(SHIPPED / "kagiya-fob.toml")
    return replace(
        base,
        device=replace(base.device, name=NAME),
        limits=replace(base.limits, **limits),
        use=replace(base.use, **(use or {})),
        abilities=base.abilities if abilities is None else abilities,
    )


KAGIYA = kind()
SIX_THIRTY = kind(digits=(6,), periods_s=(30,), otp_types=(OtpType.TOTP,), use={"hotp": None})
COUNTS_BY_16 = kind(
    otp_types=(OtpType.HOTP,),
    counter_step=16,
    use={"totp": None, "hotp": CodeShown.TYPED, "clock": ClockKept.NONE},
    abilities=frozenset(),
)
YUBIKEY = load_profile(SHIPPED / "yubikey-5.toml")
TYPES_ALL = kind(use={"totp": CodeShown.TYPED, "hotp": CodeShown.TYPED}, abilities=frozenset())
LOCKS = kind(abilities=frozenset({Ability.LOCKS_WITH_CODE}))
UNNAMED = kind(use={"serial": SerialSource.LABEL}, abilities=frozenset())
NEEDS_COMPANION = kind(
    use={"totp": CodeShown.COMPANION, "clock": ClockKept.WHILE_POWERED}, abilities=frozenset({Ability.READS_CODE})
)


def with_kind(services: Services, profile: FirmwareProfile) -> Services:
    """Services that know the fobs of the tests as `profile`."""
    return replace(services, profiles={NAME: profile})


def as_kind(case: Case, profile: FirmwareProfile) -> Case:
    """The case with its fob of that kind."""
    services = with_kind(case.services, profile)
    return replace(case, services=services, desk=replace(case.desk, services=services))
