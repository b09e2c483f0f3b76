"""A second person is asked to allow the change of an institution's profile (R56)."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import WrongState
from provisioning.jobs.ask_approval import ask_for
from provisioning.jobs.asked_stock import changed_profile
from provisioning.jobs.take_profile import TakeProfileCommand
from provisioning.rules.profile_changes import changes
from provisioning.services import Services
from provisioning.store.tables import ProfileInForce


def ask_to_change(services: Services, command: TakeProfileCommand, now: datetime) -> str:
    """Ask for this very file; the request's id.

    Raises WrongState("profile", "in_force") for one that needs nobody, AlreadyTaken("approval").
    """
    with services.store.read() as session:
        row = session.get(ProfileInForce, command.institution_id)
        if row is None or not row.change_needs_approval or row.text_hash == command.text_hash:
            raise WrongState("profile", "in_force")
        asked = changed_profile(command.institution_id, command.text_hash, changes(row.text, command.text))
    return ask_for(services, command.institution_id, command.actor, asked, now)
