"""`kagiya key ceremony`: a key-encryption key among custodians (docs/key-ceremony.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from provisioning.ceremony.minutes import Ceremony
    from provisioning.ceremony.plan import Custodian
    from provisioning.rules.key_share import KeyShare

_PLAN: Final = click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.group()
def ceremony() -> None:
    """A key-encryption key among custodians, none of whom has it alone."""


@ceremony.command()
@_PLAN
def split(plan: Path) -> None:
    """Make the key of PLAN, or take that of its file, and write each custodian's share to their own medium."""
    from provisioning.ceremony.hold import split_key
    from provisioning.ceremony.plan import read_plan
    from provisioning.cli.compose import utc_now

    _tell(split_key(read_plan(plan), utc_now(), _turn))


@ceremony.command()
@_PLAN
def join(plan: Path) -> None:
    """Write the key of PLAN into its file, from the shares of the custodians who are there."""
    from provisioning.ceremony.hold import join_key
    from provisioning.ceremony.plan import read_plan
    from provisioning.cli.compose import utc_now

    _tell(join_key(read_plan(plan), utc_now()))


@ceremony.command()
@click.argument("minutes", type=_FILE)
@click.argument("public_keys", type=_FILE, nargs=-1, required=True)
def verify(minutes: Path, public_keys: tuple[Path, ...]) -> None:
    """Whether MINUTES are as they were when the owners of PUBLIC_KEYS signed them, and all of them did."""
    from provisioning.ceremony.minutes import check_minutes
    from provisioning.secret_files import read_public_key

    keys = [read_public_key(str(file), "(public key)", file) for file in public_keys]
    try:
        signers = check_minutes(minutes.read_text(encoding="utf-8"), keys)
    except ValueError as wrong:
        told = "are no text" if isinstance(wrong, UnicodeDecodeError) else str(wrong)
        raise click.ClickException(f"the minutes {told}") from None
    for name, key in signers.items():
        click.echo(f"{key.hex()}\t{name}")


def _turn(custodian: Custodian, share: KeyShare) -> None:
    click.echo(f"{custodian.name}: share {share.number} goes to {custodian.share}")
    # nobody waits where there is no terminal
    click.pause("Let them alone come to the machine, then press any key.")


def _tell(held: Ceremony) -> None:
    from provisioning.rules.key_share import check_value

    click.echo(f"key {held.kek_id} {held.act}: check value {check_value(held.public_key)}")
    for share in held.shares:
        click.echo(f"share {share.number}\t{share.check_value}\t{share.custodian}")
