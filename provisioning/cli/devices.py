"""What is attached to this desk, and why not: `devices`, `doctor`, `udev`, `profiles`. Imports no database."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from provisioning.cli.station import desk_settings

if TYPE_CHECKING:
    from devices.agent import StationConfig
    from devices.contract import DeviceSeen
    from devices.notices import Notice
    from devices.profiles import FirmwareProfile

_COLUMNS: Final = ("path", "transport", "profile", "serial", "firmware")
_RULES: Final = Path(__file__).parents[2] / "udev" / "70-kagiya.rules"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def devices(file: Path, *, as_json: bool) -> None:
    """List the key fobs attached here: path, transport, profile, serial, firmware, and what to know of each."""
    from devices.attach import survey

    desk = desk_config(file).desk()
    seen, known = survey(desk), {profile.name: profile for profile in desk.profiles}
    if as_json:
        click.echo(json.dumps([_facts(device, known.get(device.profile)) for device in seen], ensure_ascii=False))
        return
    for device in seen:
        click.echo(_row(device))
        for sentence in _sentences(known.get(device.profile)):
            click.echo(f"    {sentence}")
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


def _facts(device: DeviceSeen, profile: FirmwareProfile | None) -> dict[str, Any]:
    """The device as the station tells it, with the names of what is to be known of it."""
    return {**dataclasses.asdict(device), "notices": [notice.value for notice in _notices(profile)]}


def _sentences(profile: FirmwareProfile | None) -> list[str]:
    """What it can hold, and what must be known before anything is written."""
    from devices.notice_words import WORDS

    if profile is None:
        return []
    limits = profile.limits
    digits, periods = (", ".join(map(str, numbers)) for numbers in (limits.digits, limits.periods_s))
    holds = f"{', '.join(limits.otp_types)}: {', '.join(limits.algorithms)}; digits {digits}; seconds {periods}"
    return [holds, *(WORDS[_language()][notice] for notice in _notices(profile))]


def _notices(profile: FirmwareProfile | None) -> tuple[Notice, ...]:
    from devices.notices import notices
    from devices.profiles import OtpType

    if profile is None:
        return ()
    return notices(profile, OtpType.TOTP if OtpType.TOTP in profile.limits.otp_types else OtpType.HOTP)


def _row(device: DeviceSeen) -> str:
    facts = [str(getattr(device, column)) or "-" for column in _COLUMNS]
    return "  ".join([*facts, f"({device.problem.code})" if device.problem else "usable"])


def _language() -> str:
    spoken = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "ja" if spoken.startswith("ja") else "en"
