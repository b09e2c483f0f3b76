"""The inherited batteries on YubiKeys: every generation, alone and composite, TOTP and HOTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.contract import Wait
from tests.devices.battery_locks import AccessCodeBattery, HandBattery
from tests.devices.subject import Subject
from tests.devices.yubikey_otp.subject import HOTP, YubiKeySubject
from tests.rig.yubikey_otp.usb import Applications


class _Locks(AccessCodeBattery):
    counts_tries = False

    def tries_left(self, subject: Subject) -> int:
        """A key counts none."""
        raise AssertionError(subject)


class TestYubiKey5(_Locks, HandBattery):
    """All its applications, of which only the keyboard is ever opened."""

    profile = "yubikey-5"
    firmware = "5.4.3"
    wait = Wait.TOUCH

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject(applications=Applications.ALL)

    def ask_for_hand(self, subject: Subject) -> None:
        assert isinstance(subject, YubiKeySubject)
        subject.ask_for_touch()

    def hand(self, subject: Subject) -> None:
        assert isinstance(subject, YubiKeySubject)
        subject.key.touch()


class TestYubiKey5WithHotp(_Locks):
    profile = "yubikey-5"
    firmware = "5.4.3"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject(form=HOTP)


class TestYubiKey4(_Locks):
    """A firmware that keeps its access code where it is only updated."""

    profile = "yubikey-4"
    firmware = "4.3.5"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject("yubikey-4", (4, 3, 5), Applications.OTP_FIDO)


class TestYubiKeyNeo(_Locks):
    profile = "yubikey-neo"
    firmware = "3.4.9"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject("yubikey-neo", (3, 4, 9), Applications.OTP_CCID)


class TestYubiKey2(_Locks):
    profile = "yubikey-2"
    firmware = "2.4.3"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield YubiKeySubject("yubikey-2", (2, 4, 3))
