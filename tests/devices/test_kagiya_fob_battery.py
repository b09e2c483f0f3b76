"""The inherited battery on the open fob, over HID and in its cradle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.battery import Battery
from tests.devices.subject import Subject
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer, NewFob
from tests.rig.wire.socket import SocketBus

SERIAL = "KF-000001"
FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
COUNTING = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=7)


class FobSubject(Subject):
    """An emulated fob of the rig's drawer."""

    def __init__(self, folder: Path, transport: Transport, form: CredentialForm = FORM) -> None:
        self._clock = RigClock(folder)
        self._drawer = Drawer(folder, self._clock, [NewFob(SERIAL, transport)], paced=False)
        bus = SocketBus(self._drawer.hid_ports) if transport is Transport.HID else SerialBus(self._drawer.cradles)
        super().__init__(bus, "kagiya-fob", SERIAL, form, self._drawer.roots)

    def plug(self) -> None:
        self._drawer.plug(SERIAL)

    def unplug(self) -> None:
        self._drawer.unplug(SERIAL)

    def unix_time(self) -> float:
        return self._clock.unix_time()

    def held(self) -> bytes | None:
        credential = self._drawer.port(SERIAL).fob.parts.flash.record.credential
        return credential.seed if credential else None

    def code(self) -> str:
        return self._drawer.port(SERIAL).fob.display().text

    def close(self) -> None:
        self._drawer.close()


class TestFobOverHid(Battery):
    profile = "kagiya-fob"
    firmware = "1.2.0"
    transport = Transport.HID
    form = FORM

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        subject = FobSubject(folder, self.transport, self.form)
        yield subject
        subject.close()


class TestFobInItsCradle(TestFobOverHid):
    transport = Transport.SERIAL


class TestFobThatCounts(TestFobOverHid):
    form = COUNTING
