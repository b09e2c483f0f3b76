"""Yubico's older library, another codec by other hands, with our emulated key."""

from __future__ import annotations

import pytest
from yubico.yubikey_4_usb_hid import YubiKey4_USBHID
from yubico.yubikey_usb_hid import YubiKeyUSBHID

from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.vendors import oath, yubico_steps
from tests.vendors.shown import Program, shows
from tests.vendors.yubico_seams import GadgetHid
from tests.vendors.yubico_steps import FIRST_COUNTER, SECRET

FAMILY = "yubikey-otp"
KINDS = {
    "yubikey-2": (YubiKeyUSBHID, (2, 4, 0)),
    "yubikey-4": (YubiKey4_USBHID, (4, 3, 7)),
    "yubikey-5": (YubiKey4_USBHID, (5, 4, 3)),
}
PROFILES = tuple(KINDS)


@pytest.fixture(params=KINDS.values(), ids=PROFILES)
def pair(request: pytest.FixtureRequest) -> tuple[YubiKeyUSBHID, EmulatedYubiKey]:
    made, firmware = request.param
    key = EmulatedYubiKey(firmware=firmware)
    return made(hid_device=GadgetHid(key)), key


Pair = tuple[YubiKeyUSBHID, EmulatedYubiKey]


@shows(FAMILY, Program.PYTHON_YUBICO, "info")
def test_it_tells_firmware_and_serial(pair: Pair) -> None:
    theirs, key = pair
    assert theirs.version_num() == key.application.firmware
    assert str(theirs.serial()) == key.serial


@shows(FAMILY, Program.PYTHON_YUBICO, "HOTP", "swap", "erase")
def test_an_hotp_slot_types_what_oathtool_reckons_until_it_is_erased(pair: Pair) -> None:
    theirs, key = pair
    yubico_steps.write_hotp(theirs, 2)
    first, second = (oath.hotp(SECRET, FIRST_COUNTER + more) for more in (0, 1))
    assert key.touch(2).strip()[-8:] == first
    yubico_steps.swap(theirs)
    assert key.touch(1).strip()[-8:] == second
    yubico_steps.erase(theirs, 1)
    assert not key.application.slots


@shows(FAMILY, Program.PYTHON_YUBICO, "challenge-response", "calculate")
def test_a_challenge_of_the_time_gives_the_code_of_oathtool(pair: Pair) -> None:
    theirs, _ = pair
    yubico_steps.write_challenge_response(theirs, 1)
    mac = yubico_steps.mac(theirs, 1, 1111111109)
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    assert f"{number % 10**8:08}" == oath.totp(SECRET, 1111111109)


@shows(FAMILY, Program.PYTHON_YUBICO, "access code set", "access code wrong", "access code removed")
def test_an_access_code_guards_the_slot(pair: Pair) -> None:
    theirs, _ = pair
    yubico_steps.guard_with_access_code(theirs, 1)
