"""Fails if a locked package has a known vulnerability, and also if nobody can be asked.

The advisories are those of OSV. A service that cannot be reached, or that tells nothing of a package that is known
to be vulnerable, has not been asked: that is exit code 2, never a pass. `--osv-url URL` asks a mirror of it.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

LOCKS: Final = sorted(Path(".ci/locks").glob("*.txt"))
PIP_AUDIT: Final = ".venv/supply/bin/pip-audit"
KNOWN_VULNERABLE: Final = "jinja2==2.4.1"
"""Advisories since 2014. Whoever is silent about it is no such service."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every finding and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locks", nargs="*", type=Path, default=LOCKS)
    parser.add_argument("--osv-url", default=None)
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        known = Path(folder) / "known.txt"
        known.write_text(f"{KNOWN_VULNERABLE}\n", encoding="ascii")
        told = _ask([known], asked.osv_url, Path(folder))
        if not told or not _vulnerable(told):
            return _say("no service tells of vulnerabilities here: nothing is known about any package", 2)
        told = _ask(asked.locks, asked.osv_url, Path(folder))
    if told is None or any("skip_reason" in package for package in told):
        return _say("the service did not answer about every package: nothing is known about those", 2)
    found = _vulnerable(told)
    for line in found:
        _say(line, 1)
    return _say(f"{len(told)} packages, {len(found)} known vulnerabilities", 1 if found else 0)


def _ask(files: Sequence[Path], url: str | None, folder: Path) -> list[dict[str, Any]] | None:
    """What is told of each package; None if no report came."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [PIP_AUDIT, "--strict", "--disable-pip", "--no-deps", "--vulnerability-service", "osv"]
    command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
    command += [] if url is None else ["--osv-url", url]
    for file in files:
        command += ["--requirement", str(file)]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603
    if not report.exists():
        return None
    packages: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    return packages


def _vulnerable(packages: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {', '.join(sorted([one['id'], *one['aliases']]))}"
        for package in packages
        for one in package.get("vulns", [])
    ]


def _say(line: str, code: int) -> int:
    (sys.stderr if code else sys.stdout).write(f"{line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
