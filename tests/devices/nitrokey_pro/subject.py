"""The Nitrokey before the batteries: in its port, on a desk that knows every shipped profile."""

from __future__ import annotations

import time

from devices.driver import AccessCode, Surroundings
from devices.drivers.nitrokey_pro.driver import NitrokeyPro
from devices.links import FeatureLink
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.nitrokey_pro.host import PASSWORD, code_of, set_time
from tests.devices.subject import Subject
from tests.rig.nitrokey_pro.device import EmulatedNitrokey, Model
from tests.rig.nitrokey_pro.usb import usb_plan
from tests.rig.wire.feature_port import FeaturePort
from tests.rig.wire.socket import SocketBus

TOTP = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
HOTP = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 32, slot=3, counter=77)


class NitrokeySubject(Subject):
    """One stick. Its TOTP codes come by way of a companion program, which sets its clock."""

    def __init__(
        self,
        profile_name: str = "nitrokey-pro",
        firmware: tuple[int, int] = (0, 15),
        model: Model = Model.PRO,
        form: CredentialForm = TOTP,
    ) -> None:
        self.key = EmulatedNitrokey(firmware=firmware, model=model)
        self.port = FeaturePort(usb_plan(self.key), self.key.serial)
        super().__init__(SocketBus([self.port]), profile_name, self.key.serial, form)

    @property
    def number(self) -> int:
        """The slot on the wire."""
        return (0x10 if self.form.otp_type is OtpType.HOTP else 0x20) + self.form.slot - 1

    def plug(self) -> None:
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return time.time()

    def held(self) -> bytes | None:
        held = self.key.held(self.number)
        if held is None:
            return None
        assert not any(held[self.form.seed_bytes :])
        return held[: self.form.seed_bytes]

    def code(self) -> str:
        set_time(self.key, int(self.unix_time()))
        return str(code_of(self.key, self.number)).zfill(self.form.digits)


def driver_of(subject: NitrokeySubject, link: FeatureLink, access: AccessCode | None = None) -> NitrokeyPro:
    """The driver on a link of the test's own."""
    around = Surroundings(subject.profile, subject.unix_time, {}, access=access)
    return NitrokeyPro(link, around, lambda: PASSWORD)
