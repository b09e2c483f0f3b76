"""The settings of a station in the guest."""

from __future__ import annotations

from pathlib import Path

from tests.guest.inside.patience import patient_profiles
from tests.rig.drawer import trust


def write_desk_file(folder: Path, rig: Path) -> Path:
    """For a station that trusts the maker of the emulators in `rig`, with longer timeouts; `folder` is its own."""
    patient_profiles(folder / "profiles")
    file = folder / "desk.toml"
    file.write_text(
        '[station]\ndirectory = "desk"\nprofiles_directory = "profiles"\npoll_s = 0.4\n' + trust(rig),
        encoding="utf-8",
    )
    return file
