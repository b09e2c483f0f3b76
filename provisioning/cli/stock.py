"""`kagiya stock`: fobs that come with a seed, from their maker's file into stock and out again (RFC 6030)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from provisioning.jobs.import_pskc import ImportView
    from provisioning.pskc.ciphers import FileKey, Passphrase
    from provisioning.pskc_refusals import PskcRefused

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_INSTITUTION: Final = click.option("--institution", required=True, help="ID of the institution's profile.")
_KEY_BYTES: Final = (16, 24, 32)


@click.group()
def stock() -> None:
    """Fobs with seeds from their maker, as PSKC files (RFC 6030)."""


@stock.command("import")
@click.argument("file", type=_FILE)
@_INSTITUTION
@click.option("--passphrase-file", type=_FILE, help="The file's passphrase, readable by its owner alone.")
@click.option("--key-file", type=_FILE, help="The file's key in hexadecimal digits, readable by its owner alone.")
@click.option("--branch", help="Where the fobs are; the institution's first branch unless told.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and what is in the way.")
@click.pass_obj
def import_(  # noqa: PLR0917 - click's order
    settings_file: Path,
    /,
    file: Path,
    institution: str,
    passphrase_file: Path | None,
    key_file: Path | None,
    branch: str | None,
    *,
    dry_run: bool,
) -> None:
    """Take every fob of FILE into stock with its seed, or none of them."""
    from provisioning.cli.approvals import do_or_ask
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.import_pskc import ImportPskcCommand, ask_to_import, import_pskc, look_into_pskc
    from provisioning.pskc_refusals import PskcRefused

    given = _file_key(passphrase_file, key_file)
    services = operator_services(settings_file)
    at = services.institution(institution).branches[0] if branch is None else branch
    command = ImportPskcCommand(institution, at, _content(file), given, OPERATOR)
    try:
        view = do_or_ask(
            lambda: (look_into_pskc if dry_run else import_pskc)(services, command, utc_now()),
            lambda: ask_to_import(services, command, utc_now()),
        )
    except PskcRefused as refused:
        raise _refusal(file, refused) from None
    _show(view, "would be imported" if dry_run else "imported")
    if view.refusals:
        raise _refusal(file, PskcRefused(view.refusals))


@stock.command()
@click.argument("file", type=_FILE)
@_INSTITUTION
@click.option("--passphrase-file", type=_FILE, required=True, help="A passphrase, readable by its owner alone.")
@click.pass_obj
def export(settings_file: Path, /, file: Path, institution: str, passphrase_file: Path) -> None:
    """Write the seeds of the fobs in stock that came with one into the new FILE. Needs the verifier's key."""
    from provisioning.cli.approvals import do_or_ask
    from provisioning.cli.compose import OPERATOR, build_services, utc_now
    from provisioning.jobs.export_pskc import ExportPskcCommand, ask_to_export, export_pskc
    from provisioning.rules.roles import Role
    from provisioning.settings_file import load_settings

    command = ExportPskcCommand(institution, _passphrase(passphrase_file), OPERATOR)
    services = build_services(load_settings(settings_file, {Role.VERIFIER}), {Role.VERIFIER})
    count = do_or_ask(
        lambda: export_pskc(services, command, lambda data: _keep(file, data), utc_now()),
        lambda: ask_to_export(services, command, utc_now()),
    )
    click.echo(f"{count} seeds exported to {file}")


def _file_key(passphrase_file: Path | None, key_file: Path | None) -> FileKey:
    from provisioning.pskc.ciphers import SharedKey
    from provisioning.secret_files import read_secret

    if passphrase_file is not None and key_file is None:
        return _passphrase(passphrase_file)
    if key_file is None or passphrase_file is not None:
        raise click.UsageError("give one of --passphrase-file and --key-file")
    try:
        key = bytes.fromhex(read_secret("command line", "--key-file", key_file))
    except ValueError:
        key = b""
    if len(key) not in _KEY_BYTES:
        raise click.ClickException(f"{key_file} does not hold 32, 48 or 64 hexadecimal digits")
    return SharedKey(key)


def _passphrase(file: Path) -> Passphrase:
    from provisioning.pskc.ciphers import Passphrase
    from provisioning.secret_files import read_secret

    return Passphrase(read_secret("command line", "--passphrase-file", file))


def _content(file: Path) -> bytes:
    from provisioning.pskc.markup import MAX_BYTES

    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _keep(file: Path, data: bytes) -> None:
    """On disk, for its owner alone, before anything says so; a file that is there stays as it is."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _refusal(file: Path, refused: PskcRefused) -> click.ClickException:
    from provisioning.cli.words import sentence

    return click.ClickException(f"{file}: {sentence(refused)}")


def _show(view: ImportView, done: str) -> None:
    from provisioning.cli.words import pskc_refusal

    click.echo(f"{view.count} fobs {done}" + (f", {view.first} to {view.last}" if view.count else ""))
    for maker, otp, count in view.keys:
        step = f", {otp.period_s} s" if otp.period_s else ""
        click.echo(
            f"  {maker}: {count} {otp.otp_type.upper()}, {otp.algorithm.upper()}, {otp.digits} digits{step}"
        )
    for refusal in view.refusals:
        click.echo(f"  in the way: {pskc_refusal(refusal)}")
