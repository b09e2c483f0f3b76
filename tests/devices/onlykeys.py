"""OnlyKeys for the tests: an emulated key in its in-process port."""

from __future__ import annotations

import time

from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.subject import Subject
from tests.rig.onlykey.device import EmulatedOnlyKey, Model
from tests.rig.onlykey.usb import usb_plan
from tests.rig.wire.report_port import ReportPort
from tests.rig.wire.socket import SocketBus

FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 6, 30, 20)


class OnlyKeySubject(Subject):
    """A key whose PIN is entered whenever it is plugged in."""

    def __init__(self, model: Model = Model.COLOR, *, needs_config_mode: bool = False) -> None:
        self.key = EmulatedOnlyKey(time.time, model=model, needs_config_mode=needs_config_mode)
        self.port = ReportPort(usb_plan(self.key))
        self.key.enter_pin()
        # the firmware has no serial command: the label on the case is its name
        super().__init__(SocketBus([self.port]), "onlykey-duo" if model.is_duo else "onlykey", "OK-0001", FORM)

    def plug(self) -> None:
        if not self.port.plugged:
            self.port.plug()
            self.key.enter_pin()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return time.time()

    def held(self) -> bytes | None:
        seed = self.key.slots[self.form.slot].seed
        # zeros at a seed's end are lost on the way, and make no difference to HMAC
        return seed.ljust(self.form.seed_bytes, b"\0") if seed else None

    def code(self) -> str:
        return self.key.press(self.form.slot)
