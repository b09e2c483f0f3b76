"""python-yubico with the emulated YubiKey, over libusb: the kernel's own keyboard driver has to step aside."""

from __future__ import annotations

import gc

import yubico

from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import SECRET, truncated
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "yubikey-otp"


@shows(FAMILY, Program.PYTHON_YUBICO, "info", "challenge-response", "calculate")
def test_it_writes_and_asks(plug: Plug) -> None:
    key = plug(FAMILY)
    theirs = yubico.find_yubikey()
    assert str(theirs.serial()) == key.serial
    configuration = theirs.init_config()
    configuration.mode_challenge_response(b"h:" + SECRET.hex().encode(), type="HMAC", variable=True)
    theirs.write_config(configuration, slot=2)
    mac = theirs.challenge_response((1111111109 // 60).to_bytes(8, "big"), slot=2)
    assert truncated(bytes(mac)) == oath.totp(SECRET, 1111111109)
    # it gives the interface back when it is forgotten
    del theirs
    gc.collect()
