"""`kagiya customer`: customers of the portal's own login, where no other internet banking calls the API."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click


@click.group()
def customer() -> None:
    """Customers of the portal's own login."""


@customer.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--branch", required=True)
@click.option("--login-id", required=True)
@click.option("--user-id", required=True)
@click.option("--name", required=True)
@click.option("--kana", default="")
@click.option("--transfer-limit", type=int, help="Yen; not given: kept elsewhere.")
@click.option("--company", help="ID of the company whose user this is, where the institution has companies.")
@click.option("--role", type=click.Choice(["master", "administrator", "general"]), help="Role in that company.")
@click.option(
    "--passwords",
    type=click.File(),
    default="-",
    help="Two lines: login password, confirmation password. Standard input if not given.",
)
@click.pass_obj
def add(
    file: Path,
    /,
    *,
    institution: str,
    branch: str,
    passwords: TextIO,
    transfer_limit: int | None,
    company: str | None,
    role: str | None,
    **who: str,
) -> None:
    """Enter a customer and print their ID. Passwords are never arguments: those show in process lists."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
    from provisioning.rules.company import CompanyRole

    lines = [*(line.rstrip("\r\n") for line in passwords), "", ""]
    command = AddCustomerCommand(
        institution,
        branch,
        who["login_id"],
        who["user_id"],
        who["name"],
        password=lines[0],
        confirmation_password=lines[1],
        actor=OPERATOR,
        name_kana=who["kana"],
        transfer_limit_yen=transfer_limit,
        company_id=company,
        company_role=CompanyRole(role) if role else None,
    )
    click.echo(add_customer(operator_services(file), command, utc_now()))
