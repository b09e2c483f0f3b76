"""Resynchronise a fob whose clock or counter has gone astray, by two consecutive codes (R07)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update

from provisioning.errors import ClockUntrusted, WrongState
from provisioning.jobs.ask_verifier import as_asked, ask, question_about
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.rules.actor import Actor
from provisioning.rules.otp import Match, Verdict
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.rules.verdict import Outcome
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential


@dataclass(frozen=True, slots=True)
class ResyncCommand:
    """`first` and `second` as read from the fob, one directly after the other."""

    institution_id: str
    credential_id: str
    first: str = field(repr=False)
    second: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class ResyncResult:
    """`drift_steps` is the drift learned; None where refused."""

    outcome: Outcome
    drift_steps: int | None = None


def resync(services: Services, command: ResyncCommand, now: datetime) -> ResyncResult:
    """Learn drift or counter from two fresh codes; they are spent. A suspension stays. No failure is counted.

    Codes that were accepted or seen before prove nothing. Raises BadInput (`first`, `second`), NotFound,
    WrongState for a soft token or one without a seed, ClockUntrusted, VaultError, StoreUnavailable.
    """
    services.clock.check(now)
    return until_settled(lambda: _round(services, command, now))


def _round(services: Services, command: ResyncCommand, now: datetime) -> ResyncResult:
    with services.store.read() as session:
        credential = own_row(session, Credential, command.credential_id, command.institution_id)
    if credential.kind is TokenKind.SOFT or credential.state is CredentialState.ENDED:
        raise WrongState("credential", credential.state.value)
    digits = credential.digits
    codes = (read_otp(command.first, digits, "first"), read_otp(command.second, digits, "second"))
    question = question_about(services, credential, Operation.RESYNC, codes, now)
    if question.expected.clock_is_behind(now):
        raise ClockUntrusted
    return _store(services, command, credential, ask(services, question), now)


@retried
def _store(
    services: Services, command: ResyncCommand, credential: Credential, found: Match, now: datetime
) -> ResyncResult:
    """Only if no code was accepted or seen meanwhile. What was refused is remembered."""
    counters = found.counters
    fresh = found.verdict is Verdict.FRESH
    result = ResyncResult(Outcome.ACCEPTED, counters.drift_steps) if fresh else ResyncResult(Outcome.REFUSED)
    learned = update(Credential).where(*as_asked(credential)).values(**dataclasses.asdict(counters))
    with services.store.write() as tx:
        if not changed_rows(tx, learned):
            raise Overtaken
        record(tx, services.audit_key, _audit(credential, command.actor, result, now))
    return result


def _audit(credential: Credential, actor: Actor, result: ResyncResult, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        actor,
        "resync",
        result.outcome.value,
        credential.institution_id,
        credential.customer_id,
        credential.id,
        credential.fob_id,
        facts={"drift_steps": result.drift_steps},
    )
