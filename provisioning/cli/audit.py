"""`kagiya audit`: verifying the audit log, and handing out proofs of it."""

from __future__ import annotations

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


def _services(file: Path) -> Services:
    from provisioning.cli.compose import operator_services
    from provisioning.errors import SettingsInvalid

    services = operator_services(file)
    if services.settings.audit is None:
        raise SettingsInvalid(str(file), "audit", "is missing", "Name the directory of checkpoints and their key.")
    return services
