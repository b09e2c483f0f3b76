"""`kagiya audit` as an operator types it."""

from __future__ import annotations

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
    with services.store.write_connection() as connection:
        TAMPERINGS["edit result"](connection, 2, 0)
    broken = run_kagiya(*verify)
    assert broken.returncode == 1
    assert broken.stderr == "kagiya: the audit log is not whole: entry 3 was changed after it was written\n"
    services.store.close()
