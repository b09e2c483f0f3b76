"""`kagiya audit`: verifying the audit log, and handing out proofs of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from provisioning.services import Services

_CHECKPOINT: Final = click.Path(dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """The audit log: whole, or where it is not; proofs for others; archives."""


@audit.command()
@click.option("--from", "since", type=_CHECKPOINT, help="A checkpoint: verify what came after it.")
@click.pass_obj
def verify(file: Path, /, since: Path | None) -> None:
    """Verify every entry, the tree over them and every checkpoint; exit code 1 names the first bad entry."""
    from provisioning.jobs.verify_audit import VerifyAuditCommand, verify_audit

    found = verify_audit(_services(file), VerifyAuditCommand(since))
    verified = f"{found.size - found.begin} entries sealed and {found.waiting} waiting"
    archived = f", {found.begin} before them" if found.begin else ""
    click.echo(f"the audit log is whole: {verified}{archived}, {found.checkpoints} checkpoints")


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def status(file: Path, /, as_json: bool) -> int:
    """Tell where sealing, signing and verification stand; exit code 1 where somebody has to see to it."""
    from provisioning.cli.compose import utc_now
    from provisioning.cli.words import AUDIT_ALARMS
    from provisioning.jobs.audit_standing import audit_status

    now = utc_now()
    found = audit_status(_services(file), now)
    alarms = found.alarms(now)
    if as_json:
        told = {name: _plain(value) for name, value in asdict(found).items()}
        click.echo(json.dumps(told | {"alarms": [alarm.value for alarm in alarms]}))
    else:
        click.echo(f"{found.size} entries sealed, {found.signed_size or 0} of them signed")
        verified = f"{found.verified_at:%Y-%m-%d %H:%M} UTC" if found.verified_at else "never"
        click.echo(f"last verification on schedule: {verified}")
        for alarm in alarms:
            click.echo(AUDIT_ALARMS[alarm])
    return 1 if alarms else 0


@audit.command()
@click.argument("number", type=int)
@click.pass_obj
def prove(file: Path, /, number: int) -> None:
    """Print the proof that entry NUMBER is in the log of the latest checkpoint, as JSON."""
    from provisioning.jobs.prove_audit import prove_entry

    click.echo(json.dumps(prove_entry(_services(file), number)))


@audit.command()
@click.argument("older", type=_CHECKPOINT)
@click.argument("newer", type=_CHECKPOINT)
@click.pass_obj
def consistency(file: Path, /, older: Path, newer: Path) -> None:
    """Print the proof that the log of the checkpoint NEWER begins with that of OLDER, as JSON."""
    from provisioning.jobs.prove_audit import prove_consistency

    click.echo(json.dumps(prove_consistency(_services(file), older, newer)))


@audit.command()
@click.option("--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Day (UTC), a year ago or more.")
@click.argument("target", type=_CHECKPOINT, metavar="FILE")
@click.pass_obj
def archive(file: Path, /, before: datetime, target: Path) -> None:
    """Move entries from before a day out of the database into the new FILE, which verifies on its own."""
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.jobs.archive_audit import ArchiveAuditCommand, archive_audit

    command = ArchiveAuditCommand(before.replace(tzinfo=UTC), target, OPERATOR)
    found = archive_audit(_services(file), command, utc_now())
    click.echo(f"{found.size - found.first} entries archived, SHA-256 {found.hash.hex()}")


@audit.command("verify-archive")
@click.argument("target", type=_CHECKPOINT, metavar="FILE")
@click.pass_obj
def verify_archive(file: Path, /, target: Path) -> None:
    """Verify an archive: every entry, the tree, and the checkpoint that covers it."""
    from provisioning.jobs.archive_audit import verify_archive

    found = verify_archive(_services(file), target)
    click.echo(f"the archive is whole: entries {found.first} to {found.size - 1}, until {found.until.isoformat()}")


@audit.command("close-key")
@click.argument("key_id")
@click.pass_obj
def close_key(file: Path, /, key_id: str) -> None:
    """After a rotation, when every process has the new key: an entry under KEY_ID is false from here on."""
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.jobs.close_audit_key import close_audit_key

    close_audit_key(_services(file), key_id, OPERATOR, utc_now())


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _services(file: Path) -> Services:
    from provisioning.cli.compose import operator_services
    from provisioning.errors import SettingsInvalid

    services = operator_services(file)
    if services.settings.audit is None:
        raise SettingsInvalid(str(file), "audit", "is missing", "Name the directory of checkpoints and their key.")
    return services
