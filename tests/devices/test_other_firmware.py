"""Firmware outside every profile's range is named and left alone, whatever the family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from devices.attach import survey
from devices.contract import FailureCode
from devices.profiles import Version
from tests.devices.flippers import FlipperSubject
from tests.devices.nitrokey_pro.subject import NitrokeySubject
from tests.devices.oath_keys import OathSubject
from tests.devices.onlykeys import OnlyKeySubject
from tests.devices.patience import shipped
from tests.devices.subject import Subject
from tests.rig.nitrokey_pro.device import Model as NitrokeyModel
from tests.rig.onlykey.device import Model as OnlyKeyModel
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, YUBIKEY_4, YUBIKEY_5
from tests.rig.ykoath.models import Model as OathModel


def flipper(firmware: Version) -> Subject:
    subject = FlipperSubject()
    subject.flipper.app_version = str(firmware)
    return subject


def onlykey(model: OnlyKeyModel) -> Callable[[Version], Subject]:
    def made(firmware: Version) -> Subject:
        subject = OnlyKeySubject(model)
        subject.unplug()
        subject.key.firmware = str(firmware)
        subject.plug()
        return subject

    return made


def oath(model: OathModel, profile: str) -> Callable[[Version], Subject]:
    return lambda it: OathSubject(replace(model, version=(it.major, it.minor, it.patch)), profile)


def nitrokey(model: NitrokeyModel, profile: str) -> Callable[[Version], Subject]:
    return lambda firmware: NitrokeySubject(profile, (firmware.major, firmware.minor), model)


MAKERS: dict[str, Callable[[Version], Subject]] = {
    "flipper-totp": flipper,
    "onlykey": onlykey(OnlyKeyModel.COLOR),
    "onlykey-duo": onlykey(OnlyKeyModel.DUO),
    "yubikey-4-oath": oath(YUBIKEY_4, "yubikey-4-oath"),
    "yubikey-5-oath": oath(YUBIKEY_5, "yubikey-5-oath"),
    "nitrokey-3": oath(NITROKEY_3, "nitrokey-3"),
    "canokey": oath(CANOKEY, "canokey"),
    "nitrokey-pro": nitrokey(NitrokeyModel.PRO, "nitrokey-pro"),
    "nitrokey-storage": nitrokey(NitrokeyModel.STORAGE, "nitrokey-storage"),
    "librem-key": nitrokey(NitrokeyModel.LIBREM_KEY, "librem-key"),
}
TELLS_NONE = {"molto2-v1", "molto2-v2"}
ELSEWHERE = {"kagiya-fob", "yubikey-2", "yubikey-neo", "yubikey-4", "yubikey-5"}
"""In tests of their own: a YubiKey's ids follow its firmware."""
PROFILES = {profile.name: profile for profile in shipped()}


def before(version: Version) -> Version:
    """A firmware that is older."""
    if version.minor:
        return Version(version.major, version.minor - 1, version.patch)
    return Version(version.major - 1, 9, 9)


def at_the_edges() -> Iterator[tuple[str, Version, bool]]:
    """Each profile's first and first-not-any-more firmware, and one before: whether some profile covers it."""
    for name in MAKERS:
        device = PROFILES[name].device
        for firmware in (before(device.firmware_from), device.firmware_from, device.firmware_below):
            # ids are shared: what is too new for a YubiKey 4 is a YubiKey 5
            covered = any(
                other.device.covers(device.model, firmware) and set(other.match) & set(PROFILES[name].match)
                for other in PROFILES.values()
            )
            yield name, firmware, covered


@contextmanager
def plugged(name: str, firmware: Version) -> Iterator[Subject]:
    subject = MAKERS[name](firmware)
    try:
        yield subject
    finally:
        subject.unplug()


def test_every_kind_that_tells_a_firmware_is_here() -> None:
    assert MAKERS.keys() | TELLS_NONE | ELSEWHERE == PROFILES.keys()


@pytest.mark.parametrize(("name", "firmware", "covered"), list(at_the_edges()))
def test_the_range_ends_where_it_says(name: str, firmware: Version, covered: bool) -> None:
    with plugged(name, firmware) as subject:
        (seen,) = survey(subject.desk)
        if covered:
            assert seen.problem is None
            assert PROFILES[seen.profile].device.covers(seen.model, firmware)
            return
        assert seen.problem is not None
        assert seen.problem.code is FailureCode.UNSUPPORTED_FIRMWARE
        assert seen.problem.facts["firmware"] == str(firmware)
        assert seen.profile == ""
