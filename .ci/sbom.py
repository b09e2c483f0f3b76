"""Writes the bill of materials (CycloneDX): every package that the product runs on, with version, hashes, licence
and what asks for it. The same locks make the same file, byte for byte. Needs the packages of the lock `supply`.

Usage: .venv/supply/bin/python .ci/sbom.py FILE
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

LOCK: Final = Path(".ci/locks/run.txt")
LICENCES: Final = Path("docs/licences.md")
OURSELVES: Final = "kagiya"
ASKED_BY: Final = re.compile(r"^([\w.-]+)==[^\n]*\n((?:    [^\n]*\n?)*)", re.MULTILINE)
MAKER: Final = Path(sys.executable).with_name("cyclonedx-py")
OPTIONS: Final = ["--pyproject", "pyproject.toml", "--output-reproducible", "--no-validate"]
FORM: Final = ["--spec-version", "1.6", "--output-format", "JSON"]


def main(file: Path) -> int:
    """Make, complete, validate and write it; the exit code."""
    bill = _of_the_lock()
    refs = {part["name"]: part["bom-ref"] for part in bill["components"]}
    licences = dict(re.findall(r"^\| (\S+) \| (.+?) \|", LICENCES.read_text(encoding="utf-8"), re.MULTILINE))
    for part in bill["components"]:
        part["licenses"] = [_licence(licences[part["name"]])]
        del part["description"]  # the lock's own line, hashes and all
    root = bill["metadata"]["component"]["bom-ref"]
    bill["dependencies"] = _graph({**refs, OURSELVES: root})
    text = json.dumps(bill, indent=2, sort_keys=True) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        sys.stderr.write(f"{wrong}\n")
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return 0


def _of_the_lock() -> dict[str, Any]:
    command = [str(MAKER), "requirements", str(LOCK), *OPTIONS, *FORM]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def _licence(told: str) -> dict[str, Any]:
    """In SPDX's words as an expression; `BSD` alone, as some packages have it, is a name."""
    return {"license": {"name": told}} if told == "BSD" else {"expression": told}


def _graph(refs: dict[str, str]) -> list[dict[str, Any]]:
    """What asks for what, as the lock notes it."""
    asks: dict[str, set[str]] = {ref: set() for ref in refs.values()}
    for name, notes in ASKED_BY.findall(LOCK.read_text(encoding="utf-8")):
        for asking in re.findall(r"^    #(?: via)?\s+([\w.-]+)(?: \(pyproject\.toml\))?$", notes, re.MULTILINE):
            if asking != "via":
                asks[refs[asking]].add(refs[name])
    return [{"ref": ref, "dependsOn": sorted(wanted)} for ref, wanted in sorted(asks.items())]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
