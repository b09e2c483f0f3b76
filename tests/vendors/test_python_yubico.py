"""Yubico's older library, another codec by other hands, with our emulated key."""

from __future__ import annotations

import pytest
from yubico.yubikey_4_usb_hid import YubiKey4_USBHID
from yubico.yubikey_usb_hid import YubiKeyUSBHID, YubiKeyUSBHIDError

from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.vendors import oath
from tests.vendors.shown import Program, shows
from tests.vendors.yubico_seams import GadgetHid

FAMILY = "yubikey-otp"
SECRET = b"12345678901234567890"
ACCESS = bytes.fromhex("010203040506")
KINDS = [(YubiKeyUSBHID, (2, 4, 0)), (YubiKey4_USBHID, (4, 3, 7)), (YubiKey4_USBHID, (5, 4, 3))]


@pytest.fixture(params=KINDS, ids=lambda kind: ".".join(map(str, kind[1])))
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


@shows(FAMILY, Program.PYTHON_YUBICO, "HOTP")
def test_an_hotp_slot_types_what_oathtool_reckons(pair: Pair) -> None:
    theirs, key = pair
    configuration = theirs.init_config()
    # this library puts the two bytes the other way round than its successor, and does not divide by 16
    factor_seed = int.from_bytes((48 // 16).to_bytes(2, "big"), "little")
    configuration.mode_oath_hotp(b"h:" + SECRET.hex().encode(), digits=8, factor_seed=factor_seed)
    theirs.write_config(configuration, slot=2)
    assert [key.touch(2).strip()[-8:] for _ in range(2)] == [oath.hotp(SECRET, counter) for counter in (48, 49)]


@shows(FAMILY, Program.PYTHON_YUBICO, "challenge-response", "calculate")
def test_a_challenge_of_the_time_gives_the_code_of_oathtool(pair: Pair) -> None:
    theirs, _ = pair
    configuration = theirs.init_config()
    configuration.mode_challenge_response(b"h:" + SECRET.hex().encode(), type="HMAC", variable=True)
    theirs.write_config(configuration, slot=1)
    mac = theirs.challenge_response((1111111109 // 60).to_bytes(8, "big"), slot=1)
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    assert f"{number % 10**8:08}" == oath.totp(SECRET, 1111111109)


@shows(FAMILY, Program.PYTHON_YUBICO, "access code set", "access code wrong", "access code removed")
def test_an_access_code_guards_the_slot(pair: Pair) -> None:
    theirs, _ = pair
    configuration = theirs.init_config()
    configuration.mode_challenge_response(b"h:" + SECRET.hex().encode())
    configuration.access_key(b"h:" + ACCESS.hex().encode())
    theirs.write_config(configuration, slot=1)
    again = theirs.init_config()
    again.mode_challenge_response(b"h:" + SECRET.hex().encode())
    with pytest.raises(YubiKeyUSBHIDError):
        theirs.write_config(again, slot=1)
    again.unlock_key(b"h:" + ACCESS.hex().encode())
    for _ in range(2):
        theirs.write_config(again, slot=1)
