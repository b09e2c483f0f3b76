"""Yubico's own library writes, reads and erases our emulated key's OTP slots."""

from __future__ import annotations

from itertools import chain

import pytest
from yubikit.core import TimeoutError as NobodyTouched
from yubikit.core.otp import CommandRejectedError
from yubikit.yubiotp import (
    SLOT,
    HmacSha1SlotConfiguration,
    HotpSlotConfiguration,
    UpdateConfiguration,
    YubiOtpSession,
)

from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.vendors import oath
from tests.vendors.shown import Program, shows
from tests.vendors.yubico_seams import GadgetOtp

FAMILY = "yubikey-otp"
SECRET = b"12345678901234567890"
ACCESS = bytes.fromhex("010203040506")
OTHER = bytes.fromhex("060504030201")
FIRMWARES = {
    "yubikey-2": [(2, 4, 0)],
    "yubikey-neo": [(3, 4, 0)],
    "yubikey-4": [(4, 3, 7)],
    "yubikey-5": [(5, 1, 2), (5, 7, 1)],
}
PROFILES = tuple(FIRMWARES)


@pytest.fixture(params=chain(*FIRMWARES.values()), ids=lambda firmware: ".".join(map(str, firmware)))
def key(request: pytest.FixtureRequest) -> EmulatedYubiKey:
    return EmulatedYubiKey(firmware=request.param)


def session(key: EmulatedYubiKey) -> YubiOtpSession:
    return YubiOtpSession(GadgetOtp(key))


def challenge(unix_time: int, period_s: int) -> bytes:
    return (unix_time // period_s).to_bytes(8, "big")


@shows(FAMILY, Program.YUBIKIT, "info")
def test_it_tells_firmware_serial_and_slots(key: EmulatedYubiKey) -> None:
    otp = session(key)
    assert tuple(otp.version) == key.application.firmware
    assert str(otp.get_serial()) == key.serial
    state = otp.get_config_state()
    assert not state.is_configured(SLOT.ONE)
    otp.put_configuration(SLOT.TWO, HmacSha1SlotConfiguration(SECRET))
    state = otp.get_config_state()
    assert (state.is_configured(SLOT.ONE), state.is_configured(SLOT.TWO)) == (False, True)


@shows(FAMILY, Program.YUBIKIT, "HOTP")
def test_an_hotp_slot_types_what_oathtool_reckons(key: EmulatedYubiKey) -> None:
    configuration = HotpSlotConfiguration(SECRET).digits8(True).imf(32)
    session(key).put_configuration(SLOT.ONE, configuration)
    assert [key.touch(1).strip() for _ in range(3)] == [oath.hotp(SECRET, counter) for counter in (32, 33, 34)]


@shows(FAMILY, Program.YUBIKIT, "challenge-response", "calculate")
def test_a_challenge_of_the_time_gives_the_code_of_oathtool(key: EmulatedYubiKey) -> None:
    otp = session(key)
    otp.put_configuration(SLOT.TWO, HmacSha1SlotConfiguration(SECRET))
    for unix_time in (59, 1111111109, 1234567890, 20000000000):
        mac = otp.calculate_hmac_sha1(SLOT.TWO, challenge(unix_time, 60))
        start = mac[-1] & 0xF
        number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
        assert f"{number % 10**8:08}" == oath.totp(SECRET, unix_time)


@shows(FAMILY, Program.YUBIKIT, "touch")
def test_it_waits_for_a_finger(key: EmulatedYubiKey) -> None:
    otp = session(key)
    otp.put_configuration(SLOT.ONE, HmacSha1SlotConfiguration(SECRET).require_touch(True))
    key.touch_after_s = 0.05
    waits: list[int] = []
    assert len(otp.calculate_hmac_sha1(SLOT.ONE, b"12345678", on_keepalive=waits.append)) == 20
    assert waits
    key.touch_after_s, key.touch_wait_s = None, 0.05
    with pytest.raises(NobodyTouched):
        otp.calculate_hmac_sha1(SLOT.ONE, b"12345678")


@shows(FAMILY, Program.YUBIKIT, "access code set", "access code wrong", "access code removed")
def test_an_access_code_guards_the_slot(key: EmulatedYubiKey) -> None:
    otp = session(key)
    configuration = HmacSha1SlotConfiguration(SECRET)
    otp.put_configuration(SLOT.ONE, configuration, acc_code=ACCESS)
    for wrong in (None, OTHER):
        with pytest.raises(CommandRejectedError):
            otp.put_configuration(SLOT.ONE, configuration, cur_acc_code=wrong)
        with pytest.raises(CommandRejectedError):
            otp.delete_slot(SLOT.ONE, cur_acc_code=wrong)
    otp.put_configuration(SLOT.ONE, configuration, acc_code=OTHER, cur_acc_code=ACCESS)
    otp.put_configuration(SLOT.ONE, configuration, cur_acc_code=OTHER)
    otp.delete_slot(SLOT.ONE)
    assert key.held(1) is None


@shows(FAMILY, Program.YUBIKIT, "erase")
def test_erased_slots_are_gone(key: EmulatedYubiKey) -> None:
    otp = session(key)
    for slot in (SLOT.ONE, SLOT.TWO):
        otp.put_configuration(slot, HotpSlotConfiguration(SECRET))
    for slot in (SLOT.ONE, SLOT.TWO):
        otp.delete_slot(slot)
    assert not key.application.slots


@shows(FAMILY, Program.YUBIKIT, "swap", "update")
def test_slots_change_places_and_flags(key: EmulatedYubiKey) -> None:
    otp = session(key)
    otp.put_configuration(SLOT.ONE, HotpSlotConfiguration(SECRET).append_cr(True))
    otp.swap_slots()
    assert (key.held(1), key.held(2)) == (None, SECRET)
    otp.update_configuration(SLOT.TWO, UpdateConfiguration().append_cr(False))  # type: ignore[no-untyped-call]
    assert key.touch(2) == oath.hotp(SECRET, 0, 6)
