"""`kagiya bench NAME`: measurements on this machine. They come with the source tree, not with the package."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any, Final

import click

_NO_RIG: Final = "the benchmarks are not installed here; run them from the source tree after `make test`"
_AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_NAMES: Final = ("servers", "verify", "setup", "import", "program", "guest", "pages", "audit", "vault", "timing")


@click.group()
def bench() -> None:
    """Measure this machine."""


def _command(name: str, about: str) -> click.Command:
    @click.command(name, help=about)
    @_AS_JSON
    def measure(*, as_json: bool) -> None:
        _show({name: _measured(name)}, as_json=as_json)

    return measure


for _name, _about in (
    ("servers", "Two WSGI servers before the same bare endpoints."),
    ("verify", "Codes checked per second, beside a bare endpoint that writes as much."),
    ("setup", "Apps set up per second."),
    ("import", "A maker's box of fobs with seeds, from its file into stock."),
    ("pages", "Server time of the staff console over the books of a large branch."),
    ("audit", "Sealing and verifying the audit log, and acts beside a worker that seals."),
    ("vault", "Codes verified with the vault's key in a file, and inside a PKCS#11 token."),
    ("timing", "Whether unknown, wrong and used can be told apart by the time of the answer."),
):
    bench.add_command(_command(_name, _about))


@bench.command("program")
@_AS_JSON
@click.option("--guest", "in_guest", is_flag=True, help="On the real USB stack, beside the makers' programs.")
def measure_writes(*, as_json: bool, in_guest: bool) -> None:
    """Time to write each kind of device, beside what wire and device need."""
    _show({"program": _measured("guest" if in_guest else "program")}, as_json=as_json)


@bench.command("all")
@_AS_JSON
def measure_all(*, as_json: bool) -> None:
    """Everything, one after another."""
    _show({name: _measured(name) for name in _NAMES}, as_json=as_json)


def _measured(name: str) -> list[Any]:
    try:
        measure = _measures()[name]
    except ImportError:
        raise click.ClickException(_NO_RIG) from None
    try:
        return measure()
    except RuntimeError as error:
        raise click.ClickException(f"{name}: {error}") from None


def _measures() -> dict[str, Callable[[], list[Any]]]:
    from tests.bench.audit import measure_audit
    from tests.bench.guest import measure_guest
    from tests.bench.pages import measure_pages
    from tests.bench.program import measure_program
    from tests.bench.setup import measure_setup
    from tests.bench.stock import measure_import
    from tests.bench.timing import measure_timing
    from tests.bench.vault import measure_vault
    from tests.bench.verify import measure_verify
    from tests.bench.wsgi import measure_servers

    return {
        "servers": measure_servers,
        "verify": measure_verify,
        "setup": measure_setup,
        "import": measure_import,
        "program": measure_program,
        "guest": measure_guest,
        "pages": measure_pages,
        "audit": measure_audit,
        "vault": measure_vault,
        "timing": measure_timing,
    }


def _show(results: dict[str, list[Any]], *, as_json: bool) -> None:
    from tests.bench.machine import this_machine
    from tests.bench.tables import as_text

    machine = this_machine()
    if as_json:
        document = {name: [dataclasses.asdict(row) for row in rows] for name, rows in results.items()}
        click.echo(json.dumps({"machine": dataclasses.asdict(machine), **document}, ensure_ascii=False))
        return
    click.echo(as_text(machine, results))
