"""Reading `[vault]` of the settings file: where the key-encryption keys are, and if this process can use them."""

from __future__ import annotations

from pathlib import Path

from provisioning.rules.strict_table import StrictTable
from provisioning.secret_files import read_secret
from provisioning.settings import HsmSettings, VaultSettings
from provisioning.store.access_codes import AccessSecret
from provisioning.store.key_folder import POINT_BYTES, KeyFolder


def read_vault(table: StrictTable, folder: Path, *, opens: bool) -> VaultSettings:
    """Paths are relative to `folder`; `opens`: the process is to open seeds. Raises SettingsInvalid."""
    defaults = VaultSettings(folder / table.text("directory"))
    hsm = _read_hsm(table.table("hsm"), folder) if "hsm" in table else None
    settings = VaultSettings(
        directory=defaults.directory,
        hsm=hsm if opens else None,
        data_keys=table.integer("data_keys", 1, 10_000_000, defaults.data_keys),
        data_key_life_s=table.number("data_key_life_s", 1, 86_400, defaults.data_key_life_s),
    )
    table.finish()
    _look_at_key_in_force(table, settings, opens=opens)
    return settings


def _read_hsm(table: StrictTable, folder: Path) -> HsmSettings:
    settings = HsmSettings(
        module=folder / table.text("module"),
        token=table.text("token"),
        pin_file=folder / table.text("pin_file"),
        timeout_s=table.number("timeout_s", 0.05, 60, 2.0),
        software=table.flag("software", default=False),
    )
    table.finish()
    return settings


def _look_at_key_in_force(table: StrictTable, settings: VaultSettings, *, opens: bool) -> None:
    keys = KeyFolder(settings.directory, table.file)
    kek_id = keys.current()
    in_token = len(keys.public(kek_id)) == POINT_BYTES
    if not opens:
        return
    if settings.hsm is not None:  # whether it may be used; its content is read at each login
        read_secret(table.file, "vault.hsm.pin_file", settings.hsm.pin_file)
    AccessSecret(keys).sealed()
    if not in_token:
        keys.private(kek_id)
    elif settings.hsm is None:
        table.fail("hsm", f"is missing, and the key {kek_id} is inside a token")
