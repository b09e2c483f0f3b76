"""python-yubico with the emulated YubiKey, over libusb: the kernel's own keyboard driver has to step aside."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import yubico

from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import truncated
from tests.vendors import oath, yubico_steps
from tests.vendors.shown import Program, shows
from tests.vendors.yubico_steps import FIRST_COUNTER, SECRET

FAMILY = "yubikey-otp"
PROFILE = "yubikey-5"


@pytest.fixture(autouse=True)
def _given_back(plug: Plug) -> Iterator[None]:
    """The library gives the interface back when it is forgotten: before the key is pulled out."""
    del plug
    yield
    gc.collect()


@shows(FAMILY, Program.PYTHON_YUBICO, "info", "challenge-response", "calculate")
def test_it_writes_and_asks(plug: Plug) -> None:
    key = plug(FAMILY)
    theirs = yubico.find_yubikey()
    assert str(theirs.serial()) == key.serial
    yubico_steps.write_challenge_response(theirs, 2)
    assert truncated(yubico_steps.mac(theirs, 2, 1111111109)) == oath.totp(SECRET, 1111111109)


@shows(FAMILY, Program.PYTHON_YUBICO, "HOTP", "swap", "erase")
def test_what_it_wrote_is_typed_until_it_erases_it(plug: Plug) -> None:
    key = plug(FAMILY)
    theirs = yubico.find_yubikey()
    yubico_steps.write_hotp(theirs, 2)
    yubico_steps.swap(theirs)
    typed = [key.display()[-8:] for _ in range(2)]
    assert typed == [oath.hotp(SECRET, FIRST_COUNTER + more) for more in (0, 1)]
    yubico_steps.erase(theirs, 1)


@shows(FAMILY, Program.PYTHON_YUBICO, "access code set", "access code wrong", "access code removed")
def test_an_access_code_guards_the_slot(plug: Plug) -> None:
    plug(FAMILY)
    yubico_steps.guard_with_access_code(yubico.find_yubikey(), 2)
