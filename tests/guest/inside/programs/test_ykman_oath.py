"""`ykman oath` through pcscd and libccid with the emulated YubiKey 5's smart-card interface."""

from __future__ import annotations

import time

from tests.guest.inside.programs.conftest import Plug, SmartCards
from tests.guest.inside.programs.ours import BASE32, SECRET, TITLE, opened, write
from tests.guest.inside.programs.preloaded import Preloaded
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "ykoath"
PROFILE = "yubikey-5-oath"
ADD = ("oath", "accounts", "add")


def code_of(text: str) -> str:
    """`NAME  CODE`."""
    return text.rsplit(maxsplit=1)[-1]


def about_now(period_s: int = 60) -> set[str]:
    """This period's code and the last one's."""
    return {oath.totp(SECRET, int(time.time()) - back_s, period_s=period_s) for back_s in (0, period_s)}


@shows(FAMILY, Program.YKMAN, "list", "add TOTP", "code", "rename", "delete", "reset")
def test_totp_from_add_to_reset(plug: Plug, smart_cards: SmartCards, ykman: Preloaded) -> None:
    key = plug(FAMILY)
    with smart_cards():
        assert f"Serial: {key.serial}" in ykman("list").out
        added = ykman(
            *["oath", "accounts", "add", "-o", "TOTP", "-d", "8", "-P", "60", "-i", "ACME", "alice"], BASE32
        )
        assert added.code == 0, added.text
        assert code_of(ykman("oath", "accounts", "code").out) in about_now()
        assert ykman("oath", "accounts", "rename", "-f", "alice", "ACME:carol").code == 0
        assert ykman("oath", "accounts", "list").out.split() == ["60/ACME:carol"]
        assert code_of(ykman("oath", "accounts", "code", "carol").out) in about_now()
        assert ykman("oath", "accounts", "delete", "-f", "carol").code == 0
        assert ykman("oath", "accounts", "list").out == ""
        assert ykman(*ADD, "-d", "8", "-P", "60", "alice", BASE32).code == 0
        assert ykman("oath", "reset", "-f").code == 0
        assert ykman("oath", "accounts", "list").out == ""


@shows(FAMILY, Program.YKMAN, "our driver reads what it wrote")
def test_what_it_wrote_our_driver_reads(plug: Plug, smart_cards: SmartCards, ykman: Preloaded) -> None:
    plug(FAMILY)
    with smart_cards():
        assert ykman(*ADD, "-d", "8", "-P", "60", "-i", TITLE, "kagiya-1", BASE32).code == 0
    with opened(PROFILE) as driver:
        assert driver.read_code(1) in about_now()


@shows(FAMILY, Program.YKMAN, "it reads what our driver wrote")
def test_what_our_driver_wrote_it_reads(plug: Plug, smart_cards: SmartCards, ykman: Preloaded) -> None:
    key = plug(FAMILY)
    with opened(PROFILE, expected_serial=key.serial) as driver:
        write(driver)
    with smart_cards():
        assert ykman("oath", "accounts", "list").out.split() == [f"60/{TITLE}:kagiya-1"]
        assert code_of(ykman("oath", "accounts", "code").out) in about_now()


@shows(FAMILY, Program.YKMAN, "add HOTP")
def test_hotp_counts(plug: Plug, smart_cards: SmartCards, ykman: Preloaded) -> None:
    plug(FAMILY)
    with smart_cards():
        assert ykman(*ADD, "-o", "HOTP", "-d", "8", "-c", "5", "bob", BASE32).code == 0
        told = [code_of(ykman("oath", "accounts", "code", "bob").out) for _ in range(2)]
        assert told == [oath.hotp(SECRET, counter) for counter in (5, 6)]


@shows(FAMILY, Program.YKMAN, "password set", "password wrong", "password removed")
def test_a_password(plug: Plug, smart_cards: SmartCards, ykman: Preloaded) -> None:
    plug(FAMILY)
    with smart_cards():
        assert ykman(*ADD, "-d", "8", "-P", "60", "alice", BASE32).code == 0
        assert ykman("oath", "access", "change", "-n", "foobar").code == 0
        assert ykman("oath", "accounts", "list", "-p", "wrong").code != 0
        assert ykman("oath", "accounts", "list", "-p", "foobar").out.split() == ["60/alice"]
        assert ykman("oath", "access", "change", "-p", "foobar", "--clear").code == 0
        assert ykman("oath", "accounts", "list").out.split() == ["60/alice"]
