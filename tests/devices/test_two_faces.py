"""A key with keyboard and card reader at a station: two devices of one serial number, each written by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from devices.attach import Desk, open_named, scan, survey
from devices.driver import SlotProgram
from devices.links import Transport
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.patience import patient
from tests.devices.subject import TITLE, seed
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.wire.feature_port import FeaturePort
from tests.rig.wire.socket import SocketBus
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import YUBIKEY_5
from tests.rig.ykoath.usb import usb_plan as reader_plan
from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.rig.yubikey_otp.usb import Applications
from tests.rig.yubikey_otp.usb import usb_plan as keyboard_plan

SERIAL = "8675309"
FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
BOTH = {"yubikey-5": Transport.HID, "yubikey-5-oath": Transport.USB}


@dataclass
class TwoFaces:
    """Both applications of one key, each behind its own interface."""

    keyboard: EmulatedYubiKey = field(default_factory=EmulatedYubiKey)
    reader: OathKey = field(default_factory=lambda: OathKey(YUBIKEY_5, int(SERIAL).to_bytes(4)))

    def desk(self) -> Desk:
        ports = (
            FeaturePort(keyboard_plan(self.keyboard, Applications.ALL), SERIAL),
            CcidPort(reader_plan(self.reader)),
        )
        return Desk((SocketBus([ports[0]]), SocketBus([ports[1]])), patient(), {}, time.time)


@pytest.fixture
def key() -> TwoFaces:
    return TwoFaces()


def test_both_faces_tell_one_serial_number_and_neither_is_in_the_others_way(key: TwoFaces) -> None:
    seen = survey(key.desk())
    assert {one.profile: one.transport for one in seen} == BOTH
    assert {one.serial for one in seen} == {SERIAL}
    assert [one.problem for one in seen] == [None, None]


def test_a_write_reaches_the_face_that_was_named_and_no_other(key: TwoFaces) -> None:
    desk = key.desk()
    for profile, transport in BOTH.items():
        (sighting,) = [found for found in scan(desk) if found.device.transport is transport]
        driver = open_named(desk, sighting, desk.profile(profile), SERIAL)
        driver.program(SlotProgram(FORM, seed(len(profile)), TITLE))
        driver.close()
        assert key.keyboard.held(1) == seed(len("yubikey-5"))
        written = [record.secret for record in key.reader.memory.records.values()]
        assert written == ([seed(len(profile))] if transport is Transport.USB else [])
