"""`kagiya breach-list`: who is affected by a breach, and until when the authority is told (APPI Art. 26)."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

if TYPE_CHECKING:
    from provisioning.jobs.list_breach import BreachList

_DAY: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])
_FORMULA: Final = tuple("=+-@\t\r＝＋－＠")


@click.command("breach-list")
@click.option("--institution", required=True, help="ID of the institution's profile.")
@click.option("--database", is_flag=True, help="A copy of the whole database was taken.")
@click.option("--table", "tables", multiple=True, help="Only this table was; repeat it for more than one.")
@click.option("--key", "kek_id", help="A key of the vault or of addresses became known, with the database.")
@click.option("--staff", help="Somebody else used this account of staff (its ID).")
@click.option("--station", help="Somebody else had this workstation (its ID).")
@click.option("--bank-client", help="Somebody else used this system's key (its ID).")
@click.option("--from", "since", type=_DAY, help="Acts since this time (UTC); without it all that is kept.")
@click.option("--until", type=_DAY, help="Acts before this time (UTC); without it until now.")
@click.option("--known", type=_DAY, help="When it became known (UTC), for the deadlines; without it now.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.pass_obj
def breach_list(
    file: Path, /, institution: str, *, database: bool, tables: tuple[str, ...], form: str, target: Path,
    since: datetime | None, until: datetime | None, known: datetime | None, **named: str | None,
) -> None:  # fmt: skip
    """Write the persons affected into the new FILE: a line for each person and kind of data. Name one scope."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.list_breach import BreachOf, ListBreachCommand, list_breach

    scopes = {BreachOf.DATABASE: () if database else None, BreachOf.TABLES: tables or None}
    one = {BreachOf.KEY: "kek_id", BreachOf.STAFF: "staff", BreachOf.STATION: "station"}
    one |= {BreachOf.BANK_CLIENT: "bank_client"}
    scopes |= {of: (value,) if (value := named[name]) else None for of, name in one.items()}
    chosen = [(of, names) for of, names in scopes.items() if names is not None]
    if len(chosen) != 1:
        raise click.UsageError("name exactly one of --database, --table, --key, --staff, --station, --bank-client")
    now = utc_now()
    span = (_utc(since) or datetime(1970, 1, 1, tzinfo=UTC), _utc(until) or now)
    command = ListBreachCommand(institution, *chosen[0], *span, _utc(known) or now, OPERATOR)
    found = list_breach(operator_services(file), command, now)
    # never over an older list, and readable by its owner alone
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        persons, rows = _WRITERS[form](found, stream)
    click.echo(f"{persons} persons, {rows} lines in {target}")
    for name, words in _DEADLINES.items():
        click.echo(f"{words}: {getattr(found.deadlines, name):%Y-%m-%d} UTC")


_DEADLINES: Final = {
    "preliminary_from": "preliminary report, at once, as a rule from",
    "preliminary_until": "preliminary report, at the latest",
    "final": "final report",
    "final_on_purpose": "final report where it may have been done on purpose",
}


def _write_csv(found: BreachList, stream: TextIO) -> tuple[int, int]:
    """With a byte order mark, for spreadsheets in Japan; no cell is a formula."""
    from provisioning.store.queries.breach import Affected

    stream.write("\ufeff")
    table = csv.writer(stream)
    table.writerow([one.name for one in fields(Affected)])
    people: set[str] = set()
    rows = 0
    for row in _rows(found):
        table.writerow([_cell(value) for value in row.values()])
        people.add(row["customer_id"])
        rows += 1
    return len(people), rows


def _write_json(found: BreachList, stream: TextIO) -> tuple[int, int]:
    """One document, written as it is read."""
    command = asdict(found.command)
    told = {name: command[name] for name in ("institution_id", "of", "names", "since", "until")}
    head = told | {"made_at": found.made_at, "deadlines": asdict(found.deadlines)}
    stream.write(json.dumps(head, default=_plain)[:-1] + ', "affected": [')
    people: set[str] = set()
    rows = 0
    for row in _rows(found):
        stream.write(("," if rows else "") + "\n" + json.dumps(row, default=_plain))
        people.add(row["customer_id"])
        rows += 1
    stream.write(f'\n], "persons": {len(people)}}}\n')
    return len(people), rows


_WRITERS: Final = {"csv": _write_csv, "json": _write_json}


def _rows(found: BreachList) -> Iterator[dict[str, Any]]:
    for one in found.persons:
        yield asdict(one)


def _cell(value: Any) -> str:
    text = "" if value is None else str(_plain(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _utc(typed: datetime | None) -> datetime | None:
    return None if typed is None else typed.replace(tzinfo=UTC)
