"""The tables `[app]` and `[download]` of a profile."""

from __future__ import annotations

from typing import Final

from provisioning.rules.app_profile import AppProfile, DisplayName
from provisioning.rules.strict_table import StrictTable

_MEND: Final = 'Add "soft" to kinds and let otp.type be "totp", or leave the table out.'


def read_app(root: StrictTable, *, offers_soft: bool) -> AppProfile:
    """Raises SettingsInvalid, also where the institution issues no soft tokens but says something about them."""
    for table, key in ((root, "app"), (root, "download"), (root.table("mail"), "token_issued")):
        if key in table and not offers_soft:
            table.fail(key, "is about soft tokens, which this institution does not issue", _MEND)
    app, download = root.table("app"), root.table("download")
    profile = AppProfile(
        consent=app.flag("consent", default=False),
        display_name=app.choice("display_name", DisplayName, DisplayName.ADDED),
        feature_phone=download.flag("feature_phone", default=False),
    )
    app.finish()
    download.finish()
    return profile
