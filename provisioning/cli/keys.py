"""`kagiya key`: fresh keys for a new server, and the next ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from provisioning.cli.certificates import certificates, revoke_certificate
from provisioning.cli.key_ceremony import ceremony
from provisioning.cli.key_rotation import retire, rotate, status

_SECRET_KEYS: Final = ("audit.key", "tickets.key", "station.key")


def make_keys(folder: Path, kek_id: str = "kek-1") -> list[Path]:
    """Write the vault's first key, the first of addresses and the others into `folder`, all new.

    Raises FileExistsError and then changes nothing: a key that is in use must never be replaced.
    """
    from provisioning.secret_files import write_secret
    from provisioning.store.address_keys import FIRST

    vault = tuple(f"vault/{name}" for name in (f"{kek_id}.key", f"{kek_id}.pub", "current", "access.sealed"))
    address = tuple(f"address/{name}" for name in (f"{FIRST}.key", "current"))
    files = [folder / name for name in (*vault, *address, "checkpoint.pub", "checkpoint.key", *_SECRET_KEYS)]
    for file in files:
        if file.exists():
            raise FileExistsError(str(file))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_vault(folder / "vault", kek_id)
    make_first_address_key(folder / "address")
    make_signing_key(folder, "checkpoint")
    for name in _SECRET_KEYS:
        write_secret(folder / name, secrets.token_hex(32))
    return files


def make_vault(folder: Path, kek_id: str) -> None:
    """Put a first key-encryption key into the new `folder` and in force; draw what access codes follow from."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from provisioning.store.access_codes import AccessSecret
    from provisioning.store.key_folder import KeyFolder
    from provisioning.store.vault import SeedSealer

    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    keys, private_key = KeyFolder(folder), X25519PrivateKey.generate()
    keys.write_private(kek_id, private_key.private_bytes_raw())
    keys.write_public(kek_id, private_key.public_key().public_bytes_raw())
    keys.put_in_force(kek_id)
    AccessSecret(keys).draw(SeedSealer(keys))


def make_first_address_key(folder: Path) -> None:
    """Write the first key of mail addresses into the new `folder`, and put it in force."""
    from provisioning.store.address_keys import FIRST, AddressKeys

    folder.mkdir(mode=0o700)
    keys = AddressKeys(folder)
    keys.make(FIRST)
    keys.put_in_force(FIRST)


def make_signing_key(folder: Path, name: str) -> list[Path]:
    """Write a key pair for checkpoints of the audit log, or for minutes, into `folder`. Raises FileExistsError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from provisioning.secret_files import write_secret

    private_key = Ed25519PrivateKey.generate()
    secret, public = folder / f"{name}.key", folder / f"{name}.pub"
    write_secret(secret, private_key.private_bytes_raw().hex())
    public.write_text(private_key.public_key().public_bytes_raw().hex() + "\n", encoding="ascii")
    public.chmod(0o644)
    return [secret, public]


def make_secret_key(folder: Path, name: str) -> list[Path]:
    """Write a key for the audit log's keyed hashes, or for answers to stations. Raises FileExistsError."""
    from provisioning.secret_files import write_secret

    secret = folder / f"{name}.key"
    write_secret(secret, secrets.token_hex(32))
    return [secret]


def device_access_code(settings_file: Path, profile: str, serial: str) -> str:
    """What opens a device that a station has locked, as its maker's own program takes it.

    Needs the settings file and keys of role verifier, no database. Raises SettingsInvalid, LookupError, and
    VaultError.
    """
    from devices.drivers.access_codes import FORMS
    from provisioning.cli.compose import firmware_profiles, seed_opener
    from provisioning.rules.roles import Role
    from provisioning.settings_file import load_settings
    from provisioning.store.access_codes import AccessSecret
    from provisioning.store.key_folder import KeyFolder

    settings = load_settings(settings_file, {Role.VERIFIER})
    known = firmware_profiles(settings.station).get(profile)
    if known is None or known.driver.family not in FORMS:
        raise LookupError(profile)
    keys = KeyFolder(settings.vault.directory, str(settings_file))
    opener = seed_opener(settings.vault, keys)
    try:
        return FORMS[known.driver.family](AccessSecret(keys).code(opener, profile, serial))
    finally:
        if opener.token is not None:
            opener.token.close()


@click.group()
def key() -> None:
    """Keys of the server."""


key.add_command(rotate)
key.add_command(status)
key.add_command(retire)
key.add_command(ceremony)


@key.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def make(folder: Path) -> None:
    """Make fresh keys in FOLDER: for vault, checkpoints, audit log, addresses, tickets, access codes, stations."""
    _show_made(folder, lambda: make_keys(folder))


@key.command("next")
@click.argument("purpose", type=click.Choice(["audit", "checkpoint", "station", "signer"]))
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.argument("name")
def make_next(purpose: str, folder: Path, name: str) -> None:
    """Make FOLDER/NAME.key, the next key for PURPOSE; `signer` signs minutes of key ceremonies."""
    signing = dict.fromkeys(("checkpoint", "signer"), make_signing_key)
    makers = {"audit": make_secret_key, "station": make_secret_key, **signing}
    _show_made(folder, lambda: makers[purpose](folder, name))


def _show_made(folder: Path, make: Callable[[], list[Path]]) -> None:
    try:
        files = make()
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename or error} exists; keys are never replaced") from None
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}") from None
    for file in files:
        click.echo(file)


@key.command("access-code")
@click.argument("profile")
@click.argument("serial")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def access_code(settings: Path, profile: str, serial: str, file: Path) -> None:
    """Write the access code of the device PROFILE SERIAL into the new FILE, for its maker's own program.

    For the day on which no station of ours can open it any more. The code is never shown; needs no database.
    """
    from provisioning.secret_files import write_secret

    try:
        write_secret(file, device_access_code(settings, profile, serial))
    except LookupError:
        raise click.ClickException(f"no kind of device called {profile} is locked with an access code") from None
    except FileExistsError:
        raise click.ClickException(f"{file} exists") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    click.echo(file)


@key.command("access-secret")
@click.option(
    "--give-up-locked", is_flag=True, help="Go on although devices are locked: none of them opens again."
)
@click.pass_obj
def access_secret(settings: Path, /, *, give_up_locked: bool) -> None:
    """Draw what access codes follow from, for a vault that has none: one of an older version.

    It is sealed under the key in force; copy it to the other verifiers. Refused where there is one, and while
    devices are locked with codes that followed from another.
    """
    from provisioning.cli.compose import operator_services
    from provisioning.store.access_codes import AccessSecret
    from provisioning.store.queries.locked_fobs import count_locked_fobs

    services = operator_services(settings)
    try:
        locked = 0 if give_up_locked else count_locked_fobs(services.store)
        if locked:
            problem = f"{locked} devices are locked with codes that follow from what is missing"
            raise click.ClickException(f"{problem}; put it back from the backup, or let stations erase them first")
        _show_made(
            services.sealer.keys.directory, lambda: [AccessSecret(services.sealer.keys).draw(services.sealer)]
        )
    finally:
        services.store.close()


key.add_command(certificates)
key.add_command(revoke_certificate)
