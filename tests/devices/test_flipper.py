"""Flipper Zero with the Authenticator: the console's transcript, and everything that can stand in the way."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pytest_mock import MockerFixture

from devices.attach import scan, survey
from devices.contract import FailureCode
from devices.driver import SetsClock, SlotProgram
from devices.errors import DeviceLocked, NotProved, OverLimits, RefusedByDevice, WrongClock
from devices.links.serial import SerialBus
from devices.profiles import Algorithm
from tests.devices.flippers import FORM, NAME, FlipperSubject
from tests.devices.subject import check_failure, codes_between, seed
from tests.rig.flipper_totp.console import Console
from tests.rig.flipper_totp.device import Token
from tests.rig.usb.device import UsbDevice
from tests.rig.usb.function import Setup

MINE = Token("mail", seed(50), digits=6)


@pytest.fixture
def subject() -> Iterator[FlipperSubject]:
    subject = FlipperSubject()
    yield subject
    subject.unplug()


def listed(subject: FlipperSubject, mocker: MockerFixture, serial: str) -> SerialBus:
    """The product's own bus, on which the emulated port shows with that serial number."""
    device = subject.port.attached
    assert device is not None
    port = SimpleNamespace(
        device=device.path, vid=0x0483, pid=0x5740, product=device.product, serial_number=serial
    )
    mocker.patch("devices.links.serial.list_ports.comports", return_value=[port])
    return SerialBus({})


def test_its_serial_port_does_not_say_that_it_understands_at_commands(subject: FlipperSubject) -> None:
    configuration = UsbDevice(subject.port.plan, lambda: None).control(Setup(0x80, 6, 0x0200, 0, 255), b"")
    for part in ("09 04 00 00 01 02 02 00 00", "04 24 02 00", "07 05 82 03 0800 FF"):
        assert bytes.fromhex(part) in configuration


def test_it_is_found_by_ids_and_by_the_beginning_of_its_serial_number(
    subject: FlipperSubject, mocker: MockerFixture
) -> None:
    desk = replace(subject.desk, buses=(listed(subject, mocker, "flip_Atiw"),))
    (seen,) = survey(desk)
    assert (seen.profile, seen.serial, seen.firmware) == ("flipper-totp", "FLIP_ATIW", "5.19.0")
    assert seen.problem is None


@pytest.mark.parametrize("serial", ["206F317F5650", "", "FLIP_x", "xflip_"])
def test_another_gadget_with_the_same_ids_never_receives_a_byte(
    subject: FlipperSubject, mocker: MockerFixture, serial: str
) -> None:
    far, near = os.openpty()
    tty.setraw(near)
    port = SimpleNamespace(device=os.ttyname(near), vid=0x0483, pid=0x5740, product="STM32", serial_number=serial)
    mocker.patch("devices.links.serial.list_ports.comports", return_value=[port])
    desk = replace(subject.desk, buses=(SerialBus({}),))
    assert scan(desk) == ()
    assert survey(desk) == ()
    ready, _, _ = select.select([far], [], [], 0.1)
    assert ready == []
    os.close(far)
    os.close(near)


def test_the_clock_goes_to_utc_and_the_zone_to_none(subject: FlipperSubject) -> None:
    assert (subject.flipper.rtc() - datetime.now(UTC).replace(tzinfo=None)).total_seconds() > 8 * 3600
    receipt = subject.write(seed(1))
    assert subject.flipper.timezone_h == 0
    assert abs((subject.flipper.rtc() - datetime.now(UTC).replace(tzinfo=None)).total_seconds()) < 3
    assert receipt.clock_offset_s is not None
    assert abs(receipt.clock_offset_s) <= 2


def test_a_wrong_zone_from_before_does_no_harm(subject: FlipperSubject) -> None:
    subject.flipper.timezone_h = -5.5
    began = subject.unix_time()
    subject.write(seed(1))
    assert subject.code() in codes_between(subject, seed(1), began)


def test_the_clock_can_be_set_by_itself(subject: FlipperSubject) -> None:
    with subject.opened() as driver:
        assert isinstance(driver, SetsClock)
        now = round(subject.unix_time())
        assert abs(driver.set_clock(now) - now) <= 2


def test_a_clock_that_cannot_be_set_stops_the_write(subject: FlipperSubject) -> None:
    subject.flipper.clock_stuck = True
    with pytest.raises(WrongClock) as caught:
        subject.write(seed(1))
    assert caught.value.offset_s is not None
    assert caught.value.offset_s > 8 * 3600
    assert subject.held() is None


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize(("digits", "period_s"), [(6, 30), (8, 60)])
@pytest.mark.parametrize("seed_bytes", [20, 32, 64])
def test_every_form_gives_the_right_code(
    subject: FlipperSubject, algorithm: Algorithm, digits: int, period_s: int, seed_bytes: int
) -> None:
    form = replace(FORM, algorithm=algorithm, digits=digits, period_s=period_s, seed_bytes=seed_bytes)
    subject.form, secret, began = form, seed(1, seed_bytes), subject.unix_time()
    subject.write(secret)
    assert subject.held() == secret
    assert subject.code() in codes_between(subject, secret, began)


@pytest.mark.parametrize("old_firmware", [False, True])
def test_a_closed_application_is_said_and_looked_for_again(subject: FlipperSubject, old_firmware: bool) -> None:
    subject.flipper.old_firmware = old_firmware
    subject.flipper.app_open = False
    (seen,) = survey(subject.desk)
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.facts["what"]) == (FailureCode.DEVICE_LOCKED, "application_closed")
    subject.flipper.open_app()
    (seen,) = survey(subject.desk)
    assert seen.problem is None


def test_an_application_closed_while_it_is_written_is_said(subject: FlipperSubject) -> None:
    with subject.opened() as driver:
        subject.flipper.app_open = False
        with pytest.raises(DeviceLocked, match="application_closed"):
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))


def test_a_question_for_the_pin_that_nobody_answers_is_taken_back(subject: FlipperSubject) -> None:
    subject.flipper.locked = True
    subject.hurry()
    with pytest.raises(DeviceLocked, match="pin"):
        subject.write(seed(1))
    subject.patience()
    subject.flipper.enter_pin()
    subject.write(seed(2))
    assert subject.held() == seed(2)


def test_other_tokens_are_never_touched_whatever_their_names(subject: FlipperSubject) -> None:
    odd = [replace(MINE, name=name) for name in ("mail", "a\ttab", ">: ", "KAGIYA", "KAGIYA kagiya-12", "鍵")]
    subject.flipper.tokens[:] = odd
    for number in (1, 2):
        subject.write(seed(number))
    assert subject.held() == seed(2)
    with subject.opened() as driver:
        driver.erase(1)
    assert subject.flipper.tokens == odd


def test_several_tokens_of_our_name_become_one(subject: FlipperSubject) -> None:
    left_over = [Token(NAME, seed(8)), MINE, Token("OTHER BANK kagiya-1", seed(9))]
    subject.flipper.tokens[:] = left_over
    subject.write(seed(1))
    assert subject.flipper.tokens[:-1] == [MINE]
    assert subject.flipper.tokens[-1].seed == seed(1)


def test_half_a_secret_left_by_a_pulled_cable_is_cleaned_away(subject: FlipperSubject) -> None:
    console = Console(subject.flipper)
    console.set_dtr(raised=True)
    typed = threading.Event()
    while not console.next_bytes(4096):
        assert not typed.wait(0.005)
    console.take_bytes(f'totp add "{NAME}"\rMFRGGZDF'.encode())
    console.set_dtr(raised=False)
    assert [token.seed for token in subject.flipper.tokens] == [b"abcde"]
    subject.write(seed(1))
    assert [token.seed for token in subject.flipper.tokens] == [seed(1)]


def test_a_card_that_cannot_be_written_changes_nothing(subject: FlipperSubject) -> None:
    subject.write(seed(1))
    with subject.opened() as driver:
        subject.flipper.storage_broken = True
        with pytest.raises(RefusedByDevice, match="storage") as caught:
            driver.program(SlotProgram(FORM, seed(2), "KAGIYA"))
    check_failure(caught.value, seed(1), seed(2))
    assert subject.held() == seed(1)


@pytest.mark.parametrize("title", ['a"b', "a\tb", "a\rb", ">: ", "鍵"])
def test_a_title_that_could_mean_something_to_the_console_is_refused(subject: FlipperSubject, title: str) -> None:
    sent: list[int] = []
    with subject.opened() as driver:
        subject.bus.on_report = sent.append
        with pytest.raises(OverLimits, match="title"):
            driver.program(SlotProgram(FORM, seed(1), title))
        assert sent == []


def _digits(token: Token) -> Token:
    return replace(token, digits=6)


def _name(token: Token) -> Token:
    return replace(token, name="another")


@pytest.mark.parametrize(("lie", "what"), [(_digits, "parameters"), (_name, "list")])
def test_what_the_device_tells_of_the_new_token_must_be_right(
    subject: FlipperSubject, lie: Callable[[Token], Token], what: str
) -> None:
    class Lying(list[Token]):
        def append(self, token: Token) -> None:
            super().append(lie(token))

    subject.flipper.tokens = Lying()
    with pytest.raises(NotProved, match=what) as caught:
        subject.write(seed(1))
    check_failure(caught.value, seed(1))


def test_a_token_of_the_wrong_seed_shows_another_code(subject: FlipperSubject) -> None:
    """The console tells no secret: only the code from the display proves it."""
    began = subject.unix_time()
    subject.write(seed(1))
    subject.flipper.tokens[-1] = replace(subject.flipper.tokens[-1], seed=seed(2))
    assert subject.code() not in codes_between(subject, seed(1), began)


def test_a_shell_left_after_a_failure_is_taken_up_again(subject: FlipperSubject) -> None:
    with subject.opened() as driver:
        subject.flipper.app_open = False
        with pytest.raises(DeviceLocked):
            driver.erase(1)
    subject.flipper.open_app()
    subject.write(seed(1))
    assert subject.held() == seed(1)


@pytest.mark.parametrize("stray", [b"AT+GMM\rAT", b'totp add "x"\rMFRG', b"totp delete 1\r"])
def test_what_another_program_typed_and_left_does_no_harm(subject: FlipperSubject, stray: bytes) -> None:
    """As ModemManager does; it keeps the port open, so the shell goes on and does not greet again."""
    subject.flipper.tokens[:] = [MINE]
    device = subject.port.attached
    assert device is not None
    other = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
    try:
        read_until_prompt(other)
        os.write(other, stray)
        subject.write(seed(1))
    finally:
        os.close(other)
    assert subject.flipper.tokens[0] == MINE
    assert [token.seed for token in subject.flipper.tokens[1:]] == [seed(1)]


def read_until_prompt(port: int) -> None:
    came = b""
    while not came.endswith(b">: "):
        ready, _, _ = select.select([port], [], [], 10.0)
        assert ready
        came += os.read(port, 4096)
