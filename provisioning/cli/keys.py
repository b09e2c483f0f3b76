"""`kagiya keys make`: fresh keys for a new server."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import click

_SECRET_KEYS: Final = ("audit.key", "address.key", "tickets.key", "access.key")


def make_keys(folder: Path) -> list[Path]:
    """Write a vault key pair and the other keys into `folder`, which must not have any yet.

    Raises FileExistsError and then changes nothing: a key that is in use must never be replaced.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from provisioning.secret_files import write_secret

    files = [folder / name for name in ("vault.pub", "vault.key", *_SECRET_KEYS)]
    for file in files:
        if file.exists():
            raise FileExistsError(str(file))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_key = X25519PrivateKey.generate()
    (folder / "vault.pub").write_text(private_key.public_key().public_bytes_raw().hex() + "\n", encoding="ascii")
    write_secret(folder / "vault.key", private_key.private_bytes_raw().hex())
    for name in _SECRET_KEYS:
        write_secret(folder / name, secrets.token_hex(32))
    return files


@click.group()
def keys() -> None:
    """Keys of the server."""


@keys.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def make(folder: Path) -> None:
    """Make fresh keys in FOLDER: vault key pair, audit, address, ticket and access-code keys."""
    try:
        files = make_keys(folder)
    except FileExistsError as error:
        raise click.ClickException(f"{error} exists; keys are never replaced") from None
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}") from None
    for file in files:
        click.echo(file)
