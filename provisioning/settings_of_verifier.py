"""Reading `[verifier]`: where the verifier is, and the folder of this process's certificate."""

from __future__ import annotations

from pathlib import Path

from provisioning.rules.strict_table import StrictTable
from provisioning.settings import VerifierSettings


def read_verifier(root: StrictTable, folder: Path) -> VerifierSettings | None:
    """None where the file has no such section. Raises SettingsInvalid."""
    if "verifier" not in root:
        return None
    table = root.table("verifier")
    url = table.text("url", "")
    if url and not url.startswith("https://"):
        table.fail("url", "must be https://HOST:PORT", "The verifier serves nothing else.")
    settings = VerifierSettings(
        url=url.rstrip("/"),
        directory=folder / table.text("certificate_directory"),
        timeout_s=table.number("timeout_s", 0.1, 30, 3.0),
    )
    table.finish()
    return settings
