"""The inherited batteries on YubiKeys: every generation, alone and composite, TOTP and HOTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.contract import Wait
from tests.devices.battery import Battery, Subject
from tests.devices.battery_locks import AccessCodeBattery, HandBattery
from tests.devices.yubikey_otp.subject import HOTP, YubiKeySubject
from tests.rig.yubikey_otp.usb import Applications


class TestYubiKey5(AccessCodeBattery, HandBattery):
    """All its applications, of which only the keyboard is ever opened."""

    firmware = "5.4.3"
    counts_tries = False
    wait = Wait.TOUCH

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject(applications=Applications.ALL)

    def tries_left(self, subject: Subject) -> int:
        """A key counts none."""
        raise AssertionError(subject)

    def ask_for_hand(self, subject: Subject) -> None:
        assert isinstance(subject, YubiKeySubject)
        subject.ask_for_touch()

    def hand(self, subject: Subject) -> None:
        assert isinstance(subject, YubiKeySubject)
        subject.key.touch()


class TestYubiKey5WithHotp(AccessCodeBattery):
    firmware = "5.4.3"
    counts_tries = False

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject(form=HOTP)

    def tries_left(self, subject: Subject) -> int:
        """A key counts none."""
        raise AssertionError(subject)


class TestYubiKeyNeo(Battery):
    firmware = "3.4.9"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject("yubikey-neo", (3, 4, 9), Applications.OTP_CCID)


class TestYubiKey2(Battery):
    firmware = "2.4.3"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject("yubikey-2", (2, 4, 3))
