"""The tables `[app]` and `[download]` of a profile."""

from __future__ import annotations

from provisioning.rules.app_profile import AppProfile, DisplayName
from provisioning.rules.strict_table import StrictTable


def read_app(app: StrictTable, download: StrictTable) -> AppProfile:
    """Raises SettingsInvalid."""
    profile = AppProfile(
        consent=app.flag("consent", default=False),
        display_name=app.choice("display_name", DisplayName, DisplayName.ADDED),
        feature_phone=download.flag("feature_phone", default=False),
    )
    app.finish()
    download.finish()
    return profile
