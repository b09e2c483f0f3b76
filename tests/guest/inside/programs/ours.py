"""The station's side of the same devices: our own drivers on the guest's buses, for one test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from devices.attach import Desk, real_buses, scan
from devices.contract import WriteReceipt
from devices.driver import SlotProgram, Surroundings, TokenDriver
from devices.drivers import DRIVERS
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType

SECRET: Final = b"12345678901234567890"
BASE32: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
TOTP_8_60: Final = CredentialForm(OtpType.TOTP, Algorithm.SHA1, digits=8, period_s=60, seed_bytes=20)
TITLE: Final = "KAGIYA"


@contextmanager
def opened(profile_name: str, **around: Any) -> Iterator[Any]:
    """The driver of the one device that is plugged in, identified."""
    profiles = load_profiles()
    desk = Desk(real_buses(profiles, {}), profiles, {}, time.time)
    profile = desk.profile(profile_name)
    seen = scan(desk)
    assert len(seen) == 1, seen
    (sighting,) = seen
    assert profile in sighting.profiles
    link = sighting.bus.open(sighting.device, profile.timing.baud_rate)
    driver = DRIVERS[profile.driver.family](link, Surroundings(profile, time.time, {}, **around))
    try:
        driver.identify()
        yield driver
    finally:
        driver.close()


def write(driver: TokenDriver, form: CredentialForm = TOTP_8_60, secret: bytes = SECRET) -> WriteReceipt:
    """Program it as the station does."""
    return driver.program(SlotProgram(form, secret, TITLE))


def read_theirs(driver: Any, form: CredentialForm) -> str:
    """A code of what the vendor's program wrote, as if this session had written it."""
    driver._form = form
    return str(driver.read_code(form.slot))


def truncated(mac: bytes, digits: int = 8) -> str:
    """RFC 4226, section 5.3."""
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"
