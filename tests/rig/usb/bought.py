"""The devices that one can buy, each model of them, as devices that can be plugged in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.flipper_totp.usb import usb_plan as flipper_totp_plan
from tests.rig.molto2.device import FIRST, SECOND, Hardware, Molto2
from tests.rig.molto2.usb import usb_plan as molto2_plan
from tests.rig.nitrokey_pro.device import EmulatedNitrokey
from tests.rig.nitrokey_pro.device import Model as StickModel
from tests.rig.nitrokey_pro.usb import usb_plan as nitrokey_pro_plan
from tests.rig.onlykey.device import EmulatedOnlyKey
from tests.rig.onlykey.device import Model as OnlyKeyModel
from tests.rig.onlykey.usb import usb_plan as onlykey_plan
from tests.rig.usb.emulated import Emulated, Make
from tests.rig.usb.plan import CardGadget
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, YUBIKEY_4, YUBIKEY_5_WITHOUT_KEYBOARD
from tests.rig.ykoath.usb import usb_plan as ykoath_plan
from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.rig.yubikey_otp.usb import Applications
from tests.rig.yubikey_otp.usb import usb_plan as yubikey_otp_plan


def molto2(folder: Path, serial: str, hardware: Hardware = SECOND) -> Emulated:
    """A Molto-2 whose up-arrow key is pressed whenever it asks; its display shows the first seed there is."""
    del folder
    token = Molto2(serial, hardware, time.time)
    token.presses_at_once = True
    return Emulated(
        molto2_plan(token),
        token.press_up,
        lambda: next(filter(None, map(token.shows, range(hardware.slots))), ""),
        lambda: [slot.seed for slot in token.memory.slots],
    )


def nitrokey_pro(folder: Path, serial: str, model: StickModel = StickModel.PRO) -> Emulated:
    """A stick, which has no button; its display is a companion program's. `serial` is hexadecimal."""
    del folder
    firmware = (0, 54) if model is StickModel.STORAGE else (0, 15)
    key = EmulatedNitrokey(int(serial, 16), firmware, model)
    return Emulated(
        nitrokey_pro_plan(key),
        display=lambda: key.companion_code(0x20, time.time()),
        held=lambda: list(key.stick.memory.slots.values()),
        take_time=key.take_time,
        worked_s=key.worked_s,
    )


def flipper_totp(folder: Path, serial: str) -> Emulated:
    """A Flipper Zero with its application open; `serial` is `FLIP_` and its name. The hand enters its PIN."""
    del folder
    flipper = EmulatedFlipper(time.time, name=serial[len("FLIP_") :].capitalize())
    return Emulated(
        flipper_totp_plan(flipper),
        flipper.enter_pin,
        lambda: flipper.display("KAGIYA kagiya-1"),
        lambda: list(flipper.tokens),
        worked_s=lambda: flipper.work.total_s,
    )


def onlykey(folder: Path, serial: str, model: OnlyKeyModel = OnlyKeyModel.COLOR) -> Emulated:
    """An OnlyKey, which tells no serial number; its PIN is entered at once. The display is what slot 1 types."""
    del folder, serial
    key = EmulatedOnlyKey(time.time, model=model)
    key.pin_at_once = True
    return Emulated(
        onlykey_plan(key),
        key.enter_pin,
        lambda: key.press(1),
        lambda: [slot.seed for slot in key.slots.values()],
        key.take_time,
        key.worked_s,
    )


def onlykey_locked(folder: Path, serial: str) -> Emulated:
    """An OnlyKey whose PIN nobody has entered yet."""
    del folder, serial
    key = EmulatedOnlyKey(time.time)
    return Emulated(onlykey_plan(key), key.enter_pin)


def ykoath(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 that shows no keyboard. `serial` is decimal."""
    del folder
    return _oath_key(OathKey(YUBIKEY_5_WITHOUT_KEYBOARD, int(serial).to_bytes(4)))


def nitrokey_3(folder: Path, serial: str) -> Emulated:
    """A Nitrokey 3, which is touched before it takes a write. `serial` is hexadecimal."""
    del folder
    return _oath_key(OathKey(NITROKEY_3, bytes.fromhex(serial)))


def canokey(folder: Path, serial: str) -> Emulated:
    """A CanoKey. `serial` is hexadecimal."""
    del folder
    return _oath_key(OathKey(CANOKEY, bytes.fromhex(serial)))


def yubikey_otp(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 with its keyboard alone."""
    del folder
    return _yubikey(EmulatedYubiKey(int(serial)), Applications.OTP)


def yubikey_5(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 that shows its FIDO interface too: the keyboard is the one to open.

    With its card reader it would be two devices to a station, for the card holds codes of its own.
    """
    del folder
    return _yubikey(EmulatedYubiKey(int(serial)), Applications.OTP_FIDO)


def yubikey_4(folder: Path, serial: str) -> Emulated:
    """A YubiKey 4 with all its interfaces: two devices to a station. The display is the keyboard's."""
    del folder
    card = OathKey(YUBIKEY_4, int(serial).to_bytes(4))
    return _yubikey(EmulatedYubiKey(int(serial), YUBIKEY_4.version), Applications.ALL, card)


def yubikey_neo(folder: Path, serial: str) -> Emulated:
    """A YubiKey NEO with its keyboard alone, as it was sold first."""
    del folder
    return _yubikey(EmulatedYubiKey(int(serial), (3, 4, 9)), Applications.OTP)


def yubikey_2(folder: Path, serial: str) -> Emulated:
    """A YubiKey 2, which has nothing but its keyboard."""
    del folder
    return _yubikey(EmulatedYubiKey(int(serial), (2, 4, 3)), Applications.OTP)


BOUGHT: Final[Mapping[str, Make]] = {
    "canokey": canokey,
    "flipper-totp": flipper_totp,
    "librem-key": partial(nitrokey_pro, model=StickModel.LIBREM_KEY),
    "molto2": molto2,
    "molto2-v1": partial(molto2, hardware=FIRST),
    "nitrokey-3": nitrokey_3,
    "nitrokey-pro": nitrokey_pro,
    "nitrokey-storage": partial(nitrokey_pro, model=StickModel.STORAGE),
    "onlykey": onlykey,
    "onlykey-duo": partial(onlykey, model=OnlyKeyModel.DUO),
    "onlykey-locked": onlykey_locked,
    "ykoath": ykoath,
    "yubikey-2": yubikey_2,
    "yubikey-4": yubikey_4,
    "yubikey-5": yubikey_5,
    "yubikey-neo": yubikey_neo,
    "yubikey-otp": yubikey_otp,
}


def _oath_key(key: OathKey) -> Emulated:
    """Its display is a companion program's."""
    return Emulated(
        ykoath_plan(key),
        key.hand.touch,
        lambda: key.companion_code("kagiya-1", time.time()),
        lambda: [record.secret for record in list(key.memory.records.values())],
    )


def _yubikey(key: EmulatedYubiKey, applications: Applications, card: CardGadget | None = None) -> Emulated:
    """The display is what a companion program shows of slot 1, or what a touch types."""

    def display() -> str:
        return key.companion_code(1, time.time()) or key.touch().strip()

    plan = yubikey_otp_plan(key, applications, card)
    return Emulated(
        plan,
        lambda: _ignore(key.touch()),
        display,
        lambda: [key.held(slot) for slot in (1, 2)],
        key.take_time,
        key.worked_s,
    )


def _ignore(_value: object) -> None:
    """What a hand does has no answer."""
