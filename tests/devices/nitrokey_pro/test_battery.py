"""The inherited batteries on the Nitrokey Pro and its relatives, TOTP and HOTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.devices.battery_locks import AccessCodeBattery
from tests.devices.nitrokey_pro.subject import HOTP, NitrokeySubject
from tests.devices.subject import Subject
from tests.rig.nitrokey_pro.device import Model


class _WithPin(AccessCodeBattery):
    def tries_left(self, subject: Subject) -> int:
        assert isinstance(subject, NitrokeySubject)
        return subject.key.stick.card.admin.tries


class TestNitrokeyPro(_WithPin):
    profile = "nitrokey-pro"
    firmware = "0.15.0"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield NitrokeySubject()


class TestNitrokeyProWithHotp(_WithPin):
    profile = "nitrokey-pro"
    firmware = "0.8.0"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield NitrokeySubject(firmware=(0, 8), form=HOTP)


class TestLibremKey(_WithPin):
    profile = "librem-key"
    firmware = "0.10.0"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield NitrokeySubject("librem-key", (0, 10), Model.LIBREM_KEY)


class TestNitrokeyStorage(_WithPin):
    profile = "nitrokey-storage"
    firmware = "0.54.0"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield NitrokeySubject("nitrokey-storage", (0, 54), Model.STORAGE)
