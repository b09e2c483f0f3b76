"""How long a write takes beside the maker's own program, on devices that take their time, in the same run."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
import ykman.hid
from yubikit.core.otp import OtpConnection
from yubikit.yubiotp import SLOT, HmacSha1SlotConfiguration, YubiOtpSession

from devices.profiles import CredentialForm
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.figures import tell
from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import SECRET, TOTP_8_60, opened, write

_ROUNDS: Final = 5


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Devices that take as long as real ones."""
    emulator = Emulator(tmp_path_factory.mktemp("paced"), "--paced")
    yield emulator
    emulator.close()


def test_a_yubikey_is_written_no_slower_than_by_yubikit(plug: Plug) -> None:
    plug("yubikey-otp")
    ours_s = _ours_s("yubikey-5", replace(TOTP_8_60, slot=2))
    hid: Any = ykman.hid
    (device,) = hid.list_otp_devices()
    with device.open_connection(OtpConnection) as connection:
        session = YubiOtpSession(connection)

        def theirs() -> None:
            session.put_configuration(SLOT.TWO, HmacSha1SlotConfiguration(SECRET))
            session.calculate_hmac_sha1(SLOT.TWO, (1).to_bytes(8, "big"))

        _compare("yubikey-otp", ours_s, "yubikit", _seconds(theirs))


def test_a_nitrokey_is_written_no_slower_than_by_libnitrokey(plug: Plug) -> None:
    plug("nitrokey-pro")
    ours_s = _ours_s("nitrokey-pro", TOTP_8_60)
    library = ctypes.CDLL("libnitrokey.so.3")
    library.NK_get_totp_code.restype = ctypes.c_char_p
    library.NK_get_totp_code.argtypes = [ctypes.c_uint8, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint8]
    library.NK_totp_set_time.argtypes = [ctypes.c_uint64]
    library.NK_set_debug(False)
    assert library.NK_login_auto() == 1
    password, secret = b"a password of this hour", SECRET.hex().encode()

    def theirs() -> None:
        assert library.NK_first_authenticate(b"12345678", password) == 0
        assert library.NK_write_totp_slot(0, b"acme", secret, 60, True, False, False, b"", password) == 0
        assert library.NK_totp_set_time(int(time.time())) == 0
        assert library.NK_get_totp_code(0, 0, 0, 60)

    _compare("nitrokey-pro", ours_s, "libnitrokey", _seconds(theirs))
    library.NK_logout()


def _ours_s(profile: str, form: CredentialForm) -> float:
    """Our driver's time, of a device that is open and identified."""
    with opened(profile) as driver:
        return _seconds(lambda: write(driver, form))


def _seconds(act: Callable[[], object]) -> float:
    """The best of some rounds."""
    taken = []
    for _ in range(_ROUNDS):
        begun_s = time.monotonic()
        act()
        taken.append(time.monotonic() - begun_s)
    return min(taken)


def _compare(what: str, ours_s: float, program: str, theirs_s: float) -> None:
    tell(f"{what}: written and proved in {ours_s:.2f} s; by {program} in {theirs_s:.2f} s")
    assert ours_s <= theirs_s
