"""Nitrokey's own library, as Debian has it, with the emulated Nitrokey Pro over hidraw and libusb."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from devices.profiles import OtpType
from tests.guest.inside.programs.conftest import Plug
from tests.guest.inside.programs.ours import SECRET, TITLE, TOTP_8_60, opened, read_theirs, write
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "nitrokey-pro"
PROFILE = "nitrokey-pro"
ADMIN = b"12345678"
PASSWORD = b"a password of this hour"
WRONG_PASSWORD = 4
HOTP = replace(TOTP_8_60, otp_type=OtpType.HOTP, period_s=0)


@pytest.fixture(scope="module")
def library() -> Any:
    """Version 3."""
    library = ctypes.CDLL("libnitrokey.so.3")
    for name in ("NK_get_library_version", "NK_device_serial_number", "NK_get_totp_slot_name"):
        getattr(library, name).restype = ctypes.c_char_p
    for name in ("NK_get_totp_code", "NK_get_hotp_code"):
        getattr(library, name).restype = ctypes.c_char_p
    library.NK_get_totp_code.argtypes = [ctypes.c_uint8, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint8]
    library.NK_write_hotp_slot.argtypes = [
        ctypes.c_uint8, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_bool, ctypes.c_bool,
        ctypes.c_bool, ctypes.c_char_p, ctypes.c_char_p,
    ]  # fmt: skip
    library.NK_write_totp_slot.argtypes = [
        ctypes.c_uint8, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_bool, ctypes.c_bool,
        ctypes.c_bool, ctypes.c_char_p, ctypes.c_char_p,
    ]  # fmt: skip
    library.NK_totp_set_time.argtypes = [ctypes.c_uint64]
    library.NK_set_debug(False)
    return library


@pytest.fixture
def logged_in(plug: Plug, library: Any) -> Iterator[Any]:
    stick = plug(FAMILY)
    assert library.NK_login_auto() == 1
    assert library.NK_device_serial_number().decode().lstrip("0").lower() == stick.serial
    yield library
    library.NK_logout()


@shows(FAMILY, Program.LIBNITROKEY, "login", "TOTP", "set time", "code", "our driver reads what it wrote")
def test_what_it_wrote_our_driver_reads(logged_in: Any) -> None:
    assert logged_in.NK_get_library_version().startswith(b"v3.7")
    assert logged_in.NK_first_authenticate(ADMIN, PASSWORD) == 0
    assert (
        logged_in.NK_write_totp_slot(0, b"acme", SECRET.hex().encode(), 60, True, False, False, b"", PASSWORD) == 0
    )
    for unix_time in (59, 1111111109, 2000000000):
        assert logged_in.NK_totp_set_time(unix_time) == 0
        assert logged_in.NK_get_totp_code(0, 0, 0, 60).decode() == oath.totp(SECRET, unix_time)
    now = int(time.time())
    assert logged_in.NK_totp_set_time(now) == 0
    logged_in.NK_logout()
    with opened(PROFILE) as driver:
        driver.set_clock(now := int(time.time()))
        assert read_theirs(driver, TOTP_8_60) in {oath.totp(SECRET, at) for at in (now, int(time.time()))}


@shows(FAMILY, Program.LIBNITROKEY, "it reads what our driver wrote")
def test_what_our_driver_wrote_it_reads(plug: Plug, library: Any) -> None:
    plug(FAMILY)
    with opened(PROFILE) as driver:
        write(driver)
        write(driver, HOTP)
    assert library.NK_login_auto() == 1
    assert library.NK_get_totp_slot_name(0) == TITLE.encode()
    assert library.NK_totp_set_time(1111111109) == 0
    assert library.NK_get_totp_code(0, 0, 0, 60).decode() == oath.totp(SECRET, 1111111109)
    # the driver's own proof took the first code
    assert library.NK_get_hotp_code(0).decode() == oath.hotp(SECRET, 1)
    library.NK_logout()


@shows(FAMILY, Program.LIBNITROKEY, "HOTP", "erase")
def test_hotp_counts_and_an_erased_slot_is_empty(logged_in: Any) -> None:
    assert logged_in.NK_first_authenticate(ADMIN, PASSWORD) == 0
    secret = SECRET.hex().encode()
    assert logged_in.NK_write_hotp_slot(0, b"acme", secret, 5, True, False, False, b"", PASSWORD) == 0
    told = [logged_in.NK_get_hotp_code(0).decode() for _ in range(2)]
    assert told == [oath.hotp(SECRET, counter) for counter in (5, 6)]
    assert logged_in.NK_erase_hotp_slot(0, PASSWORD) == 0
    assert logged_in.NK_get_hotp_code(0) == b""
    assert logged_in.NK_get_last_command_status() == 3


@shows(FAMILY, Program.LIBNITROKEY, "wrong PIN counters")
def test_a_wrong_pin_costs_a_try(logged_in: Any) -> None:
    tries = logged_in.NK_get_admin_retry_count()
    assert logged_in.NK_first_authenticate(b"87654321", PASSWORD) == WRONG_PASSWORD
    assert logged_in.NK_get_admin_retry_count() == tries - 1
    assert logged_in.NK_first_authenticate(ADMIN, PASSWORD) == 0
    assert logged_in.NK_get_admin_retry_count() == tries
