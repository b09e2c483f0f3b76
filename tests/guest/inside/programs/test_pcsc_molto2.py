"""The vendor tool's bytes through pyscard, pcscd and libccid into the emulated Molto-2's reader."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from devices.drivers.molto2.messages import decode_block, read_block
from tests.guest.inside.programs.conftest import Plug, Plugged, SmartCards
from tests.guest.inside.programs.ours import SECRET, TITLE, TOTP_8_60, opened, write
from tests.guest.inside.programs.pcsc import PcscCard
from tests.vendors import molto2_steps as known
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "molto2"
PROFILE = "molto2-v2"


@contextmanager
def steps() -> Iterator[known.Steps]:
    """A conversation with the token."""
    card = PcscCard("Molto2")
    try:
        yield known.Steps(card.exchange)
    finally:
        card.close()


def load(tool: known.Steps, token: Plugged) -> None:
    assert tool.identify()[0] == token.serial
    assert tool.authenticate() == known.DONE
    for apdu in (known.SEED, known.TITLE, known.PARAMETERS):
        assert tool.send(apdu) == known.DONE


@shows(
    FAMILY,
    Program.PCSC,
    "identify",
    "seed",
    "title",
    "parameters",
    "clock",
    "our driver reads the parameters it wrote",
)
def test_what_the_known_apdus_wrote_our_driver_reads(plug: Plug, smart_cards: SmartCards) -> None:
    token = plug(FAMILY)
    with smart_cards(), steps() as tool:
        load(tool, token)
        block = tool.read()
        assert block == known.PublicBlock("Google", block.clock, 1, 60, 8, True)
        assert token.display() in {oath.totp(known.SECRET, known.UNIX_TIME + late_s) for late_s in (0, 60)}
        assert tool.send(known.CLOCK) == known.DONE
        assert tool.identify()[1] - 0x66123456 in range(120)
    with opened(PROFILE) as driver:
        read_by_us = decode_block(driver._wire.done(read_block(known.PROFILE)))
        assert read_by_us.is_of(TOTP_8_60, "Google")


@shows(FAMILY, Program.PCSC, "it reads what our driver wrote", "delete")
def test_what_our_driver_wrote_it_reads(plug: Plug, smart_cards: SmartCards) -> None:
    token = plug(FAMILY)
    with opened(PROFILE, expected_serial=token.serial) as driver:
        write(driver)
    now = int(time.time())
    assert token.display() in {oath.totp(SECRET, now + late_s) for late_s in (-3, 0, 60)}
    with smart_cards(), steps() as tool:
        block = tool.read(0)
        assert block == known.PublicBlock(TITLE, block.clock, 1, 60, 8, True)
        assert tool.authenticate() == known.DONE
        words = [tool.send(apdu) for apdu in (known.SEED, known.DELETE, known.DELETE)]
        assert words == [known.DONE, known.DONE, known.NO_SEED]


@shows(FAMILY, Program.PCSC, "wrong key")
def test_a_wrong_key(plug: Plug, smart_cards: SmartCards) -> None:
    plug(FAMILY)
    with smart_cards(), steps() as tool:
        words = [tool.authenticate(b"WRONGWRONGWRONG1") for _ in range(2)]
        assert [word >> 8 for word in words] == [0x63, 0x63]
        assert words[1] == words[0] - 1
        assert tool.send(known.SEED) != known.DONE
