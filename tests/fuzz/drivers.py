"""Every driver at work on its emulated device, one of whose answers is not what it should be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from devices.apdu import Response, fields
from devices.ccid_messages import message_bytes, parse, parse_descriptor
from devices.contract import WriteReceipt, dump
from devices.driver import AccessCode, ProvesGenuine, ReadsCode, SetsClock, SlotProgram, Surroundings, TokenDriver
from devices.drivers import DRIVERS
from devices.errors import DeviceError
from devices.framing import FrameReader, ReportReader, to_frame, to_reports
from devices.links import AnyLink
from devices.profiles import Algorithm, CredentialForm, FirmwareProfile, OtpType
from tests.devices.patience import shipped
from tests.devices.subject import TITLE, check_failure, seed
from tests.fuzz.tampering import (
    Alter,
    CardLink,
    ConsoleBytes,
    FeatureReports,
    FobBytes,
    FobReports,
    Reports,
    Tampering,
    VirtualTime,
    virtual_time,
)
from tests.rig.at_work import AtWork
from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.flipper_totp.usb import usb_plan as flipper_plan
from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Manufacturer
from tests.rig.molto2.device import SECOND, Molto2
from tests.rig.molto2.usb import usb_plan as molto2_plan
from tests.rig.nitrokey_pro.checksum import checksum
from tests.rig.nitrokey_pro.device import EmulatedNitrokey
from tests.rig.onlykey.device import EmulatedOnlyKey
from tests.rig.usb.plan import CcidInterface, UsbPlan
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, YUBIKEY_5
from tests.rig.ykoath.usb import usb_plan as oath_plan
from tests.rig.yubikey_otp.device import EmulatedYubiKey

Run = Callable[[bytes], None]
Open = Callable[[bytes, Tampering, VirtualTime], tuple[AnyLink, str, CredentialForm, dict[str, bytes]]]
NOW: Final = 1_795_200_007.0
SECRET: Final = seed(1)
_ACCESS: Final = AccessCode(seed(2, 32), in_force=False, may_use_last_try=True)
_TOTP: Final = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
_TOTP_6: Final = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 6, 30, 20)
_SECOND_SLOT: Final = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20, slot=2)
_HOTP: Final = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=7)


def reports(_folder: Path) -> Run:
    """HID reports as they come; what is put together is a message that could be sent."""

    def run(data: bytes) -> None:
        reader = ReportReader()
        for at in range(0, len(data), 64):
            message = _or_none(reader.feed, data[at : at + 64].ljust(64, b"\0"))
            if message is not None:
                again = ReportReader()
                assert [again.feed(report) for report in to_reports(message)][-1] == message

    return run


def frames(_folder: Path) -> Run:
    """Serial bytes as they come, in pieces of any size."""

    def run(data: bytes) -> None:
        reader, size = FrameReader(), data[0] + 1 if data else 1
        for at in range(1, len(data), size):
            for message in _or_none(reader.feed, data[at : at + size]) or []:
                assert FrameReader().feed(to_frame(message)) == [message]

    return run


def card_messages(_folder: Path) -> Run:
    """What a reader and its card send, by itself."""

    def run(data: bytes) -> None:
        _or_none(parse, data)
        if len(data) >= 10:
            message_bytes(data)
        _or_none(parse_descriptor, data)
        response = _or_none(lambda raw: Response.parse(raw, "any"), data)
        if response is not None:
            _or_none(lambda raw: fields(raw, "any"), response.data)

    return run


def kagiya_fob(folder: Path) -> Run:
    """Over HID and in a cradle, below the frames, and inside the session."""
    maker = Manufacturer.in_directory(folder)
    case = maker.make_case("KF-000001", "KF-1", (1, 2, 0))

    def opened(choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        shutil.rmtree(folder / "fob", ignore_errors=True)
        fob: Any = EmulatedFob(folder / "fob", case, lambda: NOW)
        place = choice[0] % 4
        if place == 0:
            fob._operate = _altered_answer(fob._operate, alter)
        answer = _altered_answer(fob.answer, alter) if place == 1 else fob.answer
        outer: Alter = alter if place > 1 else bytes
        link = FobBytes(answer, outer) if choice[0] & 4 else FobReports(answer, outer)
        return link, "kagiya-fob", _TOTP, {"kagiya-fob-maker": maker.root_public}

    return _driver(opened)


def molto2(_folder: Path) -> Run:
    """The token's messages and its card's answers."""

    def opened(choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        token: Any = Molto2("826658719844499", SECOND, lambda: NOW)
        token.presses_at_once = True
        return _card(molto2_plan(token), token, choice, alter), "molto2-v2", _TOTP, {}

    return _driver(opened)


def ykoath(_folder: Path) -> Run:
    """Three makers' keys."""
    models = ((YUBIKEY_5, "yubikey-5-oath"), (CANOKEY, "canokey"), (NITROKEY_3, "nitrokey-3"))

    def opened(choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        model, profile = models[choice[0] // 2 % 3]
        key: Any = OathKey(model, bytes.fromhex("00BC614E"))
        key.hand.at_once = True
        form = _HOTP if choice[0] // 6 % 2 else _TOTP
        return _card(oath_plan(key), key, choice, alter), profile, form, {}

    return _driver(opened)


def nitrokey_pro(_folder: Path) -> Run:
    """Its reports, with or without a checksum that fits."""

    def opened(choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        key: Any = EmulatedNitrokey(world=lambda: NOW)
        outer: Alter = alter
        if choice[0] % 2:
            real, outer = key.get_feature, bytes
            key.get_feature = lambda: _mended(alter(real()))
        form = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 32, slot=3, counter=77)
        return FeatureReports(key, outer), "nitrokey-pro", form if choice[0] & 2 else _TOTP, {}

    return _driver(opened)


def yubikey_otp(_folder: Path) -> Run:
    """Its reports of eight bytes."""

    def opened(choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        key = EmulatedYubiKey()
        form = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=4096)
        return FeatureReports(key, alter), "yubikey-5", form if choice[0] & 1 else _SECOND_SLOT, {}

    return _driver(opened)


def onlykey(_folder: Path) -> Run:
    """Its reports and sentences."""

    def opened(_choice: bytes, alter: Tampering, _virtual: VirtualTime) -> Any:
        key = EmulatedOnlyKey(lambda: NOW)
        key.enter_pin()
        return Reports(key, alter), "onlykey", _TOTP_6, {}

    return _driver(opened)


def flipper_totp(_folder: Path) -> Run:
    """Its console."""

    def opened(_choice: bytes, alter: Tampering, virtual: VirtualTime) -> Any:
        flipper = EmulatedFlipper(lambda: NOW)
        flipper.work = AtWork(virtual.monotonic)
        console: Any = flipper_plan(flipper).interfaces[0]
        return ConsoleBytes(console.gadget, alter, virtual), "flipper-totp", _TOTP, {}

    return _driver(opened)


def _driver(opened: Open) -> Run:
    """The first byte says what is done with the device, the second how it is built, the rest how it answers."""

    def run(data: bytes) -> None:
        what, choice = data[:1] or b"\0", data[1:2] or b"\0"
        with virtual_time() as virtual:
            link, name, form, roots = opened(choice, Tampering(data[2:]), virtual)
            around = Surroundings(_profile(name), lambda: NOW, roots, access=_access(name))
            driver = DRIVERS[_profile(name).driver.family](link, around)
            try:
                _work(driver, what[0], form, around)
            except DeviceError as error:
                check_failure(error, SECRET)
            finally:
                driver.close()

    return run


def _work(driver: TokenDriver, what: int, form: CredentialForm, around: Surroundings) -> None:
    identity = driver.identify()
    assert len(identity.model) <= 100
    if isinstance(driver, ProvesGenuine) and what & 4:
        driver.prove_genuine()
    if what % 4 == 3:
        _told(driver.erase(form.slot))
        return
    title = TITLE[: around.profile.limits.title_bytes]
    if what % 4:
        _told(driver.program(SlotProgram(form, SECRET, title)))
    if isinstance(driver, ReadsCode) and what & 8:
        assert len(driver.read_code(form.slot)) in (6, 8)
    if isinstance(driver, SetsClock) and what & 16:
        driver.set_clock(round(NOW))


def _told(receipt: WriteReceipt) -> None:
    assert SECRET not in dump(receipt)


def _or_none(call: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return call(data)
    except DeviceError:
        return None


def _altered_answer(answer: Callable[..., bytes], alter: Alter) -> Callable[..., bytes]:
    return lambda *arguments: alter(answer(*arguments))


def _card(plan: UsbPlan, card: Any, choice: bytes, alter: Tampering) -> CardLink:
    (interface,) = (part for part in plan.interfaces if isinstance(part, CcidInterface))
    if choice[0] % 2:
        card.exchange = _altered_answer(card.exchange, alter)
        return CardLink(interface, bytes)
    return CardLink(interface, alter)


def _mended(report: bytes) -> bytes:
    body = report.ljust(60, b"\0")[:60]
    return body + checksum(b"\0" + body[1:]).to_bytes(4, "little")


def _access(name: str) -> AccessCode | None:
    return _ACCESS if "locks_with_code" in _profile(name).abilities else None


def _profile(name: str) -> FirmwareProfile:
    return next(profile for profile in shipped() if profile.name == name)
