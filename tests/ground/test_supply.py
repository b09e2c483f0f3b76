"""What kagiya is made of: locked by hash, listed, under known licences, and asked about before a release (R73)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ports import free_port

ROOT = Path(__file__).parents[2]
LOCK = ROOT / ".ci" / "locks" / "run.txt"
PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)[^\n]*\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def pins() -> dict[tuple[str, str], set[str]]:
    """Hashes of every locked package of the product, by name and version."""
    found = {
        (name, version): set(re.findall(r"sha256:(\w+)", hashes))
        for name, version, hashes in PIN.findall(LOCK.read_text())
    }
    assert len(found) > 50
    return found


def tool(name: str, *arguments: str, where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """One of the programs in .ci/, run to its end."""
    python = ROOT / ".venv/supply/bin/python" if name == "sbom.py" else sys.executable
    command = [str(python), f".ci/{name}", *arguments]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The bill of materials."""
    file = tmp_path_factory.mktemp("bill") / "kagiya.cdx.json"
    made = tool("sbom.py", str(file))
    assert (made.returncode, made.stderr) == (0, "")
    read: dict[str, Any] = json.loads(file.read_text())
    return read


def test_the_bill_of_materials_lists_every_locked_package_with_its_hashes(
    pins: dict[tuple[str, str], set[str]], bill: dict[str, Any]
) -> None:
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "kagiya")
    listed = {
        (part["name"], part["version"]): {
            told["content"] for reference in part["externalReferences"] for told in reference.get("hashes", [])
        }
        for part in bill["components"]
    }
    assert listed == pins
    for part in bill["components"]:
        assert part["purl"].partition("?")[0] == f"pkg:pypi/{part['name']}@{part['version']}"


def test_it_tells_of_every_package_under_which_licence_it_is_and_what_asks_for_it(bill: dict[str, Any]) -> None:
    names = {part["bom-ref"]: part["name"] for part in bill["components"]}
    names[bill["metadata"]["component"]["bom-ref"]] = "kagiya"
    asks = {names[one["ref"]]: {names[ref] for ref in one["dependsOn"]} for one in bill["dependencies"]}
    direct = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert asks["kagiya"] >= {re.split(r"[\[>=]", one)[0] for one in direct}
    assert {"werkzeug", "jinja2"} <= asks["flask"]
    assert set().union(*asks.values()) | {"kagiya"} == set(names.values())
    assert all(part["licenses"] for part in bill["components"])


def test_the_same_locks_make_the_same_bill_wherever_it_is_made(bill: dict[str, Any]) -> None:
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
    assert str(ROOT) not in json.dumps(bill)


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda text: re.sub(r"( --hash=sha256:\w+ ?\\?\n?)+", "\n", text, count=1), "has no hash"),
        (lambda text: re.sub(r"^flask==[^ ]+", "flask==2.0.0", text, flags=re.M), "flask>=3.1 is asked for"),
        (lambda text: re.sub(r"^flask==[^ ]+", "flasque==3.1.3", text, flags=re.M), "flask>=3.1 is asked for"),
        (lambda text: f"--index-server x\n{text}", "holds an address or an option"),
    ],
)
def test_a_lock_that_is_not_whole_is_refused(tmp_path: Path, spoil: Callable[[str], str], finding: str) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    assert tool("check_locks.py", where=tmp_path).stdout == ""
    lock = tmp_path / ".ci" / "locks" / "run.txt"
    lock.write_text(spoil(lock.read_text()))
    ended = tool("check_locks.py", where=tmp_path)
    assert ended.returncode == 1
    assert finding in ended.stdout


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        ("psycopg", "psycopg: LGPL-3.0-only needs a reason"),
        ("atheris", "atheris: no licence is known"),
        ("hidapi", "docs/licences.md is out of date"),
    ],
)
def test_a_licence_that_nobody_settled_is_told(tmp_path: Path, table: str, finding: str) -> None:
    for name in (".ci", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    settled = tmp_path / ".ci" / "licences.toml"
    settled.write_text(re.sub(rf"\n\[{table}\]\n.*?(?=\n\[)", "\n", settled.read_text(), flags=re.DOTALL))
    ended = tool("licences.py", "--check", where=tmp_path)
    assert ended.returncode == 1
    assert finding in ended.stdout


class Advisories(BaseHTTPRequestHandler):
    """Stands for OSV: knows advisories of the packages that it is told to know."""

    known: set[str]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
        vulns: list[dict[str, Any]] = []
        if asked["name"] in self.known:
            vulns = [{"id": "OSV-1", "aliases": ["CVE-1"], "summary": "bad", "affected": [{"package": asked}]}]
        answer = json.dumps({"vulns": vulns} if vulns else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of such a service."""
    handler = type("Told", (Advisories,), {"known": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("service", "code", "told"),
    [
        ({"jinja2", "flask"}, 1, "flask 3.1.3: CVE-1, OSV-1"),
        (set(), 2, "nothing is known about any package"),
    ],
    indirect=["service"],
)
def test_the_gate_tells_of_advisories_and_believes_no_silent_service(service: str, code: int, told: str) -> None:
    ended = tool("audit.py", "--osv-url", service, str(LOCK))
    assert ended.returncode == code
    assert told in ended.stderr


@pytest.mark.parametrize("service", [{"jinja2"}], indirect=True)
def test_the_gate_passes_where_nothing_is_told_of_what_is_locked(service: str) -> None:
    tools = ROOT / ".ci" / "locks" / "supply.txt"
    ended = tool("audit.py", "--osv-url", service, str(tools))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(" packages, 0 known vulnerabilities\n")


def test_a_service_that_cannot_be_reached_is_no_pass() -> None:
    ended = tool("audit.py", "--osv-url", f"http://127.0.0.1:{free_port()}/", str(LOCK))
    assert ended.returncode == 2
    assert "nothing is known about any package" in ended.stderr
