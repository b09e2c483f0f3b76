"""Resynchronise a fob whose clock or counter has gone astray, by two consecutive codes (R07)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from provisioning.errors import ClockUntrusted, WrongState
from provisioning.jobs.ask_verifier import question_about, verifier_of
from provisioning.jobs.find_credential import find_credential
from provisioning.rules.otp import Match, Verdict
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.rules.verdict import Outcome
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.audit import Actor, AuditRecord, record
from provisioning.store.conflicts import retried
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


@retried
def resync(services: Services, command: ResyncCommand, now: datetime) -> ResyncResult:
    """Learn drift or counter from two fresh codes; they are spent. A suspension stays. No failure is counted.

    Codes that were accepted or seen before prove nothing. Raises BadInput (`first`, `second`), NotFound,
    WrongState for a soft token or one without a seed, ClockUntrusted.
    """
    services.clock.check(now)
    with services.store.write() as tx:
        credential = find_credential(tx, command.institution_id, command.credential_id, to_judge=True)
        if credential.kind is TokenKind.SOFT or credential.state is CredentialState.ENDED:
            raise WrongState("credential", credential.state.value)
        digits = credential.digits
        codes = (read_otp(command.first, digits, "first"), read_otp(command.second, digits, "second"))
        question = question_about(services, credential, Operation.RESYNC, codes, now)
        if question.expected.clock_is_behind(now):
            raise ClockUntrusted
        found = verifier_of(services).judge(question)
        result = _store(credential, found)
        record(tx, services.audit_key, _audit(credential, command.actor, result, now))
    return result


def _store(credential: Credential, found: Match) -> ResyncResult:
    """The row is ours until the end: no code is accepted or seen meanwhile. What was refused is remembered."""
    counters = found.counters
    credential.last_step = counters.last_step
    credential.highest_seen_step = counters.highest_seen_step
    credential.drift_steps = counters.drift_steps
    if found.verdict is Verdict.FRESH:
        return ResyncResult(Outcome.ACCEPTED, counters.drift_steps)
    return ResyncResult(Outcome.REFUSED)


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
