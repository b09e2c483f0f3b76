"""`kagiya institutions check`: whether institution profiles can be used."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def institutions() -> None:
    """Institution profiles."""


@institutions.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check FILES, or the shipped profiles without any."""
    from provisioning.institutions import load_institutions, load_profiles

    for institution in (load_profiles(files) if files else load_institutions()).values():
        click.echo(f"{institution.id}: {institution.name.ja} ({institution.service_id})")
