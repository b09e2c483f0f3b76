"""Every exchange of ykoath.md, in its order: the driver's commands, and the emulated keys' answers."""

from __future__ import annotations

import re
from functools import partial

import pytest

from devices.apdu import Command, Response
from devices.driver import SlotProgram
from devices.drivers.ykoath import messages
from devices.drivers.ykoath.messages import (
    CANOKEY_ADMIN,
    LIST,
    OATH,
    READ_CONFIGURATION,
    READ_SERIAL,
    SEND_REMAINING,
    YUBICO_MANAGEMENT,
)
from devices.profile_files import SHIPPED
from devices.profiles import Algorithm, CredentialForm, OtpType, Version
from tests.devices.vectors import hexed
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.memory import Record
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, TOTP, YUBIKEY_5, Model

value = partial(hexed, note="ykoath")
SECRET = b"12345678901234567890"
SERIAL = bytes.fromhex("00BC614E")
NAME = "60/ACME:kagiya-1"
BY_TIME = SlotProgram(CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20), SECRET, "ACME")
BY_COUNTER = SlotProgram(CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=7), SECRET, "")
OWNERS_NAMES = [b"%d:%s" % (number, b"mail" * 12) for number in range(1, 6)]

OF_YUBIKEY: dict[str, Command] = {
    "select_management": messages.select(YUBICO_MANAGEMENT),
    "read_configuration": READ_CONFIGURATION,
    "select": messages.select(OATH),
    "put": messages.put(NAME, BY_TIME, 0),
    "calculate": messages.calculate(NAME, messages.challenge_at(1_111_111_109, 60)),
    "put_counting": messages.put("kagiya-2", BY_COUNTER, 7),
    "calculate_counting": messages.calculate("kagiya-2", b""),
    "list": LIST,
    "delete": messages.delete("kagiya-2"),
    "delete_again": messages.delete("kagiya-2"),
    "long_list": LIST,
    "send_remaining": SEND_REMAINING,
}
OF_NITROKEY: dict[str, Command] = {"nitrokey_select": messages.select(OATH)}
OF_CANOKEY: dict[str, Command] = {
    "canokey_select_admin": messages.select(CANOKEY_ADMIN),
    "canokey_read_serial": READ_SERIAL,
}
CONVERSATIONS = [(YUBIKEY_5, OF_YUBIKEY), (NITROKEY_3, OF_NITROKEY), (CANOKEY, OF_CANOKEY)]
EXCHANGES = OF_YUBIKEY | OF_NITROKEY | OF_CANOKEY


def answer(name: str) -> Response:
    return Response.parse(value(name, "answer"), name)


def test_the_note_has_these_exchanges_in_this_order() -> None:
    text = (SHIPPED / "ykoath.md").read_text(encoding="utf-8")
    assert re.findall(r"```vectors (\w+)", text) == list(EXCHANGES)


@pytest.mark.parametrize(("model", "conversation"), CONVERSATIONS, ids=["yubikey", "nitrokey", "canokey"])
def test_the_emulated_key_has_this_conversation(model: Model, conversation: dict[str, Command]) -> None:
    key = OathKey(model, SERIAL)
    key.memory.salt = bytes(range(8))
    key.power_on()
    for name in conversation:
        if name == "long_list":
            key.memory.records |= {mine: Record(mine, TOTP, 1, 6, b"x" * 20) for mine in OWNERS_NAMES}
        assert key.exchange(value(name, "command"), lambda: None) == value(name, "answer"), name


@pytest.mark.parametrize("name", EXCHANGES)
def test_the_driver_sends_these_commands(name: str) -> None:
    assert EXCHANGES[name].encode() == value(name, "command")


def test_the_driver_reads_these_answers() -> None:
    assert messages.name_of(BY_TIME.form, BY_TIME.title) == NAME
    assert messages.decode_configuration(answer("read_configuration").data) == SERIAL
    assert messages.decode_select(answer("select").data).version == Version(5, 4, 3)
    assert messages.decode_select(answer("nitrokey_select").data).serial == SERIAL
    assert answer("canokey_read_serial").data == SERIAL
    # oathtool --totp=sha1 -d 8 -s 60 -N @1111111109, and RFC 4226, appendix D, counter 7
    assert messages.decode_truncated(answer("calculate").data).code == "19360094"
    assert messages.decode_truncated(answer("calculate_counting").data).code == "162583"
    assert [one.slot for one in messages.decode_list(answer("list").data)] == [1, 2]
    assert answer("delete_again").word in messages.NO_SUCH


def test_a_long_answer_goes_on_where_it_broke_off() -> None:
    first, rest = answer("long_list"), answer("send_remaining")
    assert (first.word >> 8, rest.word) == (0x61, 0x9000)
    assert [one.name for one in messages.decode_list(first.data + rest.data)] == [NAME]
