"""The package for production has everything it needs and nothing of the test rig (R77)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from web import catalogues

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Files in a wheel built from this tree."""
    catalogues.compile_all()
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_nothing_of_the_rig_is_in_it(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"devices", "provisioning", "web", "firmware_profiles"}
    assert not [name for name in names if "rig" in Path(name).parts or "emulat" in name]


@pytest.mark.parametrize(
    "name",
    [
        "provisioning/__main__.py",
        "provisioning/institutions/dual.toml",
        "provisioning/migrations/env.py",
        "firmware_profiles/kagiya-fob.toml",
        "web/translations/portal/en/LC_MESSAGES/messages.mo",
    ],
)
def test_what_it_needs_is_in_it(names: set[str], name: str) -> None:
    assert name in names


def test_pages_and_scripts_are_in_it(names: set[str]) -> None:
    for folder, ending in (("web/templates/", ".html"), ("web/static/css/", ".css"), ("web/static/app/", ".js")):
        here = {str(file.relative_to(ROOT)) for file in (ROOT / folder).rglob(f"*{ending}")}
        assert here
        assert here <= names
