"""`kagiya audit` as an operator types it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from provisioning import migrations
from provisioning.cli.compose import build_services, utc_now
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.rules.roles import Role
from provisioning.settings_file import load_settings
from tests.audit.log import write_entries
from tests.audit.tampering import TAMPERINGS
from tests.ground.commands import run_kagiya
from tests.ground.settings_files import write_settings


def test_verify_says_whole_or_names_the_first_bad_entry(tmp_path: Path) -> None:
    file = write_settings(tmp_path)
    services = build_services(load_settings(file, {Role.WORKER}), {Role.WORKER})
    migrations.upgrade(services.settings.store.url)
    write_entries(services, range(5), utc_now())
    seal_audit(services, utc_now())
    checkpoint = write_checkpoint(services, utc_now())
    verify = ("--settings", str(file), "audit", "verify")
    whole = run_kagiya(*verify)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout == "the audit log is whole: 5 entries sealed and 0 waiting, 1 checkpoints\n"
    assert run_kagiya(*verify, "--from", str(checkpoint)).returncode == 0
    status = run_kagiya(*verify[:3], "status", "--json")
    told = json.loads(status.stdout)
    assert (status.returncode, told["size"], told["signed_size"], told["alarms"]) == (0, 5, 5, [])
    with services.store.write_connection() as connection:
        TAMPERINGS["edit result"](connection, 2, 0)
    broken = run_kagiya(*verify)
    assert broken.returncode == 1
    assert broken.stderr == "kagiya: the audit log is not whole: entry 3 was changed after it was written\n"
    services.store.close()


def test_proofs_archives_and_rotation_are_commands(tmp_path: Path) -> None:
    file = write_settings(tmp_path)
    settings = ("--settings", str(file))
    services = build_services(load_settings(file, {Role.WORKER}), {Role.WORKER})
    migrations.upgrade(services.settings.store.url)
    write_entries(services, range(300), utc_now() - timedelta(days=400))
    seal_audit(services, utc_now())
    checkpoint = str(write_checkpoint(services, utc_now()))
    proof = run_kagiya(*settings, "audit", "prove", "7")
    assert json.loads(json.loads(proof.stdout)["leaf"])["number"] == 7
    both = run_kagiya(*settings, "audit", "consistency", checkpoint, checkpoint)
    assert json.loads(both.stdout)["path"] == []

    day = f"{utc_now() - timedelta(days=367):%Y-%m-%d}"
    archive = str(tmp_path / "old.archive")
    archived = run_kagiya(*settings, "audit", "archive", "--before", day, archive)
    assert archived.stdout.startswith("256 entries archived, SHA-256 "), archived.stderr
    whole = run_kagiya(*settings, "audit", "verify-archive", archive)
    assert whole.stdout.startswith("the archive is whole: entries 0 to 255, until ")
    services.store.close()

    made = run_kagiya("key", "next", "audit", str(tmp_path / "keys"), "audit-2")
    assert made.stdout == f"{tmp_path / 'keys' / 'audit-2.key'}\n"
    former = '[[audit.former_key]]\nid = "audit-1"\nfile = "keys/audit.key"\n'
    text = file.read_text().replace('"keys/audit.key"', '"keys/audit-2.key"').replace('"audit-1"', '"audit-2"')
    file.write_text(text + former)
    assert run_kagiya(*settings, "audit", "close-key", "audit-1").returncode == 0
    after = run_kagiya(*settings, "audit", "verify")
    assert after.stdout == (
        "the audit log is whole: 44 entries sealed and 2 waiting, 256 before them, 1 checkpoints\n"
    )
