"""The table of subcommands, loaded lazily, and the one place where errors become an exit code and a line."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click

REFUSED: Final = 1

COMMANDS: Final[dict[str, str]] = {
    "demo": "provisioning.cli.demo:demo",
    "serve": "provisioning.cli.serve:serve",
    "worker": "provisioning.cli.worker:worker",
    "returned-mail": "provisioning.cli.returned_mail:returned_mail",
    "audit": "provisioning.cli.audit:audit",
    "breach-list": "provisioning.cli.breach_list:breach_list",
    "db": "provisioning.cli.db:db",
    "key": "provisioning.cli.keys:key",
    "staff": "provisioning.cli.staff:staff",
    "company": "provisioning.cli.company:company",
    "customer": "provisioning.cli.customer:customer",
    "bank-client": "provisioning.cli.bank_client:bank_client",
    "stock": "provisioning.cli.stock:stock",
    "station": "provisioning.cli.station:station",
    "devices": "provisioning.cli.devices:devices",
    "doctor": "provisioning.cli.devices:doctor",
    "udev": "provisioning.cli.devices:udev",
    "profiles": "provisioning.cli.devices:profiles",
    "institutions": "provisioning.cli.institutions:institutions",
    "bench": "provisioning.cli.bench:bench",
}
"""Name to `module:command`. A module is imported when its command runs, or to show its one line of help."""


class LazyGroup(click.Group):
    """A group that imports a command only when somebody asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by its name, or None."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="KAGIYA_SETTINGS",
    default=Path("kagiya.toml"),
    show_default=True,
    help="Settings file (or environment variable KAGIYA_SETTINGS).",
)
@click.version_option(package_name="kagiya", message="%(version)s")
@click.pass_context
def kagiya(ctx: click.Context, settings: Path) -> None:
    """Puts one-time-password tokens into the hands of a bank's customers."""
    os.umask(0o077)  # what this program writes is for its own account
    ctx.obj = settings


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; a failure is one line on standard error."""
    try:
        result = kagiya.main(list(arguments), prog_name="kagiya", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        return _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted")
    except Exception as error:  # noqa: BLE001 - the edge of the process; every failure becomes one line
        return _fail(_words(error))
    return result if isinstance(result, int) else 0


def failing_with_words(act: Callable[[], None]) -> int:
    """Run `act` in a process of its own: its exit code, and a line on standard error if it failed."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the edge of the process; every failure becomes one line
        return _fail(_words(error))
    return 0


def _words(error: Exception) -> str:
    from provisioning.cli.words import sentence

    return sentence(error)


def _fail(words: str) -> int:
    click.echo(f"kagiya: {' '.join(words.split())}", err=True)
    return REFUSED
