"""A key that types: what it was written with comes out of its keyboard, on the node that the driver opened."""

from __future__ import annotations

import time
from typing import Final

import pyotp

from devices.attach import Desk, open_named, scan
from devices.driver import SlotProgram
from devices.links.hid import HidBus, backend
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.rig.yubikey_otp.keyboard import read_strokes

_SERIAL: Final = "7000001"
_NAME: Final = f"yubikey-otp:{_SERIAL}"
_FORM: Final = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 8, 0, 20, counter=32)
_REPORTS: Final = 2 * _FORM.digits
_PATIENCE_MS: Final = 10_000


def test_a_touch_types_the_code_of_the_counter_that_was_written(emulator: Emulator) -> None:
    emulator.do("plug", _NAME)
    try:
        path = _write_hotp(b"12345678901234567890")
        oracle = pyotp.HOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=_FORM.digits)
        assert [_typed(emulator, path) for _ in range(2)] == [oracle.at(32), oracle.at(33)]
    finally:
        emulator.do("unplug", _NAME)


def _write_hotp(secret: bytes) -> str:
    """The node that was written."""
    desk = Desk((HidBus(),), load_profiles(), {}, time.time)
    (sighting,) = until(lambda: scan(desk), "the key is there")
    driver = open_named(desk, sighting, desk.profile("yubikey-5"), _SERIAL)
    try:
        assert driver.program(SlotProgram(_FORM, secret)).code == ""
    finally:
        driver.close()
    return sighting.device.path


def _typed(emulator: Emulator, path: str) -> str:
    """What the keyboard sends after one touch."""
    hidapi = backend()
    assert hidapi is not None
    keyboard = hidapi.device()
    keyboard.open_path(path.encode())
    try:
        emulator.do("press", _NAME)
        return read_strokes([bytes(keyboard.read(8, _PATIENCE_MS)) for _ in range(_REPORTS)])
    finally:
        keyboard.close()
