"""`kagiya key rotate`, `status`, `retire`: keys of a server that is at work, the vault's or those of addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from provisioning.cli.rotated_keys import KeysAtWork

_PURPOSES: Final = {"seeds": "kek", "addresses": "address_key"}
_of: Final = click.option(
    "--of",
    "of",
    type=click.Choice(list(_PURPOSES)),
    default="seeds",
    show_default=True,
    help="Whose keys: those of the vault, or of mail addresses.",
)


@click.command()
@click.argument("key_id", required=False)
@_of
@click.option("--in", "place", type=click.Choice(["file", "token"]), help="Where a new key is made.")
@click.option("--prepare", is_flag=True, help="Make the key and stop: it goes to other machines first.")
@click.pass_obj
def rotate(settings_file: Path, /, key_id: str | None, of: str, place: str | None, *, prepare: bool) -> None:
    """Bring every row under the key KEY_ID, made now unless it is there; under a new one if none is named.

    The server is at work meanwhile. If it was ended before it was done, the same command goes on. A new key of
    the vault is made inside the token of [vault.hsm], or in a file where the settings have none; one of addresses
    always is a file.
    """
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.cli.rotated_keys import Place, keys_at_work
    from provisioning.jobs.rotate_key import KeyPurpose, RotateKeyCommand

    if prepare and key_id is None:
        raise click.UsageError("--prepare needs the name of the key")
    if of == "addresses" and place == "token":
        raise click.UsageError("keys of addresses are files")
    with keys_at_work(settings_file, KeyPurpose(_PURPOSES[of]), writes=True) as at_work:
        keys = at_work.keys
        to = key_id or _unfinished(at_work) or keys.next_id()
        make = at_work.maker(to, Place(place) if place else None)
        keys.sweep()
        if not prepare:
            keys.set_target(to)
        made = make()
        if prepare:
            click.echo(made)
            return
        done = at_work.rotate(RotateKeyCommand(to, OPERATOR, _tell), utc_now())
        if done.unopened:
            shown = ", ".join(done.unopened[:3])
            raise click.ClickException(f"{len(done.unopened)} rows cannot be opened and stay as they are: {shown}")
        keys.set_target(None)
        click.echo(f"every row is under {to}; {done.moved} were wrapped now")


@click.command()
@_of
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def status(settings_file: Path, /, of: str, *, as_json: bool) -> None:
    """Show the keys: where the secret half is, which is in force, and how many rows each has."""
    from provisioning.cli.rotated_keys import keys_at_work
    from provisioning.jobs.rotate_key import KeyPurpose

    with keys_at_work(settings_file, KeyPurpose(_PURPOSES[of]), writes=False) as at_work:
        shown = _status(at_work)
    if as_json:
        click.echo(json.dumps(shown))
        return
    for key in shown["keys"]:
        marks = [mark.replace("_", " ") for mark in ("in_force", "rotating_to") if key[mark]]
        rows = ", ".join(f"{number} {table}" for table, number in key["rows"].items()) or "no rows"
        click.echo("\t".join((key[f"{_PURPOSES[of]}_id"], key["private_half"], rows, *marks)))


@click.command()
@click.argument("key_id")
@_of
@click.pass_obj
def retire(settings_file: Path, /, key_id: str, of: str) -> None:
    """Take the key KEY_ID away, here or in the token: backups that need it can never be read again.

    Refused while it is in force, while a row names it, and for an hour after another key was put in force.
    """
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.cli.rotated_keys import keys_at_work
    from provisioning.jobs.retire_key import RetireKeyCommand
    from provisioning.jobs.rotate_key import KeyPurpose

    with keys_at_work(settings_file, KeyPurpose(_PURPOSES[of]), writes=True) as at_work:
        at_work.retire(RetireKeyCommand(key_id, OPERATOR), utc_now())


def _unfinished(at_work: KeysAtWork) -> str | None:
    """The key of a rotation that was ended, or the one in force while rows name another."""
    keys = at_work.keys
    with at_work.services.store.read() as tx:
        elsewhere = at_work.to_move(tx) - {keys.current()}
    return keys.target() or (keys.current() if elsewhere else None)


def _status(at_work: KeysAtWork) -> dict[str, Any]:
    keys = at_work.keys
    with at_work.services.store.read() as tx:
        rows = at_work.count(tx)
    shown = []
    for key_id in sorted({*keys.ids(), *rows}):
        marks = {"in_force": key_id == keys.current(), "rotating_to": key_id == keys.target()}
        place = {f"{at_work.purpose}_id": key_id, "private_half": at_work.place_of(key_id)}
        shown.append({**place, "rows": rows.get(key_id, {}), **marks})
    return {"keys": shown, "rotating": keys.target() is not None}


def _tell(moved: int) -> None:
    click.echo(f"{moved} wrapped", err=True)
