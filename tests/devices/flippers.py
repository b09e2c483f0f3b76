"""Flippers for the tests: an emulated device behind a pty, so that the real pyserial speaks with it."""

from __future__ import annotations

import time

from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.subject import Subject
from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.flipper_totp.usb import usb_plan
from tests.rig.wire.console_port import ConsoleBus, ConsolePort

FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
NAME = "KAGIYA kagiya-1"


class FlipperSubject(Subject):
    """A device with the application open, and a clock in Japanese time."""

    def __init__(self) -> None:
        self.flipper = EmulatedFlipper(time.time)
        self.port = ConsolePort(usb_plan(self.flipper))
        super().__init__(ConsoleBus([self.port]), "flipper-totp", "FLIP_ATIW", FORM)

    def plug(self) -> None:
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return time.time()

    def held(self) -> bytes | None:
        named = [token for token in self.flipper.tokens if token.name == NAME]
        return named[-1].seed if named else None

    def code(self) -> str:
        return self.flipper.display(NAME)
