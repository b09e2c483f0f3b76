"""The Nitrokey driver: the note's vectors byte for byte, its PIN, its clock, its staging, and garbage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.attach import survey
from devices.contract import FailureCode
from devices.driver import AccessCode, SlotProgram
from devices.drivers.nitrokey_pro.messages import (
    Command,
    checksum,
    request,
    set_time,
    stage_secret,
    write_slot,
)
from devices.drivers.nitrokey_pro.pins import own_pin, pins_to_try
from devices.errors import (
    DeviceLocked,
    LastTry,
    NotProved,
    OverLimits,
    WrongAccessCode,
    WrongClock,
    WrongSerial,
)
from devices.links import FeatureLink
from devices.profiles import Version
from tests.devices.nitrokey_pro.host import PASSWORD, login, stage, write
from tests.devices.nitrokey_pro.subject import HOTP, TOTP, NitrokeySubject, driver_of
from tests.devices.reckoning import otp_code
from tests.devices.subject import check_failure, seed
from tests.rig.nitrokey_pro.checksum import checksum as device_checksum
from tests.rig.nitrokey_pro.device import REAL, Model

SECRET = b"12345678901234567890"
OURS = AccessCode(seed(1, 32), in_force=False)


class RecordedWrites:
    """Passes everything on and keeps what was sent."""

    def __init__(self, link: FeatureLink) -> None:
        self._link = link
        self.path = link.path
        self.sent: list[bytes] = []

    def send_feature(self, number: int, data: bytes) -> None:
        self.sent.append(data)
        self._link.send_feature(number, data)

    def get_feature(self, number: int, size: int) -> bytes:
        return self._link.get_feature(number, size)

    def close(self) -> None:
        self._link.close()


def test_the_notes_checksums() -> None:
    assert checksum(bytes(60)) == 0xEF6EB7DF
    assert request(Command.STATUS).checksum.hex(" ") == "df b7 6e ef"
    set_it = request(Command.SET_TIME, set_time(0x6553F100))
    assert set_it.report[:10].hex(" ") == "0b 01 00 f1 53 65 00 00 00 00"
    assert set_it.checksum.hex(" ") == "48 4a f1 10"


def test_layouts() -> None:
    assert stage_secret(PASSWORD, 0, SECRET) == PASSWORD + b"S\x00" + SECRET + bytes(10)
    assert stage_secret(PASSWORD, 1, bytes(range(40))) == PASSWORD + b"S\x01" + bytes(range(30, 40))
    assert write_slot(PASSWORD, replace(TOTP, slot=15)) == PASSWORD + bytes.fromhex("2e 3c00000000000000 01")
    assert write_slot(PASSWORD, HOTP) == PASSWORD + bytes.fromhex("12 4d00000000000000 00")


def test_a_write_is_the_notes_sequence_of_commands() -> None:
    subject = NitrokeySubject()
    link = RecordedWrites(subject.port.open(subject.port.attached[0]))
    driver_of(subject, link, OURS).program(SlotProgram(TOTP, SECRET, "KAGIYA"))
    assert [Command(sent[0]).name for sent in link.sent] == [
        "STATUS",
        "ADMIN_TRIES",
        "LOGIN_ADMIN",
        "SET_TIME",
        "STAGE",
        "STAGE",
        "STAGE",
        "WRITE_SLOT",
        "READ_SLOT",
        "GET_CODE",
        "CHANGE_ADMIN_PIN",
    ]
    assert all(device_checksum(sent[:60]) == int.from_bytes(sent[60:], "little") for sent in link.sent)
    assert link.sent[4][26:].startswith(b"N\0KAGIYA\0")
    assert [sent[26:28] for sent in link.sent[5:7]] == [b"S\0", b"S\1"]


def test_identify() -> None:
    subject = NitrokeySubject(firmware=(0, 10))
    with subject.opened() as driver:
        identity = driver.identify()
    assert (identity.serial, identity.model, identity.firmware) == ("00005678", "Nitrokey Pro", Version(0, 10))


@pytest.mark.parametrize(
    ("model", "profile", "firmware"),
    [(Model.PRO, "nitrokey-pro", (0, 7)), (Model.STORAGE, "nitrokey-storage", (0, 53))],
)
def test_firmware_that_writes_otherwise_is_refused(model: Model, profile: str, firmware: tuple[int, int]) -> None:
    (seen,) = survey(NitrokeySubject(profile, firmware, model).desk)
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.UNSUPPORTED_FIRMWARE


@pytest.mark.parametrize("size", [20, 32, 40])
def test_secrets_of_every_length(size: int) -> None:
    subject = NitrokeySubject(form=replace(TOTP, seed_bytes=size))
    assert subject.write(seed(1, size)).code
    assert subject.held() == seed(1, size)


def test_hotp_consumes_the_code_that_is_read() -> None:
    subject = NitrokeySubject(form=HOTP)
    receipt = subject.write(seed(1, 32))
    assert receipt.code == otp_code(seed(1, 32), HOTP, HOTP.counter)
    assert subject.code() == otp_code(seed(1, 32), HOTP, HOTP.counter + 1)


def test_hotp_has_three_slots_and_the_storages_last_slot_is_left_alone() -> None:
    subject = NitrokeySubject()
    with pytest.raises(OverLimits, match="slot"):
        subject.write(seed(1, 32), replace(HOTP, slot=4))
    storage = NitrokeySubject("nitrokey-storage", (0, 54), Model.STORAGE)
    with pytest.raises(OverLimits, match="slot"):
        storage.write(SECRET, replace(TOTP, slot=15))


def test_a_seed_that_would_keep_the_old_one_is_refused() -> None:
    subject = NitrokeySubject()
    subject.write(SECRET)
    with pytest.raises(OverLimits, match="seed"):
        subject.write(bytes(20))


def test_an_erasure_takes_both_kinds() -> None:
    subject = NitrokeySubject()
    write(subject.key, 0x10, SECRET, 0)
    write(subject.key, 0x20, SECRET, 60)
    write(subject.key, 0x21, SECRET, 60)
    with subject.opened() as driver:
        driver.erase(1)
        driver.erase(15)
        with pytest.raises(OverLimits):
            driver.erase(16)
    assert set(subject.key.stick.memory.slots) == {0x21}


def test_what_was_staged_by_another_program_does_not_get_in() -> None:
    subject = NitrokeySubject()
    login(subject.key)
    stage(subject.key, b"S", 1, b"\xee" * 10)
    subject.write(SECRET)
    assert subject.held() == SECRET


def test_the_pin_is_the_sticks_own() -> None:
    one, two = own_pin(OURS), own_pin(AccessCode(seed(2, 32), in_force=False))
    assert one != two
    assert len(one) == 20
    assert one.isalnum()
    assert pins_to_try(None) == (b"12345678",)
    assert pins_to_try(replace(OURS, in_force=True)) == (one,)


def test_the_pin_is_set_after_the_proof_and_stays() -> None:
    subject = NitrokeySubject()
    assert subject.write(SECRET, access=OURS).locked is True
    assert subject.key.stick.card.admin.value == own_pin(OURS)
    with subject.opened(access=replace(OURS, in_force=True)) as driver:
        assert driver.erase(1).locked is None
    assert subject.key.stick.card.admin.value == own_pin(OURS)


def test_a_strange_pin_costs_two_tries_at_most_and_the_last_none() -> None:
    subject = NitrokeySubject()
    subject.key.stick.card.admin.change(b"somebody else's")
    for error, left in ((WrongAccessCode(1), 1), (LastTry(1), 1), (LastTry(1), 1)):
        with pytest.raises(type(error)) as caught:
            subject.write(SECRET, access=OURS)
        assert caught.value.facts() == {"tries_left": "1"}
        assert subject.key.stick.card.admin.tries == left
        check_failure(caught.value, SECRET, OURS.code, own_pin(OURS))
    subject.key.stick.card.admin.tries = 2
    with pytest.raises(WrongAccessCode):
        subject.write(SECRET, access=OURS)
    assert subject.key.stick.card.admin.tries == 1


def test_a_blocked_pin_is_a_locked_device() -> None:
    subject = NitrokeySubject()
    subject.key.stick.card.admin.tries = 0
    with pytest.raises(DeviceLocked, match="admin_pin"):
        subject.write(SECRET)


def test_a_stick_that_keeps_its_codes_for_its_user_is_refused_before_anything() -> None:
    subject = NitrokeySubject()
    subject.key.stick.memory.config = bytes([255, 255, 255, 1, 0])
    with pytest.raises(DeviceLocked, match="user_pin"):
        subject.write(SECRET)
    assert subject.held() is None


def test_a_clock_that_cannot_be_set_stops_the_write() -> None:
    subject = NitrokeySubject()
    subject.key.stick.memory.clock.broken = True
    with pytest.raises(WrongClock):
        subject.write(SECRET)
    assert subject.held() is None
    subject.form = HOTP
    subject.write(seed(1, 32), HOTP)


def test_the_time_is_the_servers_whatever_the_stick_thought() -> None:
    subject = NitrokeySubject()
    subject.key.stick.memory.clock.set(2_000_000_000)
    assert subject.write(SECRET).code


def test_a_wrong_slot_content_is_not_proved() -> None:
    subject = NitrokeySubject()

    def spoil(_number: int) -> None:
        slots = subject.key.stick.memory.slots
        if 0x20 in slots:
            slots[0x20] = replace(slots[0x20], step_s=30)

    subject.bus.on_report = spoil
    with pytest.raises(NotProved, match="slot"):
        subject.write(SECRET)


def test_a_wrong_seed_is_not_proved() -> None:
    subject = NitrokeySubject()

    def spoil(_number: int) -> None:
        slots = subject.key.stick.memory.slots
        if 0x20 in slots:
            slots[0x20] = replace(slots[0x20], secret=seed(9, 40))

    subject.bus.on_report = spoil
    with pytest.raises(NotProved, match="code"):
        subject.write(SECRET)


def test_another_stick_than_the_one_named_gets_nothing() -> None:
    subject = NitrokeySubject()
    subject.serial = "00005679"
    with pytest.raises(WrongSerial):
        subject.write(SECRET)
    assert subject.held() is None


def test_a_stick_that_takes_its_time_is_waited_for() -> None:
    subject = NitrokeySubject()
    subject.key.pace = REAL
    subject.write(SECRET, access=OURS)
    assert subject.held() == SECRET


def test_a_stick_that_is_busy_for_another_program_is_waited_for() -> None:
    subject = NitrokeySubject()
    subject.key.pace = replace(REAL, plain_s=0.2)
    ask_only(subject)
    subject.write(SECRET)
    assert subject.held() == SECRET


def ask_only(subject: NitrokeySubject) -> None:
    """A request whose answer nobody waited for."""
    subject.key.set_feature(request(Command.ADMIN_TRIES).report)
