"""`kagiya company`: companies whose users are customers, where the institution's profile has them."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def company() -> None:
    """Companies; their users are entered with `customer add`, the master first."""


@company.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--name", required=True)
@click.option("--kana", default="")
@click.pass_obj
def add(file: Path, /, institution: str, name: str, kana: str) -> None:
    """Enter a company and print its ID."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.add_company import AddCompanyCommand, add_company

    command = AddCompanyCommand(institution, name, OPERATOR, kana)
    click.echo(add_company(operator_services(file), command, utc_now()))
