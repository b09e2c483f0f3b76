"""Every exchange of nitrokey-pro.md, in its order: the driver's requests, and the emulated stick's answers."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import pytest

from devices.drivers.nitrokey_pro import messages
from devices.drivers.nitrokey_pro.messages import Command, SlotContent, StickStatus
from devices.errors import RefusedByDevice
from devices.profile_files import SHIPPED
from devices.profiles import Version
from tests.devices.nitrokey_pro.host import PASSWORD
from tests.devices.nitrokey_pro.subject import TOTP
from tests.devices.vectors import hexed
from tests.rig.nitrokey_pro.device import EmulatedNitrokey

value = partial(hexed, note="nitrokey-pro")
SECRET: Final = b"12345678901234567890"
FACTORY: Final = b"12345678"
NAME: Final = b"KAGIYA".ljust(15, b"\0")
EXCHANGES: Final = {
    "status": (Command.STATUS, b""),
    "admin_tries": (Command.ADMIN_TRIES, b""),
    "login": (Command.LOGIN_ADMIN, messages.login(FACTORY, PASSWORD)),
    "set_time": (Command.SET_TIME, messages.set_time(1_111_111_109)),
    "stage_name": (Command.STAGE, messages.stage_name(PASSWORD, NAME)),
    "stage_secret_0": (Command.STAGE, messages.stage_secret(PASSWORD, 0, SECRET)),
    "stage_secret_1": (Command.STAGE, messages.stage_secret(PASSWORD, 1, SECRET)),
    "write_slot": (Command.WRITE_SLOT, messages.write_slot(PASSWORD, TOTP)),
    "read_slot": (Command.READ_SLOT, b"\x20"),
    "get_code": (Command.GET_CODE, b"\x20"),
    "erase_slot": (Command.ERASE_SLOT, messages.erase_slot(PASSWORD, 0x20)),
    "read_empty_slot": (Command.READ_SLOT, b"\x20"),
    "change_pin": (Command.CHANGE_ADMIN_PIN, messages.change_pin(FACTORY, b"AEBAGBAFAYDQQCIKBMGA")),
    "wrong_login": (Command.LOGIN_ADMIN, messages.login(FACTORY, PASSWORD)),
}


def answered(name: str) -> bytes:
    """The result of a noted answer."""
    return messages.decode_answer(value(name, "answer"), messages.request(*EXCHANGES[name]))


def test_the_note_has_these_exchanges_in_this_order() -> None:
    text = (SHIPPED / "nitrokey-pro.md").read_text(encoding="utf-8")
    assert re.findall(r"```vectors (\w+)", text) == list(EXCHANGES)


def test_the_emulated_stick_has_this_conversation() -> None:
    key = EmulatedNitrokey(0x5678, (0, 15), world=lambda: 0.0)
    for name in EXCHANGES:
        key.set_feature(value(name, "request"))
        assert key.get_feature() == value(name, "answer"), name


@pytest.mark.parametrize("name", EXCHANGES)
def test_requests_and_what_makes_an_answer_theirs(name: str) -> None:
    request = messages.request(*EXCHANGES[name])
    assert request.report == value(name, "request")
    assert messages.is_whole(value(name, "answer"))
    assert messages.answers(value(name, "answer"), request)


def test_results() -> None:
    assert messages.decode_status(answered("status")) == StickStatus(Version(0, 15), "00005678", keeps_codes=False)
    assert answered("admin_tries")[0] == 3
    assert answered("stage_name")[:15] == NAME
    assert answered("stage_secret_1")[:40] == SECRET.ljust(40, b"\0")
    assert messages.decode_slot(answered("read_slot")) == SlotContent(NAME, 1, 60)
    assert messages.decode_code(answered("get_code"), TOTP) == "19360094"


@pytest.mark.parametrize(
    ("name", "status"), [("read_empty_slot", "not_programmed"), ("wrong_login", "wrong_password")]
)
def test_refusals(name: str, status: str) -> None:
    with pytest.raises(RefusedByDevice) as caught:
        answered(name)
    assert caught.value.status == status
