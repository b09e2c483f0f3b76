"""What the documents say is true: the settings example loads and leaves no key out; links lead somewhere."""

from __future__ import annotations

import re
import secrets
import tomllib
from pathlib import Path
from typing import Any

import pytest

from provisioning.cli.group import COMMANDS
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.strict_table import StrictTable
from provisioning.secret_files import write_secret
from provisioning.settings_file import load_settings, load_station_settings
from tests.ground.settings_files import write_settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


def example() -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", OPERATIONS, re.DOTALL)
    return str(block).replace('"04…"', f'"04{"5a" * 64}"').replace('"5a…"', f'"{"5a" * 32}"')


def test_the_example_can_be_used(tmp_path: Path) -> None:
    file = write_settings(tmp_path, example())
    write_secret(tmp_path / "keys" / "database-password", secrets.token_hex(16))
    write_secret(tmp_path / "keys" / "audit-2025-1.key", secrets.token_hex(32))
    write_secret(tmp_path / "keys" / "hsm-pin", secrets.token_hex(8))
    settings = load_settings(file, ALL_ROLES)
    assert settings.station == load_station_settings(file)
    assert settings.station.cradles
    assert settings.server.tls_certificate == tmp_path / "tls" / "chain.pem"


def test_the_example_leaves_no_key_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    find = StrictTable._value

    def noting(table: StrictTable, key: str, *more: Any) -> Any:
        asked.add(f"{table.prefix}{key}")
        return find(table, key, *more)

    monkeypatch.setattr(StrictTable, "_value", noting)
    file = write_settings(tmp_path, example())
    write_secret(tmp_path / "keys" / "database-password", secrets.token_hex(16))
    write_secret(tmp_path / "keys" / "audit-2025-1.key", secrets.token_hex(32))
    write_secret(tmp_path / "keys" / "hsm-pin", secrets.token_hex(8))
    load_settings(file, ALL_ROLES)
    written = {key for key in asked if "." in key}
    assert len(written) > 30
    for key in written:
        section, _, name = re.sub(r"\[\d+\]", "", key).rpartition(".")
        values = tomllib.loads(example())
        for part in section.split("."):
            values = values[part][0] if isinstance(values[part], list) else values[part]
        assert name in values, key


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_commands_named_exist() -> None:
    named = set(re.findall(r"(?:^|`)kagiya (?:--\w+ )?([a-z][a-z-]+)", OPERATIONS, re.MULTILINE))
    assert {"key", "serve", "station", "doctor"} <= named <= set(COMMANDS)
