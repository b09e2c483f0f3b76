"""The sheet's transcript with the emulated Flipper Zero on a real ttyACM, typed through tio and socat."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from devices.drivers.flipper_totp import messages
from tests.guest.inside.programs.conftest import Plug, until
from tests.guest.inside.programs.console import PROMPT, Console
from tests.guest.inside.programs.ours import BASE32, SECRET, TOTP_8_60, opened, write
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "flipper-totp"
PROFILE = "flipper-totp"
NAME = "KAGIYA kagiya-1"
LONG_AGO = 1_111_111_109
PORT = Path("/dev/ttyACM0")
TIO = ("tio", "--no-autoconnect", str(PORT))
SOCAT = ("socat", "-,raw,echo=0", f"{PORT},raw,echo=0")


@contextmanager
def at(words: tuple[str, ...]) -> Iterator[Console]:
    """The program, with the device's prompt before it."""
    until(PORT.exists, "the port is there")
    console = Console(*words)
    try:
        console.see(PROMPT)
        yield console
    finally:
        console.close()


def set_clock(console: Console, utc: datetime) -> None:
    """Of the device, and no zone."""
    assert "New datetime is: " in console.command(f"date {utc:%Y-%m-%d %H:%M:%S} {utc.isoweekday()}")
    assert "Timezone is set to 0.0" in console.command("totp tz 0")


def add(console: Console) -> None:
    """A token of eight digits and 60 s."""
    console.type(f'totp add "{NAME}" -a sha1 -e base32 -d 8 -l 60 -b none\r')
    console.see("confirm with [ENTER]:")
    console.type(f"{BASE32}\r")
    assert f'Token "{NAME}" has been successfully added' in console.see(f"\r\n{PROMPT}")


def about_now() -> set[str]:
    """This minute's code and the last one's."""
    return {oath.totp(SECRET, int(time.time()) - back_s) for back_s in (-1, 0, 60)}


@shows(FAMILY, Program.TIO, "add", "list", "time", "code", "delete")
def test_a_token_through_tio(plug: Plug) -> None:
    flipper = plug(FAMILY)
    with at(TIO) as console:
        set_clock(console, datetime.fromtimestamp(LONG_AGO, UTC))
        add(console)
        assert f"1\t{NAME}\tsha1\t8\ttotp" in console.command("totp list --tsv")
        assert flipper.display() in {oath.totp(SECRET, LONG_AGO + late_s) for late_s in (0, 60)}
        set_clock(console, datetime.now(UTC))
        assert flipper.display() in about_now()
        console.command("totp delete 1 -f")
        assert "There are no tokens" in console.command("totp list --tsv")


@shows(FAMILY, Program.SOCAT, "add", "our driver reads and deletes what it added")
def test_what_was_typed_our_driver_finds(plug: Plug) -> None:
    flipper = plug(FAMILY)
    with at(SOCAT) as console:
        set_clock(console, datetime.now(UTC))
        add(console)
    assert flipper.display() in about_now()
    with opened(PROFILE) as driver:
        (entry,) = driver._tokens()
        told = messages.details(driver._console.run(f"totp lsattr {entry.number} --tsv", "details"))
        assert told == told | messages.expected_details(1, NAME, TOTP_8_60)
        driver.erase(1)
    with at(SOCAT) as console:
        assert "There are no tokens" in console.command("totp list --tsv")


@shows(FAMILY, Program.SOCAT, "it reads what our driver wrote")
def test_what_our_driver_wrote_is_read(plug: Plug) -> None:
    flipper = plug(FAMILY)
    with opened(PROFILE) as driver:
        write(driver)
    assert flipper.display() in about_now()
    with at(SOCAT) as console:
        told = console.command("totp cat 1 --tsv")
        assert f"Name\t{NAME}" in told
        assert "Number of digits\t8" in told
        assert "Token lifetime\t60" in told
