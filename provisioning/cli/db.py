"""`kagiya db`: bringing the database to the schema of this program."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
@click.pass_obj
def upgrade(file: Path) -> None:
    """Bring the database to the newest revision, all or nothing. Stop server and worker first."""
    from provisioning import migrations
    from provisioning.settings_file import load_store_settings

    url = load_store_settings(file).url
    before = migrations.current(url)
    migrations.upgrade(url)
    after = migrations.current(url)
    click.echo(after)
    if before not in {None, after}:
        click.echo(
            f"was {before}; what still runs of the older version does not know it: start it again", err=True
        )


@db.command()
@click.pass_obj
def current(file: Path) -> None:
    """Tell the database's revision, and whether an upgrade is due."""
    from provisioning import migrations
    from provisioning.settings_file import load_store_settings

    revision = migrations.current(load_store_settings(file).url)
    due = (
        ""
        if revision == migrations.newest()
        else f" (this program needs {migrations.newest()}: kagiya db upgrade)"
    )
    click.echo(f"{revision or 'none'}{due}")
