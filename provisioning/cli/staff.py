"""`kagiya staff`: entering staff, the first administrator above all; everybody else can be kept in the console."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from provisioning.rules.permissions import StaffRole

_ROLES: Final = click.Choice([role.value for role in StaffRole])


@click.group()
def staff() -> None:
    """Branch staff."""


@staff.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--branch", required=True)
@click.option("--name", required=True)
@click.option("--role", type=_ROLES, required=True)
@click.pass_obj
def add(file: Path, institution: str, branch: str, name: str, role: str) -> None:
    """Enter a member of staff and print their ID."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.add_staff import AddStaffCommand, add_staff

    command = AddStaffCommand(institution, branch, name, StaffRole(role), OPERATOR)
    click.echo(add_staff(operator_services(file), command, utc_now()))


@staff.command()
@click.argument("staff_id")
@click.pass_obj
def link(file: Path, staff_id: str) -> None:
    """Print a link on which this member of staff makes a passkey, once, within an hour."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff

    services = operator_services(file)
    made = invite_staff(services, InviteStaffCommand(staff_id, OPERATOR), utc_now())
    click.echo(services.settings.server.base_url + made.path)


@staff.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.argument("staff_id")
@click.pass_obj
def disable(file: Path, institution: str, staff_id: str) -> None:
    """Shut a member of staff out at once."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff

    disable_staff(operator_services(file), DisableStaffCommand(institution, staff_id, OPERATOR), utc_now())


@staff.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.argument("staff_id")
@click.pass_obj
def enable(file: Path, institution: str, staff_id: str) -> None:
    """Let a member of staff in again, with the passkeys they had."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.enable_staff import EnableStaffCommand, enable_staff

    enable_staff(operator_services(file), EnableStaffCommand(institution, staff_id, OPERATOR), utc_now())
