"""The package for production has everything it needs and nothing of the test rig (R77)."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from web import catalogues

ROOT = Path(__file__).parents[2]
FROM_THE_TREE_ALONE = {f"provisioning/cli/{name}.py" for name in ("bench", "demo", "demo_facts")}
"""Commands that need the source tree, and say so where it is not."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this tree, as an installation would unpack it."""
    catalogues.compile_all()
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def names(unpacked: Path) -> set[str]:
    """Files in it."""
    return {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}


def installed(unpacked: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`kagiya` as installed from it: -S leaves this tree out, and the packages that it asks for are there."""
    beside = sysconfig.get_path("purelib")
    program = (
        f"import sys; sys.path[:0] = {[str(unpacked), beside]!r}; from provisioning.__main__ import main; main()"
    )
    command = [sys.executable, "-I", "-S", "-c", program, *arguments]
    return subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False, timeout=60)


def test_nothing_of_the_rig_is_in_it(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"devices", "provisioning", "web", "firmware_profiles"}
    assert not [
        name for name in names if "rig" in Path(name).parts or "emulat" in name or "test" in Path(name).parts
    ]


def test_it_works_and_has_no_demonstration(unpacked: Path, tmp_path: Path) -> None:
    assert installed(unpacked, "profiles", "check").returncode == 0
    data = tmp_path / "data"
    ended = installed(unpacked, "demo", "--port", "0", "--data", str(data))
    assert (ended.returncode, "the test rig is not installed here" in ended.stderr) == (1, True)
    assert not data.exists()
    assert installed(unpacked, "bench", "verify").returncode == 1


def test_nothing_in_it_needs_the_tree_but_what_says_so(unpacked: Path) -> None:
    """Whatever else imports it would fail at a bank, or bring it along."""
    importing = re.compile(r"^\s*(from|import) tests\b", re.MULTILINE)
    sources = {file.relative_to(unpacked): file.read_text(encoding="utf-8") for file in unpacked.rglob("*.py")}
    importers = {str(name) for name, text in sources.items() if importing.search(text)}
    assert importers == FROM_THE_TREE_ALONE


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
