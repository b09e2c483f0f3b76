"""What is attached to this desk, and why not: `devices`, `doctor`, `udev`, `profiles`. Imports no database."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from provisioning.cli.station import desk_settings

if TYPE_CHECKING:
    from devices.agent import StationConfig
    from devices.contract import DeviceSeen

_COLUMNS: Final = ("path", "transport", "profile", "serial", "firmware")
_RULES: Final = Path(__file__).parents[2] / "udev" / "70-kagiya.rules"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def devices(file: Path, *, as_json: bool) -> None:
    """List the key fobs attached here: path, transport, profile, serial, firmware."""
    from devices.attach import survey

    seen = survey(desk_config(file).desk())
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(device) for device in seen], ensure_ascii=False))
        return
    for device in seen:
        click.echo(_row(device))
    if not seen:
        click.echo("no key fob is attached; `kagiya doctor` finds out why")


@click.command()
@click.pass_obj
def doctor(file: Path) -> int:
    """Find out why a device cannot be used, and what mends it."""
    from devices.doctor import diagnose
    from devices.doctor_words import sentence
    from devices.profile_files import load_profiles

    config = desk_config(file)
    findings = diagnose(load_profiles(config.profiles), config.cradles)
    for finding in findings:
        click.echo(sentence(finding, _language()))
    ill = [finding for finding in findings if not finding.is_fine]
    if ill:
        raise click.ClickException(f"{len(ill)} of {len(findings)} to be mended")
    return 0


@click.command()
@click.option("--check", is_flag=True, help="Compare with udev/70-kagiya.rules instead of printing.")
@click.pass_obj
def udev(file: Path, *, check: bool) -> None:
    """Print the udev rules that open the profiles' devices to the station's group."""
    from devices.profile_files import load_profiles
    from devices.udev import is_current, render

    profiles = load_profiles(desk_config(file).profiles)
    if not check:
        click.echo(render(profiles), nl=False)
    elif not is_current(_RULES, profiles):
        raise click.ClickException(f"{_RULES.name} is out of date; run `kagiya udev > udev/{_RULES.name}`")


@click.group()
def profiles() -> None:
    """Firmware profiles."""


@profiles.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def check(file: Path, files: tuple[Path, ...]) -> None:
    """Check FILES, or the profiles of this desk without any."""
    from devices.profile_files import check_files, load_profiles

    for profile in check_files(files) if files else load_profiles(desk_config(file).profiles):
        click.echo(f"{profile.name}: {profile.device.title}")


def desk_config(file: Path) -> StationConfig:
    """What the agent works with, from `[station]` of the settings."""
    from devices.agent import StationConfig
    from devices.profile_files import SHIPPED

    settings = desk_settings(file)
    return StationConfig(
        directory=settings.directory,
        poll_s=settings.poll_s,
        profiles=settings.profiles or SHIPPED,
        roots=settings.roots,
        cradles=settings.cradles,
    )


def _row(device: DeviceSeen) -> str:
    facts = [str(getattr(device, column)) or "-" for column in _COLUMNS]
    return "  ".join([*facts, f"({device.problem.code})" if device.problem else "usable"])


def _language() -> str:
    spoken = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "ja" if spoken.startswith("ja") else "en"
