"""`kagiya worker`: sends mail and does what falls due. Several may run; each mail and each expiry is one's own."""

from __future__ import annotations

from pathlib import Path

import click

from provisioning.rules.roles import Role


@click.command()
@click.pass_obj
def worker(file: Path) -> None:
    """Send mail and do what falls due, until stopped."""
    from provisioning import logs
    from provisioning.cli.start_up import refuse_unsafe_settings, refuse_unsafe_store
    from provisioning.settings_file import load_settings

    settings = load_settings(file, {Role.WORKER})
    refuse_unsafe_settings(str(file), settings)
    from provisioning.cli.approvals import take_profiles
    from provisioning.cli.chores import smtp_mailer, work
    from provisioning.cli.compose import build_services, utc_now
    from provisioning.cli.signals import stop_by_signal

    services = build_services(settings, {Role.WORKER})
    refuse_unsafe_store(str(file), services)
    take_profiles(str(file), services, utc_now())
    logs.configure(settings.server.log_level)
    work(services, smtp_mailer(settings.mail), utc_now, stop_by_signal())
    services.store.close()
