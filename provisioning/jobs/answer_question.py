"""The verifier's side of a question from another role: read the row for oneself, judge, tell the verdict (R51).

Nothing is written: the asker spends the code in the transaction of its own act, and only if the row still is as
both of us read it. What a question may be about hangs on its operation, so that a role cannot have tokens in
use judged by calling it a proof.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import ClockUntrusted, OutOfScope, VaultError, WrongState
from provisioning.jobs.ask_verifier import question_about
from provisioning.jobs.imported_seeds import question_of_import
from provisioning.rules.otp import Expected, Match
from provisioning.rules.states import CredentialState
from provisioning.rules.verifier import Operation, may_ask
from provisioning.services import Services
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed
from provisioning.verifier.local import LocalVerifier
from provisioning.verifier.questions import Adopted
from provisioning.verifier.role_tokens import Caller

_IN_LIFE: Final = frozenset(CredentialState) - {CredentialState.ENDED}
_JUDGED_IN: Final = {
    Operation.VERIFY: _IN_LIFE,
    Operation.ACTIVATE: _IN_LIFE,
    Operation.RELEASE: _IN_LIFE,
    Operation.RESYNC: _IN_LIFE,
    Operation.PROVE: frozenset({CredentialState.ISSUED}),
    Operation.ADOPT: frozenset({CredentialState.ISSUED}),
}


@dataclass(frozen=True, slots=True)
class JudgeCommand:
    """Codes for a credential in the version that the asker read."""

    operation: Operation
    credential_id: str
    seed_version: int
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AdoptCommand:
    """A code for the seed of a fob that is to become the credential's version `seed_version`."""

    credential_id: str
    fob_id: str
    seed_version: int
    code: str = field(repr=False)


def check_role(services: Services, authorization: str, operation: Operation, now: datetime) -> Caller:
    """Who asks. Raises NotAuthentic, OutOfScope where that is not for its roles, VaultError in other roles."""
    if services.roles_authority is None:
        raise VaultError
    caller = services.roles_authority.caller(authorization, now)
    if not may_ask(caller.roles, operation):
        raise OutOfScope(operation)
    return caller


def judge_for_role(services: Services, command: JudgeCommand, now: datetime) -> Match:
    """The verdict. Raises WrongState if the row is another than the asker read, ClockUntrusted, VaultError."""
    services.clock.check(now)
    with services.store.read() as session:
        credential = _credential(session, services, command, now)
        question = question_about(services, credential, command.operation, command.codes, now)
    _refuse_behind(question.expected, now)
    return _verifier(services).judge(question)


def adopt_for_role(services: Services, command: AdoptCommand, now: datetime) -> Adopted:
    """The verdict, and the seed sealed for the credential. Raises as `judge_for_role`."""
    services.clock.check(now)
    with services.store.read() as session:
        asked = JudgeCommand(Operation.ADOPT, command.credential_id, command.seed_version - 1, (command.code,))
        credential = _credential(session, services, asked, now)
        imported = session.get(ImportedSeed, command.fob_id)
        if imported is None or credential.fob_id != command.fob_id:
            raise WrongState("credential", "another fob's")
        question = question_of_import(services, imported, credential, command.code, now)
    _refuse_behind(question.expected, now)
    return _verifier(services).adopt(question)


def access_code_for_role(services: Services, profile: str, serial: str, now: datetime) -> bytes:
    """What locks that device. Raises VaultError."""
    return _verifier(services).access_code(profile, serial, now)


def open_canary(services: Services, sealed: SealedSeed, now: datetime) -> bytes:
    """SHA-256 of what is in it. Raises VaultError if it was sealed with another half than ours."""
    return _verifier(services).canary(sealed, now)


def _credential(session: Session, services: Services, command: JudgeCommand, now: datetime) -> Credential:
    credential = session.get(Credential, command.credential_id)
    if credential is None:
        # nobody's: as long as a code that is compared (R09)
        institution = next(iter(services.institutions.values()))
        _verifier(services).decoy(command.operation, Expected(institution.otp), command.codes[0], now)
        raise WrongState("credential", "unknown")
    if credential.seed_version != command.seed_version or credential.state not in _JUDGED_IN[command.operation]:
        raise WrongState("credential", credential.state.value)
    return credential


def _refuse_behind(expected: Expected, now: datetime) -> None:
    if expected.clock_is_behind(now):
        raise ClockUntrusted


def _verifier(services: Services) -> LocalVerifier:
    if services.opener is None:
        raise VaultError
    return LocalVerifier(services.opener, services.sealer)
