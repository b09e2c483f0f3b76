"""How long a write takes beside the maker's own program, on devices that take a real one's time, in the same run."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from ykman.hid import list_otp_devices
from yubikit.core.otp import OtpConnection
from yubikit.yubiotp import SLOT, HmacSha1SlotConfiguration, YubiOtpSession

from devices.profiles import CredentialForm
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.figures import tell
from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import SECRET, TOTP_8_60, opened, write

_NITROKEY_PASSWORD = b"a password of this hour"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Devices that take their time."""
    emulator = Emulator(tmp_path_factory.mktemp("paced"), "--paced")
    yield emulator
    emulator.close()


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    begun_s = time.monotonic()
    act()
    return time.monotonic() - begun_s


def test_a_yubikey_is_not_written_slower_than_by_yubikit(plug: Plug) -> None:
    plug("yubikey-otp")
    slot_2 = replace(TOTP_8_60, slot=2)

    def theirs() -> None:
        (device,) = list_otp_devices()
        with device.open_connection(OtpConnection) as connection:
            session = YubiOtpSession(connection)
            session.get_serial()
            session.put_configuration(SLOT.TWO, HmacSha1SlotConfiguration(SECRET))
            session.calculate_hmac_sha1(SLOT.TWO, (1).to_bytes(8, "big"))

    _compare("yubikey-otp", "yubikit", lambda: _write("yubikey-5", slot_2), theirs)


def test_a_nitrokey_is_not_written_slower_than_by_libnitrokey(plug: Plug) -> None:
    plug("nitrokey-pro")
    library = ctypes.CDLL("libnitrokey.so.3")
    library.NK_get_totp_code.restype = ctypes.c_char_p
    library.NK_get_totp_code.argtypes = [ctypes.c_uint8, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint8]
    library.NK_totp_set_time.argtypes = [ctypes.c_uint64]
    library.NK_set_debug(False)
    password, secret = _NITROKEY_PASSWORD, SECRET.hex().encode()

    def theirs() -> None:
        assert library.NK_login_auto() == 1
        assert library.NK_first_authenticate(b"12345678", password) == 0
        assert library.NK_write_totp_slot(0, b"acme", secret, 60, True, False, False, b"", password) == 0
        assert library.NK_totp_set_time(int(time.time())) == 0
        assert library.NK_get_totp_code(0, 0, 0, 60)
        library.NK_logout()

    _compare("nitrokey-pro", "libnitrokey", lambda: _write("nitrokey-pro", TOTP_8_60), theirs)


def _write(profile: str, form: CredentialForm) -> None:
    """Open, identify, write, prove, as the station does."""
    with opened(profile) as driver:
        write(driver, form)


def _compare(what: str, program: str, ours: Callable[[], None], theirs: Callable[[], None]) -> None:
    """The better of two rounds each, told, and held against each other."""
    ours_s, theirs_s = (min(seconds(act) for _ in range(2)) for act in (ours, theirs))
    tell(f"{what}: written and proved in {ours_s:.2f} s, by {program} in {theirs_s:.2f} s")
    assert ours_s <= theirs_s
