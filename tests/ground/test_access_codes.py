"""`kagiya key access-code`: a locked device can be opened by its maker's own program when the database is lost."""

from __future__ import annotations

import stat
from base64 import b32encode
from pathlib import Path

import pytest

from devices.drivers.access_codes import FORMS
from devices.profile_files import load_profiles
from devices.profiles import Ability
from provisioning.settings import VaultSettings
from provisioning.store.access_codes import AccessSecret
from tests.fixtures.vaults import halves_of
from tests.ground.commands import run_kagiya
from tests.ground.settings_files import write_settings


def code_of(tmp_path: Path, profile: str, serial: str) -> bytes:
    _, opener = halves_of(VaultSettings(tmp_path / "keys" / "vault"))
    return AccessSecret(opener.keys).code(opener, profile, serial)


def ask(tmp_path: Path, profile: str, serial: str) -> tuple[int, str, Path]:
    settings, file = tmp_path / "kagiya.toml", tmp_path / "code"
    if not settings.exists():
        assert write_settings(tmp_path) == settings
    ended = run_kagiya("--settings", str(settings), "key", "access-code", profile, serial, str(file))
    return ended.returncode, ended.stdout + ended.stderr, file


def test_the_code_goes_into_a_file_of_its_owner_and_is_not_shown(tmp_path: Path) -> None:
    status, told, file = ask(tmp_path, "yubikey-5", "12345678")
    code = code_of(tmp_path, "yubikey-5", "12345678")[:6].hex()
    assert (status, told) == (0, f"{file}\n")
    assert file.read_text() == code + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "kagiya.db").exists()
    again, told, _ = ask(tmp_path, "yubikey-5", "12345678")
    assert (again, told) == (1, f"kagiya: {file} exists\n")


@pytest.mark.parametrize("profile", ["kagiya-fob", "no-such-kind"])
def test_a_kind_that_is_not_locked_has_none(tmp_path: Path, profile: str) -> None:
    status, told, file = ask(tmp_path, profile, "KF-000001")
    assert (status, told) == (1, f"kagiya: no kind of device called {profile} is locked with an access code\n")
    assert not file.exists()


def test_every_kind_that_is_locked_can_be_opened_again() -> None:
    locked = {profile.driver.family for profile in load_profiles() if Ability.LOCKS_WITH_CODE in profile.abilities}
    assert locked == set(FORMS)


def test_the_forms_are_those_of_the_makers_programs() -> None:
    code = bytes(range(32))
    told = {family: form(code) for family, form in FORMS.items()}
    assert told["yubikey-otp"] == "000102030405"
    assert told["molto2"] == "000102030405060708090a0b0c0d0e0f"
    assert told["nitrokey-pro"] == b32encode(code).decode()[:20]
