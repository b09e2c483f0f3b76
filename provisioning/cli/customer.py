"""`kagiya customer`: customers of the portal's own login, where no other internet banking calls the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from provisioning.cli.customer_list import ListedCustomer


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


@customer.command("import")
@click.argument("listed", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--dry-run", is_flag=True, help="Only look whether every line can be used.")
@click.pass_obj
def import_(file: Path, /, listed: Path, institution: str, *, dry_run: bool) -> None:
    """Enter every customer of FILE; run again after an interruption, it goes on.

    CSV in UTF-8, whose first line names the columns: branch, login_id, user_id, name, password,
    confirmation_password; and where wanted name_kana, transfer_limit_yen, company_id, company_role (masters
    before the others of their company). Nobody is entered while a line cannot be used. The file holds
    passwords: it must be its owner's alone, and is to be deleted afterwards.
    """
    from provisioning.cli.compose import operator_services, utc_now
    from provisioning.cli.customer_list import read_list
    from provisioning.errors import KagiyaError
    from provisioning.jobs.add_customer import add_customer
    from provisioning.secret_files import read_private
    from provisioning.store.queries.known_customers import known_customers

    services = operator_services(file)
    rows = list(read_list(services, institution, read_private(listed)))
    if faults := [row for row in rows if row.fault]:
        raise _named(faults, "nobody was entered")
    known, entered = known_customers(services.store, institution), 0
    for row in rows:
        command = row.command
        if command is None or dry_run or (command.login_id, command.user_id) in known:
            continue
        try:
            add_customer(services, command, utc_now())
        except KagiyaError as fault:
            faults.append(replace(row, fault=fault))
        else:
            entered += 1
    there = sum(1 for row in rows if row.command and (row.command.login_id, row.command.user_id) in known)
    click.echo(f"{len(rows)} lines, {entered} entered, {there} there already")
    if faults:
        raise _named(faults, "these were not entered")


def _named(faults: list[ListedCustomer], what: str) -> click.ClickException:
    """Each line with what is wrong with it on standard output; how many they are as the one line of the error."""
    from provisioning.cli.words import sentence

    for row in faults:
        if row.fault:
            click.echo(f"line {row.line}: {sentence(row.fault)}")
    return click.ClickException(f"{len(faults)} lines cannot be used; {what}")
