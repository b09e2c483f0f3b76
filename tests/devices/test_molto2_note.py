"""Every exchange of molto2.md, in its order: the driver's commands, and the emulated token's answers."""

from __future__ import annotations

import re
from functools import partial
from itertools import chain, repeat

import pytest

from devices.apdu import Command
from devices.drivers.molto2 import messages
from devices.drivers.molto2.messages import CHALLENGE, FACTORY_KEY, IDENTIFY, CustomerKey, PublicBlock, Told
from devices.profile_files import SHIPPED
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.vectors import hexed
from tests.rig.molto2.device import SECOND, Molto2

value = partial(hexed, note="molto2")
SERIAL = "826658719844499"
SEED = b"12345678901234567890"
FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
WORLD = 1_111_111_109
FACTORY, OURS = CustomerKey(FACTORY_KEY), CustomerKey(bytes(range(16)))
CHALLENGES = bytes.fromhex("1122334455667788"), bytes.fromhex("8877665544332211")
EXCHANGES: dict[str, Command] = {
    "identify": IDENTIFY,
    "challenge": CHALLENGE,
    "answer": FACTORY.answer(CHALLENGES[0]),
    "write_clock": FACTORY.write_clock(0, 0x66123456),
    "write_seed": FACTORY.write_seed(2, SEED),
    "write_title": FACTORY.write_title(2, "Google"),
    "write_parameters": FACTORY.write_parameters(2, FORM, WORLD),
    "read_block": messages.read_block(2),
    "delete_seed": messages.delete_seed(2),
    "delete_again": messages.delete_seed(2),
    "change_key": FACTORY.change_to(bytes(range(16))),
    "new_challenge": CHALLENGE,
    "new_answer": OURS.answer(CHALLENGES[1]),
}


def test_the_note_has_these_exchanges_in_this_order() -> None:
    text = (SHIPPED / "molto2.md").read_text(encoding="utf-8")
    assert re.findall(r"```vectors (\w+)", text) == list(EXCHANGES)


def test_the_emulated_token_has_this_conversation() -> None:
    token = Molto2(SERIAL, SECOND, lambda: float(WORLD))
    challenges = chain(CHALLENGES, repeat(bytes(8)))
    token.fresh_challenge = lambda: next(challenges)
    for name in EXCHANGES:
        if name == "new_challenge":
            token.press_up()
        assert token.exchange(value(name, "command"), lambda: None) == value(name, "answer"), name
        if name == "write_parameters":
            assert token.shows(2) == "19360094"


@pytest.mark.parametrize("name", EXCHANGES)
def test_the_driver_sends_these_commands(name: str) -> None:
    assert EXCHANGES[name].encode() == value(name, "command")


def test_the_driver_reads_these_answers() -> None:
    assert messages.decode_identity(value("identify", "answer")[:-2]) == Told(SERIAL, WORLD)
    block = messages.decode_block(value("read_block", "answer")[:-2])
    assert block == PublicBlock("Google", 1, 60, 8, holds_seed=True)
    assert block.is_of(FORM, "Google")
