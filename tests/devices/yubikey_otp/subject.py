"""The YubiKey before the batteries: in its port, on a desk that knows every shipped profile."""

from __future__ import annotations

import time
from dataclasses import replace

from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.reckoning import otp_code
from tests.devices.subject import Subject
from tests.rig.wire.feature_port import FeaturePort
from tests.rig.wire.socket import SocketBus
from tests.rig.yubikey_otp.application import Firmware
from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.rig.yubikey_otp.usb import Applications, usb_plan

TOTP = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20, slot=2)
HOTP = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, slot=1, counter=4096)


class YubiKeySubject(Subject):
    """One key. Its TOTP codes are what a companion program reckons from the key's answer."""

    def __init__(
        self,
        profile_name: str = "yubikey-5",
        firmware: Firmware = (5, 4, 3),
        applications: Applications = Applications.OTP,
        form: CredentialForm = TOTP,
    ) -> None:
        self.key = EmulatedYubiKey(firmware=firmware)
        self.port = FeaturePort(usb_plan(self.key, applications), self.key.serial)
        super().__init__(SocketBus([self.port]), profile_name, self.key.serial, form)

    def plug(self) -> None:
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return time.time()

    def held(self) -> bytes | None:
        return self.key.held(self.form.slot)

    def code(self) -> str:
        if self.form.otp_type is OtpType.HOTP:
            return self.key.touch(self.form.slot)
        secret = self.held()
        assert secret is not None
        return otp_code(secret, self.form, self.unix_time())

    def ask_for_touch(self) -> None:
        """From now on the desk writes credentials that want a touch for every code."""
        profile = self.profile
        driver = replace(profile.driver, quirks=(*profile.driver.quirks, "asks_touch"))
        self.desk = replace(self.desk, profiles=(replace(profile, driver=driver),))
