"""An operator enters a company and its users by `kagiya company add` and `kagiya customer add`."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.cli.group import run
from tests.ground.settings_files import write_settings


@pytest.fixture
def settings(tmp_path: Path) -> tuple[str, str]:
    """Of a server whose database is ready."""
    options = ("--settings", str(write_settings(tmp_path)))
    assert run([*options, "db", "upgrade"]) == 0
    return options


def enter_user(settings: tuple[str, str], tmp_path: Path, user_id: str, *of_company: str) -> int:
    """Exit code of `kagiya customer add`."""
    passwords = tmp_path / "passwords"
    passwords.write_text("Master-2026\nKakunin41\n")
    who = ("--institution", "corporate", "--branch", "本店", "--login-id", user_id, "--user-id", user_id)
    return run([*settings, "customer", "add", *who, "--name", "商事", "--passwords", str(passwords), *of_company])


def test_a_company_then_its_master_then_the_others(
    settings: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run([*settings, "company", "add", "--institution", "corporate", "--name", "株式会社見本商事"]) == 0
    company = ("--company", capsys.readouterr().out.strip(), "--role")
    assert enter_user(settings, tmp_path, "MIHON0002", *company, "general") == 1
    assert "the company is without a master" in capsys.readouterr().err
    assert enter_user(settings, tmp_path, "MIHON0001", *company, "master") == 0
    assert enter_user(settings, tmp_path, "MIHON0002", *company, "general") == 0
    assert enter_user(settings, tmp_path, "MIHON0003", *company, "master") == 1
    assert "taken already" in capsys.readouterr().err
    assert enter_user(settings, tmp_path, "MIHON0003") == 1
    assert "company_id is missing" in capsys.readouterr().err


def test_an_institution_without_companies_has_none(
    settings: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*settings, "company", "add", "--institution", "dual", "--name", "株式会社見本商事"]) == 1
    assert "company is not offered by this institution" in capsys.readouterr().err
