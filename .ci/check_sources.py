"""Fails on files and functions that are too long, on unfinished work, and on places that belong to one machine."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILE_LINES: Final = 350
FUNCTION_LINES: Final = 40
SOURCES: Final = {".py", ".js", ".css", ".html", ".sh", ".toml"}
EXEMPT: Final = re.compile(r"^provisioning/migrations/versions/|^\.ci/(locks/|check_sources\.py)")
FORBIDDEN: Final = {
    re.compile(r"\b(TODO|FIXME|XXX)\b"): "unfinished work belongs into docs/plan.md",
    re.compile(
        r"raise NotImplementedError"
    ): "what has two implementations is a protocol; nothing answers 'not implemented'",
    re.compile(r"(index-url|find-links|extra-index)[\s=:]"): "no download addresses",
    re.compile(r"(^|[\s\"'(=])/(work|root|home)/"): "no path of one machine",
    re.compile(r"pytest\.mark\.(skip|xfail)|pytest\.(skip|xfail|importorskip)\("): "a skip reads as a pass",
}


def main() -> int:
    """Print every finding as FILE:LINE and return the exit code."""
    found = [finding for file in _tracked() for finding in _findings(file)]
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


def _tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    for name in listed.split("\0"):
        file = Path(name)
        if file.suffix in SOURCES and not EXEMPT.search(name) and file.exists():
            yield file


def _findings(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield f"{file}:1: {len(lines)} lines, more than {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        for pattern, why in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{file}:{number}: {why}"
    if file.suffix == ".py":
        yield from _long_functions(file, text)


def _long_functions(file: Path, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{file}:{node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


if __name__ == "__main__":
    sys.exit(main())
