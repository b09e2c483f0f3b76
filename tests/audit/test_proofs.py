"""A third party checks entry and checkpoints by itself, and finds every lie in what it was handed."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import AuditBroken, NotFound, WrongState
from provisioning.jobs.prove_audit import prove_consistency, prove_entry
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.services import Services
from tests.audit import stranger
from tests.audit.log import write_entries
from tests.audit.tampering import TAMPERINGS
from tests.fixtures.databases import sqlite_only


def signed(worker: Services, numbers: range, now: datetime) -> Path:
    write_entries(worker, numbers, now)
    seal_audit(worker, now)
    file = write_checkpoint(worker, now)
    assert file is not None
    return file


def put(folder: Path, proof: dict[str, Any]) -> Path:
    file = folder / "proof.json"
    file.write_text(json.dumps(proof))
    return file


def test_the_program_is_short_and_has_nothing_of_ours() -> None:
    assert len(stranger.PROGRAM.read_text().splitlines()) <= 100
    assert stranger.imports() == {"base64", "cryptography", "hashlib", "json", "pathlib", "sys"}


def test_an_entry_is_proved_to_a_stranger(worker: Services, now: datetime, tmp_path: Path) -> None:
    signed(worker, range(300), now)
    proof = prove_entry(worker, 278)
    shown = stranger.check(worker, put(tmp_path, proof))
    assert shown.returncode == 0, shown.stderr
    leaf = json.loads(shown.stdout)
    assert leaf["number"] == 278
    assert leaf["entry"][1]["act"] == ("verify", "issue_soft", "lift_suspension")[277 % 3]
    assert leaf["entry"][1]["facts"] == {"try": 277, "name": "縦\r\n\u202e書き"}
    # one line, whatever somebody had written into a name: no line end, nothing that turns the writing round
    assert shown.stdout.count("\n") == 1
    assert shown.stdout.isascii()


@sqlite_only
def test_no_part_of_a_proof_can_be_changed(worker: Services, now: datetime, tmp_path: Path) -> None:
    signed(worker, range(5), now)
    proof = prove_entry(worker, 3)
    other = base64.b64encode(bytes(32)).decode()
    lies = [
        {"leaf": proof["leaf"].replace("done", "gone")},
        {"leaf_index": 3},
        {"path": proof["path"][:-1]},
        {"path": [other, *proof["path"][1:]]},
        {"path": [*proof["path"], other]},
        {"checkpoint": proof["checkpoint"].replace("\n5\n", "\n4\n")},
    ]
    for lie in lies:
        shown = stranger.check(worker, put(tmp_path, {**proof, **lie}))
        assert shown.returncode == 1
        assert shown.stderr.startswith("not proved: ")
    assert stranger.check(worker, put(tmp_path, proof), origin="another/log").returncode == 1
    assert stranger.check(worker, put(tmp_path, proof), key="aa" * 32).returncode == 1


def test_two_checkpoints_are_of_one_log(worker: Services, now: datetime, tmp_path: Path) -> None:
    older, newer = signed(worker, range(280), now), signed(worker, range(280, 531), now)
    proof = prove_consistency(worker, older, newer)
    shown = stranger.check(worker, put(tmp_path, proof))
    assert (shown.stdout, shown.stderr) == ("the log of 531 entries begins with that of 280\n", "")
    assert stranger.check(worker, put(tmp_path, {**proof, "path": proof["path"][1:]})).returncode == 1
    same = prove_consistency(worker, newer, newer)
    assert stranger.check(worker, put(tmp_path, same)).returncode == 0
    with pytest.raises(WrongState):
        prove_consistency(worker, newer, older)


@sqlite_only
def test_what_cannot_be_proved_is_told(worker: Services, now: datetime) -> None:
    with pytest.raises(NotFound):
        prove_entry(worker, 1)
    signed(worker, range(5), now)
    write_entries(worker, [5], now)
    seal_audit(worker, now)
    with pytest.raises(WrongState):
        prove_entry(worker, 6)
    with worker.store.write_connection() as connection:
        TAMPERINGS["edit act"](connection, 2, 0)
    with pytest.raises(AuditBroken) as broken:
        prove_entry(worker, 3)
    assert broken.value.entry == 3
    with worker.store.write_connection() as connection:
        TAMPERINGS["change a leaf"](connection, 1, 0)
    with pytest.raises(AuditBroken):
        prove_entry(worker, 5)
