"""`ykman otp` with the emulated YubiKey's keyboard interface, over hidraw."""

from __future__ import annotations

import time
from dataclasses import replace

from devices.driver import AccessCode
from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import BASE32, SECRET, TOTP_8_60, opened, read_theirs, truncated, write
from tests.guest.inside.programs.preloaded import Preloaded
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "yubikey-otp"
PROFILE = "yubikey-5"
ACCESS = "010203040506"
SLOT_2 = replace(TOTP_8_60, slot=2)


def calculated(ykman: Preloaded, slot: int, unix_time: int) -> str:
    """The 8-digit 60-second code, from the answer to a challenge."""
    challenge = (unix_time // 60).to_bytes(8, "big").hex()
    return truncated(bytes.fromhex(ykman("otp", "calculate", str(slot), challenge).out.strip()))


@shows(FAMILY, Program.YKMAN, "info", "HOTP", "swap", "erase")
def test_info_hotp_swap_and_erase(plug: Plug, ykman: Preloaded) -> None:
    key = plug(FAMILY)
    assert f"Serial: {key.serial}" in ykman("list").out
    assert ykman("otp", "info").out.split() == ["Slot", "1:", "empty", "Slot", "2:", "empty"]
    assert ykman("otp", "hotp", "-f", "-d", "8", "-c", "16", "2", BASE32).code == 0
    assert ykman("otp", "swap", "-f").code == 0
    assert ykman("otp", "info").out.split() == ["Slot", "1:", "programmed", "Slot", "2:", "empty"]
    typed = [key.display()[-8:] for _ in range(2)]
    assert typed == [oath.hotp(SECRET, counter) for counter in (16, 17)]
    assert ykman("otp", "delete", "-f", "1").code == 0
    assert ykman("otp", "info").out.split() == ["Slot", "1:", "empty", "Slot", "2:", "empty"]


@shows(FAMILY, Program.YKMAN, "challenge-response", "calculate", "our driver reads what it wrote")
def test_what_it_wrote_our_driver_reads(plug: Plug, ykman: Preloaded) -> None:
    plug(FAMILY)
    assert ykman("otp", "chalresp", "-f", "2", SECRET.hex()).code == 0
    assert ykman("otp", "calculate", "-T", "-d", "8", "2", "1111111109").out.strip() == oath.totp(
        SECRET, 1111111109, period_s=30
    )
    assert calculated(ykman, 2, 1111111109) == oath.totp(SECRET, 1111111109)
    with opened(PROFILE) as driver:
        before = int(time.time())
        code = read_theirs(driver, SLOT_2)
        assert code in {oath.totp(SECRET, unix_time) for unix_time in (before, int(time.time() + 1))}


@shows(FAMILY, Program.YKMAN, "it reads what our driver wrote")
def test_what_our_driver_wrote_it_reads(plug: Plug, ykman: Preloaded) -> None:
    key = plug(FAMILY)
    with opened(PROFILE, expected_serial=key.serial) as driver:
        write(driver, SLOT_2)
    assert ykman("otp", "info").out.split() == ["Slot", "1:", "empty", "Slot", "2:", "programmed"]
    assert calculated(ykman, 2, 1111111109) == oath.totp(SECRET, 1111111109)


@shows(FAMILY, Program.YKMAN, "access code set", "access code wrong", "access code removed")
def test_access_codes(plug: Plug, ykman: Preloaded) -> None:
    plug(FAMILY)
    assert ykman("otp", "chalresp", "-f", "2", SECRET.hex()).code == 0
    assert ykman("otp", "settings", "-f", "2", "--new-access-code", ACCESS).code == 0
    for wrong in ((), ("--access-code", "060504030201")):
        refused = ykman("otp", *wrong, "delete", "-f", "2")
        assert refused.code != 0
        assert "restricted access" in refused.text
    assert ykman("otp", "--access-code", ACCESS, "settings", "-f", "2", "--delete-access-code").code == 0
    assert ykman("otp", "delete", "-f", "2").code == 0


@shows(FAMILY, Program.YKMAN, "our driver's access code keeps it out and lets it in")
def test_our_drivers_access_code(plug: Plug, ykman: Preloaded) -> None:
    plug(FAMILY)
    access = AccessCode(bytes(range(1, 33)), in_force=False)
    with opened(PROFILE, access=access) as driver:
        write(driver, SLOT_2)
    assert ykman("otp", "delete", "-f", "2").code != 0
    assert ykman("otp", "--access-code", access.code[:6].hex(), "delete", "-f", "2").code == 0
