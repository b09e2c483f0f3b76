"""Where an institution demands a second person for what an operator does, the command asks for it and ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from provisioning.services import Services

_Result = TypeVar("_Result")


def do_or_ask(do: Callable[[], _Result], ask: Callable[[], str]) -> _Result:
    """What `do` gives; where an approver has to allow it first, `ask` for it and say so, with exit code 1."""
    from provisioning.errors import ApprovalNeeded

    try:
        return do()
    except ApprovalNeeded:
        raise click.ClickException(_asked(ask)) from None


def _asked(ask: Callable[[], str]) -> str:
    from provisioning.errors import AlreadyTaken

    try:
        asked = f"an approver is asked for it now (request {ask()})"
    except AlreadyTaken:
        asked = "an approver is asked for it already"
    return (
        f"this takes a second person; {asked}. Nothing was done: once it is allowed, give the same command again"
    )


def take_profiles(file: str, services: Services, now: datetime) -> None:
    """What a server or a worker starts with is in force, or it does not start. Raises SettingsInvalid."""
    from provisioning.cli.compose import OPERATOR
    from provisioning.errors import SettingsInvalid
    from provisioning.institutions import profile_texts
    from provisioning.jobs.take_profile import profiles_to_take

    texts = profile_texts(services.settings.institutions)
    for institution_id in profiles_to_take(services, texts, OPERATOR, now):
        problem = f"{institution_id}.toml was changed, and the profile in force demands an approver for that"
        mend = f"Run `kagiya institutions change {institution_id}`, and start again once it is allowed."
        raise SettingsInvalid(file, "institutions.directory", problem, mend)
