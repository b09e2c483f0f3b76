"""The emulated Nitrokey, held against the note's vectors and words by a host unlike the driver."""

from __future__ import annotations

import pytest

from tests.devices.nitrokey_pro.host import ask, code_of, commit, login, padded, request, set_time, stage, write
from tests.rig.nitrokey_pro.checksum import checksum
from tests.rig.nitrokey_pro.device import EmulatedNitrokey, Model, Pace
from tests.rig.nitrokey_pro.usb import REPORT_DESCRIPTOR, usb_plan
from tests.rig.usb.plan import CcidInterface, HidInterface, Stalled

SECRET = b"12345678901234567890"


def test_the_checksum_is_the_notes() -> None:
    assert checksum(bytes(60)) == 0xEF6EB7DF
    assert request(0x00)[60:].hex(" ") == "df b7 6e ef"
    set_time = bytes.fromhex("0b0100f1536500000000")
    assert request(set_time[0], set_time[1:])[60:].hex(" ") == "48 4a f1 10"


def test_it_tells_its_firmware_and_serial_number() -> None:
    status, result = ask(EmulatedNitrokey(0x5678, (0, 15)), 0x00)
    assert status == 0
    assert result[:11].hex(" ") == "0f 00 78 56 00 00 ff ff ff 00 00"


def test_a_totp_slot() -> None:
    now = [0.0]
    key = EmulatedNitrokey(world=lambda: now[0])
    assert write(key, 0x20, SECRET, 60) == 0
    assert set_time(key, 1111111109) == 0
    assert code_of(key, 0x20) == 19360094
    now[0] += 600
    assert code_of(key, 0x20) != 19360094
    status, result = ask(key, 0x03, b"\x20")
    assert status == 0
    assert result[:37] == b"acme".ljust(15, b"\0") + b"\x01" + bytes(13) + (60).to_bytes(8, "little")
    assert ask(key, 0x02, b"\x20")[1][:15] == b"acme".ljust(15, b"\0")


def test_an_hotp_slot_counts() -> None:
    key = EmulatedNitrokey()
    assert write(key, 0x10, SECRET, 5, flags=0) == 0
    assert [code_of(key, 0x10) for _ in range(2)] == [254676, 287922]
    assert ask(key, 0x03, b"\x10")[1][29:37] == (7).to_bytes(8, "little")


def test_staging_echoes_what_it_holds() -> None:
    key = EmulatedNitrokey()
    login(key)
    assert stage(key, b"N", 0, b"a name that is much too long") == (0, b"a name that is ".ljust(53, b"\0"))
    assert stage(key, b"S", 0, SECRET)[1][:40] == SECRET.ljust(40, b"\0")
    assert stage(key, b"S", 1, b"\xee" * 30)[1][:40] == SECRET.ljust(30, b"\0") + b"\xee" * 10


def test_a_transaction_that_was_given_up_leaves_its_end_in_the_next() -> None:
    key = EmulatedNitrokey()
    login(key)
    stage(key, b"S", 1, b"\xee" * 10)
    stage(key, b"N", 0, b"acme")
    stage(key, b"S", 0, SECRET)
    assert commit(key, 0x20, 30) == 0
    assert key.held(0x20) == SECRET.ljust(30, b"\0") + b"\xee" * 10
    assert commit(key, 0x20, 30) == 5
    # both chunks sent: nothing is inherited
    assert write(key, 0x20, SECRET, 30) == 0
    assert key.held(0x20) == SECRET.ljust(40, b"\0")


def test_a_secret_of_zeros_keeps_the_old_one() -> None:
    key = EmulatedNitrokey()
    write(key, 0x20, SECRET, 30)
    assert write(key, 0x20, b"", 60) == 0
    assert key.held(0x20) == SECRET.ljust(40, b"\0")


def test_without_a_name_or_in_no_slot_nothing_is_written() -> None:
    key = EmulatedNitrokey()
    login(key)
    stage(key, b"S", 0, SECRET)
    assert commit(key, 0x20, 30) == 7
    for number in (0x14, 0x2F, 0x00):
        assert write(key, number, SECRET, 30) == 2
    assert key.stick.memory.slots == {}


def test_wrong_pins_are_counted_and_a_right_one_forgives() -> None:
    key = EmulatedNitrokey()
    assert ask(key, 0x09)[1][0] == 3
    assert login(key, b"87654321") == 4
    assert ask(key, 0x09)[1][0] == 2
    assert login(key) == 0
    assert ask(key, 0x09)[1][0] == 3
    for _ in range(3):
        assert login(key, b"87654321") == 4
    assert ask(key, 0x09)[1][0] == 0
    assert login(key) == 4


def test_a_new_login_ends_the_old_one_also_when_it_fails() -> None:
    key = EmulatedNitrokey()
    login(key)
    login(key, b"87654321")
    assert stage(key, b"N", 0, b"acme")[0] == 5
    assert ask(key, 0x06, b"\x20" + bytes(25))[0] == 5


def test_the_admin_pin_is_changed() -> None:
    key = EmulatedNitrokey()
    assert ask(key, 0x15, padded(b"12345678") + padded(b"short"))[0] == 13
    assert ask(key, 0x15, padded(b"12345678") + padded(b"a longer pin"))[0] == 0
    assert login(key) == 4
    assert login(key, b"a longer pin") == 0


def test_codes_can_be_kept_for_the_user() -> None:
    key = EmulatedNitrokey()
    write(key, 0x10, SECRET, 0)
    assert ask(key, 0x05, bytes([255, 255, 255, 1, 0]) + bytes(range(1, 26)))[0] == 0
    assert ask(key, 0x04, b"\x10")[0] == 5
    assert ask(key, 0x0E, padded(b"123456") + b"u" * 25)[0] == 0
    assert ask(key, 0x04, b"\x10" + bytes(17) + b"u" * 25)[0] == 0


def test_erasing() -> None:
    key = EmulatedNitrokey()
    write(key, 0x10, SECRET, 0)
    for _ in range(2):
        assert ask(key, 0x06, b"\x10" + bytes(range(1, 26)))[0] == 0
    assert key.held(0x10) is None
    assert ask(key, 0x04, b"\x10")[0] == 3
    assert ask(key, 0x03, b"\x10")[0] == 3


def test_the_reserved_slot_gives_no_code() -> None:
    key = EmulatedNitrokey()
    assert write(key, 0x13, SECRET, 0) == 0
    assert ask(key, 0x04, b"\x13")[0] == 2


def test_the_clock_stands_at_0_after_power_comes_back() -> None:
    now = [1_800_000_000.0]
    key = EmulatedNitrokey(world=lambda: now[0])
    assert set_time(key, 1_800_000_000, mode=0) == 6
    assert set_time(key, 1_800_000_000) == 0
    assert key.stick.memory.clock.now() == 1_800_000_000
    key.lose_power()
    now[0] += 7
    assert key.stick.memory.clock.now() == 7
    assert set_time(key, 1_700_000_000, mode=0) == 6
    assert set_time(key, 1_700_000_000, mode=1) == 0
    key.stick.memory.clock.broken = True
    assert set_time(key, 1_800_000_000) == 6


def test_damaged_and_unknown_requests() -> None:
    key = EmulatedNitrokey()
    key.set_feature(request(0x00)[:-1] + b"\0")
    answer = key.get_feature()
    assert (answer[2:6].hex(), answer[6]) == ("dfb76eef", 1)
    assert ask(key, 0x99)[0] == 9
    with pytest.raises(Stalled):
        key.set_feature(bytes(8))


def test_a_report_for_a_busy_stick_is_lost() -> None:
    now = [0.0]
    key = EmulatedNitrokey(pace=Pace(plain_s=0.1), clock=lambda: now[0])
    key.set_feature(request(0x00))
    key.set_feature(request(0x09))
    assert key.get_feature()[0] == 1
    now[0] = 0.2
    assert key.get_feature()[:2] == bytes([0, 0x00])


def test_a_factory_reset_takes_the_admin_pin() -> None:
    key = EmulatedNitrokey()
    write(key, 0x20, SECRET, 60)
    assert ask(key, 0x13, padded(b"no"))[0] == 4
    assert ask(key, 0x13, padded(b"12345678"))[0] == 0
    assert key.held(0x20) is None


@pytest.mark.parametrize(
    ("model", "ids", "firmware", "serial"),
    [
        (Model.PRO, (0x20A0, 0x4108), (0, 15), "000000000000000000005678"),
        (Model.PRO, (0x20A0, 0x4108), (0, 8), "000056780000000000000000"),
        (Model.STORAGE, (0x20A0, 0x4109), (0, 54), "000000000000000000005678"),
        (Model.LIBREM_KEY, (0x316D, 0x4C4B), (0, 10), "000000000000000000005678"),
    ],
)
def test_its_usb_form(model: Model, ids: tuple[int, int], firmware: tuple[int, int], serial: str) -> None:
    plan = usb_plan(EmulatedNitrokey(0x5678, firmware, model))
    assert (plan.vendor_id, plan.product_id) == ids
    assert plan.serial == serial
    hid, reader = plan.interfaces
    assert isinstance(hid, HidInterface)
    assert (hid.number, hid.protocol, hid.report_descriptor) == (0, 0, REPORT_DESCRIPTOR)
    assert isinstance(reader, CcidInterface)
