"""`kagiya key rotate`, `status`, `retire`: key-encryption keys of a vault that is at work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from provisioning.errors import HsmAway, HsmFault

if TYPE_CHECKING:
    from provisioning.services import Services
    from provisioning.store.hsm import Token
    from provisioning.store.key_folder import KeyFolder

_FILE: Final = "file"
_TOKEN: Final = "token"


@click.command()
@click.argument("kek_id", required=False)
@click.option("--in", "place", type=click.Choice([_FILE, _TOKEN]), help="Where a new key is made.")
@click.option(
    "--prepare", is_flag=True, help="Make the key and stop: its public half goes to other machines first."
)
@click.pass_obj
def rotate(settings_file: Path, /, kek_id: str | None, place: str | None, *, prepare: bool) -> None:
    """Wrap every data key to the key KEK_ID, made now unless it is there; to a new one if none is named.

    Codes are verified meanwhile. If it was ended before it was done, the same command goes on. A new key is made
    inside the token of [vault.hsm], or in a file where the settings have none.
    """
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.jobs.rotate_kek import RotateKekCommand, rotate_kek
    from provisioning.store.kek_making import make_kek

    if prepare and kek_id is None:
        raise click.UsageError("--prepare needs the name of the key")
    with _verifier(settings_file) as services:
        keys = services.sealer.keys
        to = kek_id or _unfinished(services) or keys.next_id()
        token = _token(services) if _is_in_token(keys, services, to, place) else None
        keys.sweep()
        if not prepare:
            keys.set_target(to)
        make_kek(keys, to, token)
        if prepare:
            click.echo(f"{keys.directory / to}.pub")
            return
        done = rotate_kek(services, RotateKekCommand(to, OPERATOR, _tell), utc_now())
        if done.unopened:
            shown = ", ".join(done.unopened[:3])
            raise click.ClickException(f"{len(done.unopened)} rows cannot be opened and stay as they are: {shown}")
        keys.set_target(None)
        click.echo(f"every row is under {to}; {done.wrapped} were wrapped now")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def status(settings_file: Path, /, *, as_json: bool) -> None:
    """Show the vault's keys: where the private half is, which is in force, and how many rows each has."""
    from provisioning.cli.compose import operator_services

    services = operator_services(settings_file)
    shown = _status(services)
    services.store.close()
    if as_json:
        click.echo(json.dumps(shown))
        return
    for key in shown["keys"]:
        marks = [mark.replace("_", " ") for mark in ("in_force", "rotating_to") if key[mark]]
        rows = ", ".join(f"{number} {table}" for table, number in key["rows"].items()) or "no rows"
        click.echo("\t".join((key["kek_id"], key["private_half"], rows, *marks)))


@click.command()
@click.argument("kek_id")
@click.pass_obj
def retire(settings_file: Path, /, kek_id: str) -> None:
    """Take the key KEK_ID away, here or in the token: backups that need it can never be read again.

    Refused while it is in force, while a row names it, and for an hour after another key was put in force.
    """
    from provisioning.cli.compose import OPERATOR, utc_now
    from provisioning.jobs.retire_kek import RetireKekCommand, retire_kek

    with _verifier(settings_file) as services:
        retire_kek(services, RetireKekCommand(kek_id, OPERATOR), utc_now())


@contextmanager
def _verifier(settings_file: Path) -> Iterator[Services]:
    """With private halves, and a token that may be written to."""
    from dataclasses import replace

    from provisioning import logs
    from provisioning.cli.compose import build_services, seed_opener
    from provisioning.cli.start_up import refuse_unsafe_store
    from provisioning.rules.roles import Role
    from provisioning.settings import LogLevel
    from provisioning.settings_file import load_settings

    settings = load_settings(settings_file, {Role.VERIFIER})
    logs.configure(LogLevel.WARNING)
    services = build_services(settings, {Role.VERIFIER})
    opener = seed_opener(settings.vault, services.sealer.keys, writes=True)
    try:
        refuse_unsafe_store(str(settings_file), services)
        yield replace(services, opener=opener)
    finally:
        services.store.close()
        if opener.token is not None:
            opener.token.close()


def _unfinished(services: Services) -> str | None:
    """The key of a rotation that was ended, or the one in force while rows name another."""
    from provisioning.store.wrapped_rows import count_by_kek

    keys = services.sealer.keys
    with services.store.read() as tx:
        elsewhere = set(count_by_kek(tx)) - {keys.current()}
    return keys.target() or (keys.current() if elsewhere else None)


def _is_in_token(keys: KeyFolder, services: Services, kek_id: str, place: str | None) -> bool:
    if kek_id in keys.ids() or place == _FILE:
        return False
    assert services.opener is not None
    return place == _TOKEN or (services.opener.token is not None and not keys.holds_private(kek_id))


def _token(services: Services) -> Token:
    assert services.opener is not None
    if services.opener.token is None:
        raise HsmAway(HsmFault.TOKEN)
    return services.opener.token


def _status(services: Services) -> dict[str, Any]:
    from provisioning.store.kek import PublicKek
    from provisioning.store.wrapped_rows import count_by_kek

    keys = services.sealer.keys
    with services.store.read() as tx:
        rows = count_by_kek(tx)
    shown = []
    for kek_id in sorted({*keys.ids(), *rows}):
        half = "unknown here"
        if kek_id in keys.ids():
            in_token = PublicKek(kek_id, keys.public(kek_id)).in_token
            half = _TOKEN if in_token else _FILE if keys.holds_private(kek_id) else "elsewhere"
        marks = {"in_force": kek_id == keys.current(), "rotating_to": kek_id == keys.target()}
        shown.append({"kek_id": kek_id, "private_half": half, "rows": rows.get(kek_id, {}), **marks})
    return {"keys": shown, "rotating": keys.target() is not None}


def _tell(wrapped: int) -> None:
    click.echo(f"{wrapped} wrapped", err=True)
