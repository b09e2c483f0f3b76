"""`kagiya station`: the agent on the desk, and the code that lets a new desk in.

`enrol` and `run` are for the desk and import no database; `code` is typed on the server.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def station() -> None:
    """Provisioning workstations."""


@station.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--branch", required=True)
@click.option("--name", required=True, help="What the desk is called.")
@click.pass_obj
def code(file: Path, institution: str, branch: str, name: str) -> None:
    """On the server: open a place for a new desk and print its one-time code."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.invite_station import InviteStationCommand, invite_station

    command = InviteStationCommand(institution, branch, name, OPERATOR)
    click.echo(invite_station(operator_services(file), command, utc_now()).code)
