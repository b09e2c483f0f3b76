"""The same job by the makers' programs: find the device, open it, write, and prove it. Each says how long it took.

Each is run in a process of its own that has loaded everything before (tests/guest/inside/programs/preloaded.py).
"""

from __future__ import annotations

import ctypes
import sys
import time
from base64 import b32encode
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

_SECRET: Final = b"12345678901234567890"
_WITHIN_S: Final = 60.0


def yubikey() -> None:
    """Challenge-response into slot 2, and one response, by yubikit."""
    listed: Any = import_module("ykman.hid")
    otp, connection = import_module("yubikit.yubiotp"), import_module("yubikit.core.otp").OtpConnection

    def write() -> None:
        (device,) = listed.list_otp_devices()
        with device.open_connection(connection) as opened:
            session = otp.YubiOtpSession(opened)
            session.put_configuration(otp.SLOT.TWO, otp.HmacSha1SlotConfiguration(_SECRET))
            session.calculate_hmac_sha1(otp.SLOT.TWO, (1).to_bytes(8, "big"))

    _tell(write)


def oath() -> None:
    """An account of eight digits and 60 s and its code by `ykman oath`, over the smart-card service."""
    program, cards = import_module("ykman._cli.__main__").main, import_module("ykman.pcsc")
    until_s = time.monotonic() + _WITHIN_S
    while not cards.list_devices():
        assert time.monotonic() < until_s, "the smart-card service knows no reader"

    def write() -> None:
        _run(
            program,
            "oath",
            "accounts",
            "add",
            "-f",
            "-d",
            "8",
            "-P",
            "60",
            "kagiya-1",
            b32encode(_SECRET).decode(),
        )
        _run(program, "oath", "accounts", "code", "kagiya-1")

    _tell(write)


def nitrokey() -> None:
    """A TOTP slot, the clock and a code by libnitrokey."""
    library = ctypes.CDLL("libnitrokey.so.3")
    library.NK_get_totp_code.restype = ctypes.c_char_p
    library.NK_get_totp_code.argtypes = [ctypes.c_uint8, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint8]
    library.NK_totp_set_time.argtypes = [ctypes.c_uint64]
    library.NK_set_debug(False)
    password, secret = b"a password of this hour", _SECRET.hex().encode()

    def write() -> None:
        assert library.NK_login_auto() == 1
        assert library.NK_first_authenticate(b"12345678", password) == 0
        assert library.NK_write_totp_slot(0, b"acme", secret, 60, True, False, False, b"", password) == 0
        assert library.NK_totp_set_time(int(time.time())) == 0
        assert library.NK_get_totp_code(0, 0, 0, 60)
        library.NK_logout()

    _tell(write)


def onlykey() -> None:
    """Clock, label and seed, and the labels read back, as `onlykey-cli` does it."""
    client: Any = import_module("onlykey.client")
    field = client.MessageField

    def write() -> None:
        key = client.OnlyKey()
        key.set_time(time.time())
        assert "UNLOCKED" in key.read_string()
        key.setslot(1, field.LABEL, "ACME")
        key.setslot(1, field.TOTPKEY, list(_SECRET))
        assert "ACME" in {slot.label for slot in key.getlabels()}
        key.close()

    _tell(write)


def _run(program: Callable[[], None], *words: str) -> None:
    sys.argv = ["ykman", *words]
    try:
        program()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"{words} ended with {end.code}") from None


def _tell(write: Callable[[], None]) -> None:
    begun_s = time.monotonic()
    write()
    sys.stdout.write(f"\n{time.monotonic() - begun_s}\n")
    sys.stdout.flush()
