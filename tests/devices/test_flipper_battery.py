"""The inherited batteries on the Flipper: its application can be locked with a PIN."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.contract import Wait
from devices.errors import DeviceLocked
from tests.devices.battery_locks import HandBattery
from tests.devices.flippers import FlipperSubject
from tests.devices.subject import Subject


class TestFlipper(HandBattery):
    profile = "flipper-totp"
    firmware = "5.19.0"
    wait = Wait.PIN
    given_up = DeviceLocked

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        subject = FlipperSubject()
        yield subject
        subject.unplug()

    def ask_for_hand(self, subject: Subject) -> None:
        assert isinstance(subject, FlipperSubject)
        subject.flipper.locked = True

    def hand(self, subject: Subject) -> None:
        assert isinstance(subject, FlipperSubject)
        subject.flipper.enter_pin()
