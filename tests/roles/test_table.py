"""What the roles may ask the verifier is what their pages and interfaces lead to, and nothing more (R76)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from provisioning.rules.roles import Role
from provisioning.rules.verifier import MAY_ASK, Operation

WEB = Path(__file__).parents[2] / "web"
PARTS = {
    Role.STAFF: ["pages/staff"],
    Role.CUSTOMER: ["pages/customer", "pages/company", "soft_token.py", "api/app.py"],
    Role.BANK: ["api/bank"],
    Role.STATION: ["api/station.py"],
}
ASKED_BY = {
    "verify": {Operation.VERIFY},
    "prove_purpose": {Operation.VERIFY},
    "activate": {Operation.ACTIVATE},
    "release": {Operation.RELEASE},
    "resync": {Operation.RESYNC},
    "prove_typed_code": {Operation.PROVE, Operation.ADOPT},
    "claim_job": {Operation.ACCESS_CODE},
    # a fob that came with its seed is written by no station
    "record_result": {Operation.PROVE},
}


def jobs_imported(file: Path) -> dict[str, set[str]]:
    """Job modules that a source imports from, and what."""
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    of_jobs = [(node.module or "", node) for node in nodes if (node.module or "").startswith("provisioning.jobs.")]
    return {name.rpartition(".")[2]: {alias.name for alias in node.names} for name, node in of_jobs}


def asked_by(files: list[Path]) -> set[Operation]:
    """What the jobs ask that these sources call, however deep; a job is the function named like its module."""
    left, seen, asked = list(files), set(files), set[Operation]()
    while left:
        called = {module for module, names in jobs_imported(left.pop()).items() if module in names}
        asked |= set().union(*(ASKED_BY.get(job, set()) for job in called))
        found = {WEB.parent / "provisioning" / "jobs" / f"{job}.py" for job in called} - seen
        seen |= found
        left += found
    return asked


@pytest.mark.parametrize("role", list(PARTS))
def test_the_table_has_what_the_role_asks_and_not_more(role: Role) -> None:
    files = [
        file
        for part in PARTS[role]
        for file in ([WEB / part] if part[-3:] == ".py" else (WEB / part).rglob("*.py"))
    ]
    assert asked_by(files) | {Operation.READY} == MAY_ASK[role]
