"""`kagiya bank-client`: the bank's own systems that call the API."""

from __future__ import annotations

from pathlib import Path

import click

from provisioning.rules.bank_scopes import BankScope


@click.group("bank-client")
def bank_client() -> None:
    """The bank's own systems."""


@bank_client.command()
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--name", required=True, help="What the system is called, for the audit log.")
@click.option("--checks-confirmation", is_flag=True, help="It checks the confirmation password itself.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in BankScope]),
    help="What it may call; repeat it for more than one. Without it: everything.",
)
@click.pass_obj
def add(file: Path, institution: str, name: str, *, checks_confirmation: bool, scopes: tuple[str, ...]) -> None:
    """Make an API key and print it; it is not shown again."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client

    may_call = frozenset(map(BankScope, scopes or BankScope))
    command = AddBankClientCommand(institution, name, OPERATOR, checks_confirmation, may_call)
    click.echo(add_bank_client(operator_services(file), command, utc_now()).key)


@bank_client.command("list")
@click.pass_obj
def list_(file: Path) -> None:
    """Print every system, one a line: ID, institution, what it may call, whether its key still works, name."""
    from provisioning.cli.compose import operator_services
    from provisioning.rules.bank_scopes import write_scopes
    from provisioning.store.queries.bank_clients import bank_clients

    for client in bank_clients(operator_services(file).store):
        scopes = write_scopes(client.scopes).replace(" ", ",")
        works = "works" if client.revoked_at is None else "revoked"
        click.echo(f"{client.id}  {client.institution_id or '*'}  {scopes}  {works}  {client.name}")


@bank_client.command()
@click.argument("client_id")
@click.pass_obj
def revoke(file: Path, client_id: str) -> None:
    """Take a system's key away."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.revoke_bank_client import RevokeBankClientCommand, revoke_bank_client

    revoke_bank_client(operator_services(file), RevokeBankClientCommand(client_id, OPERATOR), utc_now())
