"""End a credential for ever: its seed is destroyed, and nothing that led to it can be used any more (R32)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.close_ticket import cancel_mails, forget_secrets, void_tickets
from provisioning.jobs.tell_of_end import tell_of_end
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState, Slot, TokenKind
from provisioning.services import Services
from provisioning.store.addresses import retire_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.journal import changed_rows, move_fob
from provisioning.store.slots import move_up, open_in
from provisioning.store.tables import (
    Credential,
    Fob,
    ProgrammingJob,
)

FREED: Final[dict[FobState, FobState]] = {
    FobState.RESERVED: FobState.IN_STOCK,
    # something may have been written: erase before it is stock again
    FobState.PROGRAMMING: FobState.RETURNED,
    FobState.PROGRAMMED: FobState.RETURNED,
    # still in the customer's pocket, but dead
    FobState.IN_USE: FobState.HANDED_OVER,
}
"""Where a fob goes when its credential ends; in the states not named here it stays."""


def end_credential(  # noqa: PLR0917 - part of other jobs' transactions
    tx: Session,
    services: Services,
    credential: Credential,
    how: EndedHow,
    actor: Actor,
    now: datetime,
    *,
    of_attempt: bool = False,
) -> None:
    """End `credential` within the caller's transaction. Raises WrongState if it ended already.

    A successor moves up into its place (R43); a release, by which the customer ends the use of tokens, ends the
    successor, too. Destroys the seed, frees the fob (LOST: the fob is lost too), abandons open programming jobs,
    voids tickets, cancels queued mails. If the token was in use, the transfer limit is lowered, the host and the
    customer are told. With `of_attempt` the caller, ending one attempt to write a fob, closes the job and moves
    the fob itself.
    """
    tx.flush()
    was_used = credential.activated_at is not None
    _destroy_seed(tx, credential, how, actor, now)
    if not of_attempt:
        _free_fob(tx, credential, how, actor, now)
        _abandon_jobs(tx, credential.id, now)
    forget_secrets(tx, credential.id)
    void_tickets(tx, credential.id, now)
    cancel_mails(tx, credential.id)
    tx.refresh(credential)
    record(tx, services.audit_key, _audit(credential, how, actor, now))
    goes_on = _goes_on(tx, services, credential, actor, now)
    # last but for the address, which is told too: the host's count is held from there to the commit
    if was_used:
        tell_of_end(tx, services, credential, how, actor, now)
    if credential.kind is TokenKind.SOFT and not goes_on:
        retire_address(tx, credential.customer_id, AddressUse.TOKEN, now)


def _goes_on(tx: Session, services: Services, ended: Credential, actor: Actor, now: datetime) -> bool:
    """Whether the customer still has a token: the one in use, its successor, or one that just moved up."""
    if ended.slot is Slot.SUCCESSOR or ended.ended_how is EndedHow.REPLACED:
        return True
    if ended.ended_how is not EndedHow.RELEASED:
        return move_up(tx, ended.customer_id)
    successor = open_in(tx, ended.customer_id, Slot.SUCCESSOR)
    if successor is not None:
        end_credential(tx, services, successor, EndedHow.CANCELLED, actor, now)
    return False


def _destroy_seed(tx: Session, credential: Credential, how: EndedHow, actor: Actor, now: datetime) -> None:
    ended = update(Credential).where(Credential.id == credential.id, Credential.state != CredentialState.ENDED)
    ended = ended.values(
        state=CredentialState.ENDED,
        ended_how=how,
        ended_by=actor.kind.value,
        ended_at=now,
        resume_state=None,
        sealed_seed=None,
        wrapped_key=None,
        kek_id=None,
    )
    if not changed_rows(tx, ended):
        raise WrongState("credential", CredentialState.ENDED.value)


def _free_fob(tx: Session, credential: Credential, how: EndedHow, actor: Actor, now: datetime) -> None:
    if credential.fob_id is None:
        return
    state = tx.scalars(select(Fob.state).where(Fob.id == credential.fob_id)).one()
    to = FobState.LOST if how is EndedHow.LOST else FREED.get(state)
    if to is not None:
        move_fob(tx, credential.fob_id, to, actor, now, only_from={state})


def _abandon_jobs(tx: Session, credential_id: str, now: datetime) -> None:
    open_jobs = update(ProgrammingJob).where(
        ProgrammingJob.credential_id == credential_id, ProgrammingJob.closed_at.is_(None)
    )
    tx.execute(open_jobs.values(state=JobState.ABANDONED, closed_at=now))


def _audit(credential: Credential, how: EndedHow, actor: Actor, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        actor,
        "end_credential",
        how.value,
        credential.institution_id,
        customer_id=credential.customer_id,
        credential_id=credential.id,
        fob_id=credential.fob_id,
        facts={"kind": credential.kind.value},
    )
