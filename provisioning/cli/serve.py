"""`kagiya serve`: the production server. Processes are forked; each opens its database after the fork."""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import SHOWS_PAGES, Role
from provisioning.settings import Settings

_SERVED: Final = tuple(role for role in Role if role is not Role.WORKER)
_THREADS_PAGES: Final = 8
_THREADS_INTERFACES: Final = 2


class RolesType(click.ParamType[frozenset[Role]]):
    """`staff,customer`: roles of one process."""

    name = "roles"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[Role]:
        """The roles in a comma-separated list; anything else is wrong usage."""
        if isinstance(value, frozenset):
            return value
        names = [name.strip() for name in str(value).split(",")]
        for name in names:
            if name not in _SERVED:
                self.fail(f"{name!r} is not one of {', '.join(_SERVED)}", param, ctx)
        return frozenset(Role(name) for name in names)


class BindType(click.ParamType[tuple[str, int]]):
    """`HOST:PORT` with a numeric address or localhost."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Address and port to listen on."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        host = "127.0.0.1" if host == "localhost" else host.strip("[]")
        try:
            return str(ipaddress.ip_address(host)), _port(port)
        except ValueError:
            self.fail(f"{value!r} is not ADDRESS:PORT", param, ctx)


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 2**16:
        raise ValueError(port)
    return port


@dataclass(frozen=True)
class Plan:
    """What the parent hands to the processes it forks."""

    file: Path
    settings: Settings
    roles: frozenset[Role]

    def load(self) -> Callable[..., Any]:
        """Runs in the worker: opens what must not be shared across a fork and returns the application."""
        from provisioning import logs
        from provisioning.cli.compose import build_services, utc_now
        from provisioning.cli.request_log import RequestLog
        from web.app import create_app

        logs.configure(self.settings.server.log_level)
        services = build_services(self.settings, self.roles)
        return RequestLog(create_app(services, self.roles, utc_now))

    def check(self) -> None:
        """Raises KagiyaError where production must not start."""
        from provisioning.cli.approvals import take_profiles
        from provisioning.cli.compose import build_services, utc_now
        from provisioning.cli.start_up import refuse_unsafe_store, refuse_unsafe_token

        services = build_services(self.settings, self.roles)
        try:
            refuse_unsafe_store(str(self.file), services)
            refuse_unsafe_token(str(self.file), services)
            take_profiles(str(self.file), services, utc_now())
        finally:
            services.store.close()


@click.command()
@click.option("--role", "roles", type=RolesType(), required=True, help="ROLE[,ROLE]: " + ", ".join(_SERVED))
@click.option("--bind", type=BindType(), default="127.0.0.1:8700", show_default=True, help="Address to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1, 64), help="Threads a process; chosen by the roles if not given.")
@click.pass_obj
def serve(file: Path, roles: frozenset[Role], bind: tuple[str, int], workers: int, threads: int | None) -> None:
    """Serve these roles over HTTP."""
    from provisioning.cli.start_up import (
        refuse_address_without_passkeys,
        refuse_unsafe_settings,
        refuse_unusable_tls,
        refuse_without_verifier,
    )
    from provisioning.settings_file import load_settings

    settings = load_settings(file, roles)
    refuse_unsafe_settings(str(file), settings)
    refuse_unusable_tls(str(file), settings.server)
    refuse_address_without_passkeys(str(file), settings.server, roles)
    if roles != {Role.VERIFIER}:
        _refuse_open_http(file, settings, bind[0])
    refuse_without_verifier(str(file), settings, roles)
    plan = Plan(file, settings, roles)
    check = _begin_in_a_child(plan.check)
    with TemporaryDirectory(prefix="kagiya-metrics-") as counters:
        # read by the metrics when they are imported: a scrape of one process then tells of all
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters
        _serve(plan, bind, check, Pool(workers, threads))


@dataclass(frozen=True, slots=True)
class Pool:
    """How many processes, and threads in each; None: chosen by the roles."""

    workers: int
    threads: int | None

    def threads_for(self, roles: frozenset[Role]) -> int:
        """Pages keep a thread for a stream of progress or a password's hash; codes are checked best by few."""
        return self.threads or (_THREADS_PAGES if roles & SHOWS_PAGES else _THREADS_INTERFACES)


def _serve(plan: Plan, bind: tuple[str, int], check: BaseProcess, pool: Pool) -> None:
    from provisioning import logs

    _import_shared(plan)  # while the child checks
    from provisioning.cli import wsgi

    _end(check)
    logs.configure(plan.settings.server.log_level)
    threads = pool.threads_for(plan.roles)
    tls = wsgi.Tls.of(plan.settings.server)
    if plan.settings.verifier and plan.roles == {Role.VERIFIER}:
        from provisioning.cli.role_certificates import RoleFiles

        files = RoleFiles.of(plan.settings.verifier, plan.roles)
        tls = wsgi.Tls(files.certificate, files.key, clients=files.authority)
    wsgi.serve_processes(plan.load, bind, workers=pool.workers, threads=threads, tls=tls)


def _import_shared(plan: Plan) -> None:
    """What is imported before the fork is shared by the processes, and they are ready at once."""
    from provisioning.cli import compose, request_log  # noqa: F401 - for what importing them does
    from provisioning.store.engine import import_driver
    from web.app import import_parts

    import_driver(plan.settings.store.url)
    import_parts(plan.roles)


def _refuse_open_http(file: Path, settings: Settings, host: str) -> None:
    """Codes and passwords cross a network only under TLS: ours, or that of a proxy which is told to us."""
    if (
        ipaddress.ip_address(host).is_loopback
        or settings.server.tls_certificate
        or settings.server.trusted_proxies
    ):
        return
    mend = "Name a certificate, or count the TLS proxies before this server in server.trusted_proxies."
    raise SettingsInvalid(
        str(file), "server.tls_certificate_file", f"is missing, but {host} is not loopback", mend
    )


def _begin_in_a_child(check: Callable[[], None]) -> BaseProcess:
    """Start a check whose imports and connections the server processes are not to inherit."""
    child = multiprocessing.get_context("fork").Process(target=_report, args=(check,))
    child.start()
    return child


def _end(check: BaseProcess) -> None:
    check.join()
    if check.exitcode:
        raise click.exceptions.Exit(check.exitcode)


def _report(check: Callable[[], None]) -> None:
    from provisioning.cli.group import failing_with_words

    sys.exit(failing_with_words(check))
