"""The emulated OATH keys: RFC codes out of raw commands, and what each model does in its own way."""

from __future__ import annotations

import hmac
import threading
from hashlib import pbkdf2_hmac, sha1

import pytest

from tests.rig.usb.device import UsbDevice
from tests.rig.usb.function import Setup
from tests.rig.usb.plan import CcidInterface, HidInterface, Stalled
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, YUBIKEY_4, YUBIKEY_5, YUBIKEY_5_WITHOUT_KEYBOARD, Model
from tests.rig.ykoath.usb import usb_plan

SERIAL = bytes.fromhex("00BC614E")
SECRET = b"12345678901234567890".hex()
SELECT = "00A4040007A0000005272101"


class Talk:
    """Raw commands to one key, hexadecimal both ways; counts the time extensions."""

    def __init__(self, model: Model) -> None:
        self.key = OathKey(model, SERIAL)
        self.key.power_on()
        self.extensions = 0

    def say(self, command: str) -> str:
        return self.key.exchange(bytes.fromhex(command), self.extend).hex().upper()

    def extend(self) -> None:
        self.extensions += 1

    def put(self, name: str, kind_and_hash: str, digits: int, *, behind: str = "", secret: str = SECRET) -> str:
        key = f"73{len(secret) // 2 + 2:02X}{kind_and_hash}{digits:02X}{secret}"
        data = f"71{len(name):02X}{name.encode().hex()}{key}{behind}"
        return self.say(f"00010000{len(data) // 2:02X}{data}")

    def calculate(self, name: str, counter: int | None) -> str:
        challenge = "7400" if counter is None else f"7408{counter:016X}"
        data = f"71{len(name):02X}{name.encode().hex()}{challenge}"
        return self.say(f"00A20001{len(data) // 2:02X}{data}00")


@pytest.fixture(
    params=[YUBIKEY_4, YUBIKEY_5, NITROKEY_3, CANOKEY], ids=["yubikey4", "yubikey5", "nitrokey3", "canokey"]
)
def talk(request: pytest.FixtureRequest) -> Talk:
    made = Talk(request.param)
    made.key.hand.at_once = True
    return made


def code(answer: str, digits: int) -> str:
    assert answer[:4] == "7605"
    assert answer[-4:] == "9000"
    assert int(answer[4:6], 16) == digits
    return str(int(answer[6:14], 16) % 10**digits).zfill(digits)


def test_totp_of_rfc_6238(talk: Talk) -> None:
    assert talk.say(SELECT)[-4:] == "9000"
    assert talk.put("ACME:alice", "21", 8) == "9000"
    assert code(talk.calculate("ACME:alice", 59 // 30), 8) == "94287082"
    assert code(talk.calculate("ACME:alice", 1111111109 // 30), 8) == "07081804"
    assert talk.say("00A10000")[:4] == "720B"


def test_hotp_of_rfc_4226(talk: Talk) -> None:
    talk.say(SELECT)
    talk.put("bob", "11", 6, behind="7A0400000002")
    codes = [code(talk.calculate("bob", None), 6) for _ in range(2)]
    skipped = talk.key.model.counts_first
    assert codes == (["969429", "338314"] if skipped else ["359152", "969429"])


def test_a_name_that_is_there(talk: Talk) -> None:
    talk.say(SELECT)
    talk.put("bob", "21", 6)
    again = talk.put("bob", "21", 8)
    taken = talk.key.model.name_taken
    assert again == ("9000" if taken is None else f"{taken:04X}")
    assert talk.key.memory.records[b"bob"].digits == (8 if taken is None else 6)


def test_delete_and_reset(talk: Talk) -> None:
    talk.say(SELECT)
    talk.put("bob", "21", 6)
    assert talk.say("0002000005" + "7103" + b"bob".hex()) == "9000"
    assert talk.say("0002000005" + "7103" + b"bob".hex()) == f"{talk.key.model.no_such:04X}"
    talk.put("bob", "21", 6)
    salt = talk.key.memory.salt
    assert talk.say("00040000") == "6B00"
    assert talk.say("0004DEAD") == "9000"
    assert not talk.key.memory.records
    assert talk.key.memory.salt != salt


def test_a_full_key(talk: Talk) -> None:
    talk.say(SELECT)
    for number in range(talk.key.model.records):
        assert talk.put(f"n{number}", "21", 6) == "9000"
    assert talk.put("one more", "21", 6) == "6A84"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("00A4040002ABCD", "6A82"),  # no such application
        ("00FF0000", "6D00"),
        ("80A10000", "6E00"),
        ("00A1", "6700"),
        ("00A2000205710161", "6700"),
        ("00A20002037101AA", "6B00"),
        ("000100000371016100", "6A80"),
    ],
)
def test_what_it_refuses(talk: Talk, command: str, word: str) -> None:
    talk.say(SELECT)
    assert talk.say(command) == word


def test_serial_numbers_are_told_where_each_maker_tells_them() -> None:
    yubikey = Talk(YUBIKEY_5)
    assert yubikey.say("00A4040008A000000527471117")[-4:] == "9000"
    assert "0204" + SERIAL.hex().upper() in yubikey.say("001D0000")
    nitrokey = Talk(NITROKEY_3)
    assert nitrokey.say(SELECT).endswith("8F04" + SERIAL.hex().upper() + "9000")
    assert nitrokey.say("00A4040008A000000527471117") == "6A82"
    canokey = Talk(CANOKEY)
    assert canokey.say("00A4040005F000000000") == "9000"
    assert canokey.say("0032000004") == SERIAL.hex().upper() + "9000"


@pytest.mark.parametrize("model", [YUBIKEY_4, YUBIKEY_5, CANOKEY])
def test_an_access_key_locks_the_application(model: Model) -> None:
    talk = Talk(model)
    talk.key.memory.salt = bytes(8)
    talk.say(SELECT)
    talk.put("bob", "21", 6)
    key = pbkdf2_hmac("sha1", b"foobar", bytes(8), 1000, 16)
    assert key.hex().upper() == "B07DA1E7DE87F89A87A2B598EAA2188C"
    proof = hmac.digest(key, b"challeng", sha1).hex()
    assert talk.say(f"0003000033731121{key.hex()}7408{b'challeng'.hex()}7514{proof}") == "9000"
    talk.key.oath.fresh_challenge = lambda: bytes(range(8))
    assert talk.say(SELECT).endswith("7408" + "0001020304050607" + "7B0101" + "9000")
    assert talk.say("00A10000") == "6982"
    wrong = "00" * 20
    assert talk.say(f"00A30000207514{wrong}7408{b'12345678'.hex()}") == "6A80"
    answer = hmac.digest(key, bytes(range(8)), sha1).hex()
    proof = hmac.digest(key, b"12345678", sha1).hex().upper()
    assert talk.say(f"00A30000207514{answer}7408{b'12345678'.hex()}") == f"7514{proof}9000"
    assert talk.say("00A10000")[-4:] == "9000"
    assert talk.say("00030000027300") == "9000"
    assert len(talk.say(SELECT)) == 34


def test_a_nitrokey_has_no_access_key() -> None:
    talk = Talk(NITROKEY_3)
    talk.say(SELECT)
    assert talk.say("00030000027300") == "6D00"


def test_long_lists_come_in_parts() -> None:
    talk = Talk(YUBIKEY_5)
    talk.say(SELECT)
    names = [f"{number:02}" + "x" * 40 for number in range(8)]
    for name in names:
        talk.put(name, "21", 6)
    first = talk.say("00A10000")
    assert first[-4:-2] == "61"
    rest = talk.say("00A50000")
    assert rest[-4:] == "9000"
    assert bytes.fromhex(first[:-4] + rest[:-4]).count(b"x" * 40) == 8
    # an extended command takes it all at once
    assert talk.say("00A10000000000")[:-4] == first[:-4] + rest[:-4]
    assert talk.say("00A50000") == "6985"


def test_a_code_that_wants_a_touch() -> None:
    talk = Talk(YUBIKEY_5)
    talk.say(SELECT)
    talk.put("bob", "21", 6, behind="7802")
    talk.key.hand.patience_s = 0.0
    talk.key.hand.step_s = 0.001
    assert talk.calculate("bob", 1) == "6985"
    assert talk.extensions >= 1
    talk.key.hand.patience_s = 60.0
    touch = threading.Timer(0.05, talk.key.hand.touch)
    touch.start()
    assert code(talk.calculate("bob", 1), 6) == "287082"
    touch.join()
    assert "7C0106" in talk.say("00A400010A74080000000000000001")


def test_a_nitrokey_is_written_with_a_touch_only() -> None:
    talk = Talk(NITROKEY_3)
    talk.say(SELECT)
    talk.key.hand.patience_s = 0.0
    talk.key.hand.step_s = 0.001
    assert talk.put("bob", "21", 6) == "6982"
    assert not talk.key.memory.records
    talk.key.hand.at_once = True
    assert talk.put("bob", "21", 6) == "9000"


def test_a_challenge_may_have_to_grow() -> None:
    talk = Talk(CANOKEY)
    talk.say(SELECT)
    talk.put("bob", "21", 6, behind="7801")
    talk.calculate("bob", 5)
    assert talk.calculate("bob", 4) == "6982"


def test_names_can_change_where_the_firmware_can() -> None:
    rename = "000500000A" + "7103" + b"bob".hex() + "7103" + b"tom".hex()
    for model, word in ((YUBIKEY_4, "6D00"), (YUBIKEY_5, "9000")):
        talk = Talk(model)
        talk.say(SELECT)
        talk.put("bob", "21", 6)
        assert talk.say(rename) == word


def test_interfaces_stand_where_the_reader_dumps_have_them() -> None:
    without = YUBIKEY_5_WITHOUT_KEYBOARD
    for model, number in ((YUBIKEY_4, 2), (YUBIKEY_5, 2), (without, 1), (NITROKEY_3, 0), (CANOKEY, 2)):
        plan = usb_plan(OathKey(model, SERIAL))
        (reader,) = (part for part in plan.interfaces if isinstance(part, CcidInterface))
        assert reader.number == number
        assert all(part.gadget is None for part in plan.interfaces if isinstance(part, HidInterface))
        (device,) = CcidPort(plan).attached
        assert device.interface == number
        assert [part.number for part in plan.interfaces] == list(range(len(plan.interfaces)))
        assert plan.serial == (SERIAL.hex().upper() if model is CANOKEY else "")


def test_a_canokey_has_an_interface_of_the_makers_own_class_that_refuses_everything() -> None:
    device = UsbDevice(usb_plan(OathKey(CANOKEY, SERIAL)), lambda: None)
    configuration = device.control(Setup(0x80, 6, 0x0200, 0, 255), b"")
    assert bytes.fromhex("090401 0000 FFFFFF 00") in configuration
    with pytest.raises(Stalled):
        device.control(Setup(0x21, 0, 0, 1, 0), b"")


def test_a_pulled_cable_ends_a_wait_for_a_touch() -> None:
    talk = Talk(NITROKEY_3)
    talk.say(SELECT)
    pull = threading.Timer(0.05, talk.key.power_off)
    pull.start()
    assert talk.put("bob", "21", 6) == "6982"
    pull.join()
    assert not talk.key.memory.records
