"""Keys with the OATH application for the tests: an emulated one in a USB socket."""

from __future__ import annotations

from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.subject import Subject
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.wire.socket import SocketBus
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.memory import Record
from tests.rig.ykoath.models import YUBIKEY_4, YUBIKEY_5, Model
from tests.rig.ykoath.usb import usb_plan

FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
HOTP_FORM = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=7)
SERIAL = bytes.fromhex("00BC614E")
NOW = 1_795_200_007.0


class OathSubject(Subject):
    """A key in a USB socket."""

    def __init__(self, model: Model, profile: str, form: CredentialForm = FORM) -> None:
        self.key = OathKey(model, SERIAL)
        self.key.hand.at_once = True
        self.port = CcidPort(usb_plan(self.key))
        serial = "12345678" if model in (YUBIKEY_4, YUBIKEY_5) else "00BC614E"
        super().__init__(SocketBus([self.port]), profile, serial, form, may_lose_it=model.name_taken is not None)

    def plug(self) -> None:
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return NOW

    def record(self) -> Record | None:
        """The last one that is called after the form's slot."""
        ours = [record for name, record in self.key.memory.records.items() if name.endswith(b"kagiya-1")]
        return ours[-1] if ours else None

    def held(self) -> bytes | None:
        record = self.record()
        return record.secret if record else None

    def code(self) -> str:
        return self.key.companion_code("kagiya-1", NOW)
