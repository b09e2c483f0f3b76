"""`kagiya key certificates`: by which the roles know each other where each is a process of its own (R76)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from provisioning.rules.roles import Role
    from provisioning.verifier.certificates import Pair

_RENEWED: Final = timedelta(days=60)
_MONITOR: Final = "monitor"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--host", "hosts", multiple=True, help="Name or address of the verifier; may be given several times."
)
@click.option(
    "--for", "processes", multiple=True, help="ROLE[,ROLE] of one process; all, each alone, if not given."
)
@click.option(
    "--days", type=click.IntRange(1, 825), default=397, show_default=True, help="How long they are good."
)
@click.option("--renew", is_flag=True, help="Make anew also those that are good for more than 60 days.")
def certificates(folder: Path, hosts: Sequence[str], processes: Sequence[str], days: int, renew: bool) -> None:
    """Make an authority in FOLDER, and a certificate for each role; later: for each that ends within 60 days.

    Keep authority.key away from the servers, give each process its own pair and authority.pem.
    """
    from provisioning.rules.roles import Role

    now, life = datetime.now(UTC), timedelta(days=days)
    try:
        authority = _authority(folder, now)
        for name, roles in _wanted(processes):
            file = folder / f"{name}.pem"
            if not renew and _lasts(file, now):
                continue
            if Role.VERIFIER in roles and not hosts:
                raise click.UsageError("the verifier's certificate needs --host: how do others reach it?")
            _write(folder, name, _certified(authority, name, roles, hosts, now, life))
            click.echo(f"{file} {(now + life):%Y-%m-%d}")
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"the authority in {folder} cannot be used") from None


@click.command("revoke-certificate")
@click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("revoked", type=click.Path(dir_okay=False, path_type=Path))
def revoke_certificate(certificate: Path, revoked: Path) -> None:
    """Write CERTIFICATE's fingerprint into the file REVOKED; a verifier that has that file refuses it at once."""
    from cryptography import x509

    from provisioning.verifier.certificates import fingerprint

    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        with revoked.open("a", encoding="ascii") as stream:
            stream.write(f"{fingerprint(found)} {certificate.stem} {datetime.now(UTC):%Y-%m-%d}\n")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"{certificate} is no certificate") from None
    click.echo(fingerprint(found))


def _wanted(processes: Sequence[str]) -> Iterator[tuple[str, frozenset[Role]]]:
    """Name and roles of each certificate."""
    from provisioning.cli.role_certificates import file_name
    from provisioning.rules.roles import Role
    from provisioning.rules.verifier import ASKING

    if not processes:
        yield from ((role.value, frozenset({role})) for role in Role if role in ASKING | {Role.VERIFIER})
        yield _MONITOR, frozenset()
        return
    for text in processes:
        names = text.split(",")
        if names == [_MONITOR]:
            yield _MONITOR, frozenset()
            continue
        roles = frozenset(role for role in Role if role in names)
        alone = roles == {Role.VERIFIER}
        if len(roles) != len(names) or not (alone or roles <= ASKING):
            raise click.UsageError(
                f"{text!r} is not {_MONITOR}, {Role.VERIFIER}, or of {', '.join(sorted(ASKING))}"
            )
        yield file_name(roles), roles


def _authority(folder: Path, now: datetime) -> Pair:
    """Read, or made with an empty list of those revoked. Raises OSError, ValueError."""
    from provisioning.cli.role_certificates import AUTHORITY, REVOKED
    from provisioning.verifier.certificates import make_authority, read_pair

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key"
    if certificate.exists():
        return read_pair(certificate.read_bytes(), key.read_bytes())
    authority = make_authority(now)
    _write(folder, AUTHORITY, authority)
    (folder / REVOKED).touch(mode=0o644)
    return authority


def _certified(  # noqa: PLR0917 - what a certificate is made of
    authority: Pair, name: str, roles: frozenset[Role], hosts: Sequence[str], now: datetime, life: timedelta
) -> Pair:
    from provisioning.rules.roles import Role
    from provisioning.verifier.certificates import certify_roles, certify_verifier

    if Role.VERIFIER in roles:
        return certify_verifier(authority, hosts, now, life)
    return certify_roles(authority, name, roles, now, life)


def _lasts(file: Path, now: datetime) -> bool:
    from cryptography import x509

    if not file.exists():
        return False
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc - now > _RENEWED


def _write(folder: Path, name: str, pair: Pair) -> None:
    """The key first: a certificate never stands beside the key before it."""
    from provisioning.secret_files import write_secret

    fresh = folder / f".{name}.key.new"
    fresh.unlink(missing_ok=True)
    write_secret(fresh, pair.key_pem().strip())
    fresh.replace(folder / f"{name}.key")
    public = folder / f"{name}.pem"
    public.write_text(pair.certificate_pem(), encoding="ascii")
    public.chmod(0o644)
