"""`kagiya station`: the agent on the desk, and the code that lets a new desk in.

`enrol` and `run` are for the desk and import no database; `code` is typed on the server.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from provisioning.settings import StationSettings


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
    from provisioning.cli.approvals import do_or_ask
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.ask_approval import ask_approval
    from provisioning.jobs.invite_station import InviteStationCommand, invite_station

    services, command = operator_services(file), InviteStationCommand(institution, branch, name, OPERATOR)
    invited = do_or_ask(
        lambda: invite_station(services, command, utc_now()), lambda: ask_approval(services, command, utc_now())
    )
    click.echo(invited.code)


@station.command()
@click.option("--server", required=True, metavar="URL", help="Address of the server, https.")
@click.argument("one_time_code", metavar="CODE")
@click.pass_obj
def enrol(file: Path, server: str, one_time_code: str) -> None:
    """On the desk: make this station's keys and show CODE to the server."""
    from devices.server_client import enrol as show_code

    enrolled = show_code(server, one_time_code, desk_settings(file).directory)
    click.echo(f"{enrolled.name} ({enrolled.station_id})")


@station.command()
@click.pass_obj
def run(file: Path) -> None:
    """On the desk: write key fobs for the server, until stopped."""
    from devices.agent import run_station
    from devices.machine import STATION, name_process
    from provisioning import logs
    from provisioning.cli.devices import desk_config
    from provisioning.cli.signals import stop_by_signal
    from provisioning.cli.start_up import refuse_emulators

    refuse_emulators(str(file), emulators=desk_settings(file).emulators)
    logs.configure("info")
    name_process(STATION)
    run_station(desk_config(file), stop_by_signal())


def desk_settings(file: Path) -> StationSettings:
    """`[station]` of the settings file; its defaults where a desk has no such file."""
    from provisioning.settings import StationSettings
    from provisioning.settings_file import load_station_settings

    return load_station_settings(file) if file.exists() else StationSettings()
