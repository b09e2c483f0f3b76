"""Judge one typed code: the act that verification, activation and release share (design §5, "Verify").

Read the row, end the read, ask the verifier, then one conditional write with its audit row in a
transaction of its own. Where that write finds the row changed, everything is judged anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from provisioning.errors import ClockUntrusted
from provisioning.jobs.ask_verifier import ask, verifier_of
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.rules.actor import Actor
from provisioning.rules.identifiers import lookup_name
from provisioning.rules.institution import Institution
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.otp import Counters, Expected, Match, Tolerance, Verdict
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import CredentialState, EndedHow, Slot, TokenKind
from provisioning.rules.timetable import wait_after_revocation
from provisioning.rules.verdict import Outcome, Reason
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, audit_row, write_row
from provisioning.store.conflicts import retried
from provisioning.store.line import JoinedLine, Line
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.vault import SealedSeed
from provisioning.store.verification import (
    NoCredential,
    Standing,
    accept,
    accept_and_record,
    count_wrong,
    current_is_suspended,
    read_standing,
    remember,
)
from provisioning.verifier.questions import CodeQuestion


class Use(StrEnum):
    """What the code is for; also the act's name in the audit."""

    VERIFY = "verify"
    ACTIVATE = "activate"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class TypedCode:
    """A code somebody typed. `on_accept` runs inside the deciding transaction."""

    use: Use
    institution_id: str
    user_id: str
    otp: str = field(repr=False)
    actor: Actor
    on_accept: Callable[[JoinedLine, Standing], None] | None = None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The decision. `reason` is None when accepted; `tries_left` is None where nothing is counted."""

    outcome: Outcome
    reason: Reason | None = None
    customer_id: str | None = None
    credential_id: str | None = None
    suspended_now: bool = False
    tries_left: int | None = None


def judge_code(services: Services, typed: TypedCode, now: datetime) -> VerifyResult:
    """Decide one code. Raises BadInput for its form (nothing is counted), StoreUnavailable, VaultError."""
    institution = services.institution(typed.institution_id)
    lookup_name(typed.user_id, "user_id")
    read_otp(typed.otp)
    bench = _Bench(services, institution, typed, now)
    return until_settled(lambda: _round(bench))


@retried
def _round(bench: _Bench) -> VerifyResult:
    return bench.judge()


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the judgement was based on. `found` is None where no code was compared."""

    standing: Standing | NoCredential | None
    reason: Reason | None
    found: Match | None

    @property
    def is_fresh(self) -> bool:
        """Whether a step is to be taken."""
        return self.reason is None and self.found is not None and self.found.verdict is Verdict.FRESH


@dataclass(frozen=True, slots=True)
class _Bench:
    """One code before its judge. Each method raises Overtaken if the row changed under its feet."""

    services: Services
    institution: Institution
    typed: TypedCode
    now: datetime

    def judge(self) -> VerifyResult:
        with self.services.store.line() as line:
            to_activate = self.typed.use is Use.ACTIVATE
            standing = read_standing(line, self.institution, self.typed.user_id, to_activate=to_activate)
        judged = self._compare(standing)
        if self.typed.on_accept is None or not judged.is_fresh:
            with self.services.store.line() as line:
                return self._settle(line, judged)
        # what follows an acceptance uses SQLAlchemy, within the same transaction
        with self.services.store.write_connection() as connection:
            return self._settle(JoinedLine(connection), judged)

    def _compare(self, standing: Standing | NoCredential | None) -> _Judged:
        """No connection is held meanwhile, however long the verifier takes: others need them."""
        known = standing.expected.parameters if isinstance(standing, Standing) else self.institution.otp
        read_otp(self.typed.otp, known.digits)
        reason = self._reason_before_matching(standing)
        try:
            if reason is not Reason.CLOCK and isinstance(standing, Standing) and standing.sealed is not None:
                return _Judged(standing, reason, ask(self.services, self._question(standing, standing.sealed)))
            # an unknown user takes as long as a wrong code (R09)
            decoy = Expected(self.institution.otp, Tolerance.of(self.institution, TokenKind.SOFT))
            verifier_of(self.services).decoy(self._operation, decoy, self.typed.otp, self.now)
        except ClockUntrusted:  # the verifier's own, or it differs from ours
            reason = Reason.CLOCK
        return _Judged(standing, reason or Reason.NOT_ACTIVE, None)

    @property
    def _operation(self) -> Operation:
        return Operation(self.typed.use.value)

    def _question(self, standing: Standing, sealed: SealedSeed) -> CodeQuestion:
        codes = (self.typed.otp,)
        return CodeQuestion(self._operation, sealed, standing.context, standing.expected, codes, self.now)

    def _settle(self, line: Line, judged: _Judged) -> VerifyResult:
        standing, reason, found = judged.standing, judged.reason, judged.found
        if reason is not None or found is None or not isinstance(standing, Standing):
            return self._refuse(line, standing, reason or Reason.NOT_ACTIVE, found)
        if found.verdict is Verdict.FRESH:
            return self._accept(line, standing, found)
        if found.verdict is Verdict.WRONG:
            return self._count(line, standing, found)
        return self._refuse(line, standing, Reason.USED, found)

    def _reason_without_credential(self, ended: NoCredential) -> Reason:
        if ended.ended_how is EndedHow.EXPIRED:
            return Reason.EXPIRED
        revoked_at = ended.ended_at if ended.ended_how is EndedHow.REVOKED else None
        if revoked_at is None or not self.institution.wait_after_revocation:
            return Reason.NOT_ACTIVE
        return Reason.WAITING if self.now < wait_after_revocation(revoked_at) else Reason.NOT_ACTIVE

    def _reason_before_matching(self, standing: Standing | NoCredential | None) -> Reason | None:
        try:
            self.services.clock.check(self.now)
        except ClockUntrusted:
            return Reason.CLOCK
        if standing is None:
            return Reason.UNKNOWN
        if isinstance(standing, NoCredential):
            return self._reason_without_credential(standing)
        if standing.beside_suspended:
            return Reason.SUSPENDED
        if standing.has_expired(self.now):
            return Reason.EXPIRED
        if standing.expected.clock_is_behind(self.now):
            return Reason.CLOCK
        return _BY_STATE[self.typed.use].get(standing.state)

    def _limit(self, standing: Standing) -> int:
        """The institution's; where it was lowered below what was counted before, one more wrong code suspends."""
        return max(self.institution.failure_limit, standing.failures + 1)

    def _accept(self, line: Line, standing: Standing, found: Match) -> VerifyResult:
        limit = self._limit(standing)
        activated_at = self.now if self.typed.use is Use.ACTIVATE else None
        drift = found.counters.drift_steps
        learned = {} if drift == standing.expected.counters.drift_steps else {"drift_steps": drift}
        row = self._audit_row(Outcome.ACCEPTED, standing, learned)
        if isinstance(line, JoinedLine):
            if standing.slot is Slot.SUCCESSOR and current_is_suspended(line, standing.customer_id):
                raise Overtaken
            if not accept(line, standing, found.counters, limit, activated_at):
                raise Overtaken
            if self.typed.on_accept is not None:
                self.typed.on_accept(line, standing)
            write_row(line, row)
        elif not accept_and_record(line, standing, found.counters, limit, row):
            raise Overtaken
        left = self.institution.failure_limit
        return VerifyResult(Outcome.ACCEPTED, None, standing.customer_id, standing.credential_id, tries_left=left)

    def _count(self, line: Line, standing: Standing, found: Match) -> VerifyResult:
        limit = self._limit(standing)
        with line.deciding():
            counted = count_wrong(line, standing, found.counters, limit, self.now)
            if counted is None:
                raise Overtaken
            facts = {"reason": Reason.WRONG.value, "failures": counted.failures, "suspended": counted.suspended}
            write_row(line, self._audit_row(Outcome.REFUSED, standing, facts))
            if counted.suspended:
                kind = MailKind.TOKEN_SUSPENDED
                owe_notices(line, Notice(kind, self.institution.id, standing.customer_id, self.now))
        return VerifyResult(
            Outcome.REFUSED,
            Reason.WRONG,
            standing.customer_id,
            standing.credential_id,
            counted.suspended,
            limit - counted.failures,
        )

    def _refuse(
        self,
        line: Line,
        standing: Standing | NoCredential | None,
        reason: Reason,
        found: Match | None = None,
    ) -> VerifyResult:
        """Refuse and record; nothing is counted, but a code that was shown never serves to resynchronise."""
        row = self._audit_row(Outcome.REFUSED, standing, {"reason": reason.value})
        with line.deciding():
            known = standing if isinstance(standing, Standing) else None
            remember(line, known, found.counters if found is not None else Counters())
            write_row(line, row)
        if standing is None:
            return VerifyResult(Outcome.REFUSED, reason)
        if isinstance(standing, NoCredential):
            return VerifyResult(Outcome.REFUSED, reason, standing.customer_id)
        left = max(0, self.institution.failure_limit - standing.failures)
        return VerifyResult(Outcome.REFUSED, reason, standing.customer_id, standing.credential_id, tries_left=left)

    def _audit_row(
        self, outcome: Outcome, standing: Standing | NoCredential | None, facts: dict[str, Any]
    ) -> dict[str, Any]:
        credential = standing if isinstance(standing, Standing) else None
        entry = AuditRecord(
            self.now,
            self.typed.actor,
            self.typed.use.value,
            outcome.value,
            self.institution.id,
            customer_id=standing.customer_id if standing else None,
            credential_id=credential.credential_id if credential else None,
            fob_id=credential.fob_id if credential else None,
            facts=facts,
        )
        return audit_row(self.services.audit_key, entry)


_SEALED_OFF: Final = {
    CredentialState.ISSUED: Reason.NOT_ACTIVE,
    CredentialState.SUSPENDED: Reason.SUSPENDED,
}
_BY_STATE: Final[dict[Use, dict[CredentialState, Reason]]] = {
    Use.VERIFY: {**_SEALED_OFF, CredentialState.SET_UP: Reason.NOT_ACTIVE},
    Use.RELEASE: {**_SEALED_OFF, CredentialState.SET_UP: Reason.NOT_ACTIVE},
    # activated before: whatever code it was has done its work
    Use.ACTIVATE: {**_SEALED_OFF, CredentialState.ACTIVE: Reason.USED},
}
