"""`kagiya key access-code`: a locked device can be opened by its maker's own program when the database is lost."""

from __future__ import annotations

import stat
from base64 import b32encode
from pathlib import Path

import pytest
from sqlalchemy import update

from devices.drivers.access_codes import FORMS
from devices.profile_files import load_profiles
from devices.profiles import Ability
from provisioning import migrations
from provisioning.cli.compose import operator_services
from provisioning.cli.group import run
from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import Role
from provisioning.settings import VaultSettings
from provisioning.settings_file import load_settings, load_store_settings
from provisioning.store.access_codes import AccessSecret
from provisioning.store.tables import Fob
from tests.fixtures.people import add_fob
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


def test_a_vault_without_what_they_follow_from_is_told_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a server of an older version has it."""
    settings = write_settings(tmp_path)
    file = tmp_path / "keys" / "vault" / "access.sealed"
    migrations.upgrade(load_store_settings(settings).url)
    file.unlink()
    with pytest.raises(SettingsInvalid) as lacking:
        load_settings(settings, {Role.VERIFIER})
    assert "`kagiya key access-secret`" in str(lacking.value)
    draw = ["--settings", str(settings), "key", "access-secret"]
    assert run(draw) == 0
    assert (capsys.readouterr().out, stat.S_IMODE(file.stat().st_mode)) == (f"{file}\n", 0o600)
    assert load_settings(settings, {Role.VERIFIER})
    drawn = file.read_text()
    assert (run(draw), file.read_text()) == (1, drawn)
    assert "keys are never replaced" in capsys.readouterr().err


def test_none_is_drawn_while_devices_are_locked_under_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = write_settings(tmp_path)
    file = tmp_path / "keys" / "vault" / "access.sealed"
    migrations.upgrade(load_store_settings(settings).url)
    services = operator_services(settings)
    locked = add_fob(services, "12345678")
    with services.store.write() as tx:
        tx.execute(update(Fob).where(Fob.id == locked.id).values(access_code_set=True))
    services.store.close()
    file.unlink()
    draw = ["--settings", str(settings), "key", "access-secret"]
    assert (run(draw), file.exists()) == (1, False)
    assert "1 devices are locked" in capsys.readouterr().err
    assert (run([*draw, "--give-up-locked"]), file.exists()) == (0, True)
