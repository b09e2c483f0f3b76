"""`onlykey-cli` with the emulated OnlyKey, over its raw HID interface."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import BASE32, SECRET, TITLE, TOTP_8_60, opened, write
from tests.guest.inside.programs.preloaded import Preloaded
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "onlykey"
PROFILE = "onlykey"
_TRIES = 5
TOTP_6_30 = replace(TOTP_8_60, digits=6, period_s=30)


def insist(onlykey_cli: Preloaded, wanted: str, *words: str, typed: str = "") -> None:
    """Until it says what is wanted: it waits a tenth of a second for an answer, which may be too short here."""
    said: list[str] = []
    while not said or wanted not in said[-1]:
        assert len(said) < _TRIES, said
        said.append(onlykey_cli(*words, typed=typed).text)


def codes_from(began: float) -> set[str]:
    """What is right from `began` until now, for a clock that was set to the nearest second and on the way."""
    return {oath.totp(SECRET, int(at), digits=6, period_s=30) for at in (began - 3, began, time.time() + 1)}


@shows(FAMILY, Program.ONLYKEY, "set time", "seed", "label", "our driver reads the label it wrote")
def test_what_it_wrote_our_driver_reads(plug: Plug, onlykey_cli: Preloaded) -> None:
    key = plug(FAMILY)
    insist(onlykey_cli, "UNLOCKED", "settime")
    insist(onlykey_cli, "Successfully set Label", "setslot", "1a", "label", "ACME")
    insist(onlykey_cli, "Successfully set 2FA Key", "setslot", "1a", "gkey", typed=f"{BASE32}\n")
    insist(onlykey_cli, "Slot 1a: ACME", "getlabels")
    began = time.time()
    assert key.display() in codes_from(began)
    with opened(PROFILE) as driver:
        assert driver._labels()[1] == b"ACME"


@shows(FAMILY, Program.ONLYKEY, "it reads what our driver wrote", "wipe")
def test_what_our_driver_wrote_it_reads(plug: Plug, onlykey_cli: Preloaded) -> None:
    key = plug(FAMILY)
    with opened(PROFILE) as driver:
        write(driver, TOTP_6_30)
    insist(onlykey_cli, f"Slot 1a: {TITLE}", "getlabels")
    began = time.time()
    assert key.display() in codes_from(began)
    insist(onlykey_cli, "Successfully wiped Label", "wipeslot", "1a")
    insist(onlykey_cli, "Slot 1a: <empty>", "getlabels")
    assert key.display() == ""


@shows(FAMILY, Program.ONLYKEY, "locked")
def test_a_locked_key_tells_nothing(plug: Plug, onlykey_cli: Preloaded) -> None:
    plug("onlykey-locked")
    insist(onlykey_cli, "OnlyKey is locked", "settime")
