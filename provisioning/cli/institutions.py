"""`kagiya institutions`: whether institution profiles can be used, and a changed one that takes an approver."""

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


@institutions.command()
@click.argument("institution")
@click.pass_obj
def change(file: Path, institution: str) -> None:
    """Ask an approver for the changed profile of INSTITUTION, as it stands in the folder of profiles."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.errors import AlreadyTaken, WrongState
    from provisioning.institutions import profile_texts
    from provisioning.jobs.ask_to_change import ask_to_change
    from provisioning.jobs.take_profile import TakeProfileCommand

    services = operator_services(file)
    text = profile_texts(services.settings.institutions)[services.institution(institution).id]
    try:
        asked = ask_to_change(services, TakeProfileCommand(institution, text, OPERATOR), utc_now())
    except WrongState:
        raise click.ClickException(
            f"the profile of {institution} needs no approver: start the server with it"
        ) from None
    except AlreadyTaken:
        raise click.ClickException("an approver is asked for this change already") from None
    click.echo(f"An approver is asked for it (request {asked}). Start the server with it once it is allowed.")
