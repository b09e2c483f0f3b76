"""A profile is taken into force when a server or worker starts with it; a changed one takes what it says (R56)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.asked_stock import changed_profile
from provisioning.jobs.spend_approval import Sought, find_grant_of, spend_grant
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.profile_changes import changes
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import ProfileInForce


@dataclass(frozen=True, slots=True)
class TakeProfileCommand:
    """`text` is the whole file of a profile that can be used."""

    institution_id: str
    text: str
    actor: Actor

    @property
    def text_hash(self) -> bytes:
        """SHA-256 of the file."""
        return sha256(self.text.encode()).digest()


def profiles_to_take(services: Services, texts: Mapping[str, str], actor: Actor, now: datetime) -> list[str]:
    """Take each into force; answers the institutions whose change is not allowed (yet): these are not taken."""
    refused = []
    for institution_id, text in sorted(texts.items()):
        command = TakeProfileCommand(institution_id, text, actor)
        try:
            _take_once(services, command, now)
        except WrongState:
            refused.append(institution_id)
    return refused


def _take_once(services: Services, command: TakeProfileCommand, now: datetime) -> None:
    """Another process may be the first with the same; then there is nothing left to do."""
    try:
        _take(services, command, now)
    except IntegrityError:
        _take(services, command, now)


@retried
def _take(services: Services, command: TakeProfileCommand, now: datetime) -> None:
    with services.store.write() as tx:
        row = tx.get(ProfileInForce, command.institution_id, with_for_update=True)
        if row is not None and row.text_hash == command.text_hash:
            return
        if row is not None and row.change_needs_approval:
            command = _allowed(tx, services, row, command, now)
        if row is None:
            row = ProfileInForce(institution_id=command.institution_id)
            tx.add(row)
        rules = services.institution(command.institution_id).approval
        row.text, row.text_hash, row.since = command.text, command.text_hash, now
        row.change_needs_approval = rules.needs(ApprovedAct.CHANGE_PROFILE)
        facts = {"profile_sha256": row.text_hash.hex()}
        entry = AuditRecord(now, command.actor, "take_profile", "in_force", command.institution_id, facts=facts)
        record(tx, services.audit_key, entry)


def _allowed(
    tx: Session, services: Services, row: ProfileInForce, command: TakeProfileCommand, now: datetime
) -> TakeProfileCommand:
    """It is the profile in force that demands it, whatever the new one says."""
    asked = changed_profile(command.institution_id, command.text_hash, changes(row.text, command.text))
    sought = Sought(command.institution_id, command.actor, (ApprovedAct.CHANGE_PROFILE,), asked)
    granted = find_grant_of(tx, sought, now)
    if granted is None:
        raise WrongState("profile", "not_allowed")
    return replace(command, actor=spend_grant(tx, granted, sought, now))
